package standin

import (
	"fmt"
	"os"
	"testing"
)

func BenchmarkProject(b *testing.B) {
	dir := b.TempDir()
	var entries []Entry
	for i := range 45 {
		entries = append(entries, Entry{fmt.Sprintf("%s/.name%d", dir, i), Socket})
	}
	for b.Loop() {
		h, err := Make(dir+"/records", entries)
		if err != nil {
			b.Fatal(err)
		}
		h.Release()
	}
}

// What it takes to be seen by other users' jails at the start, and to leave.
func BenchmarkShare(b *testing.B) {
	p, err := openPlace(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer p.close()
	for b.Loop() {
		if err := p.share(); err != nil {
			b.Fatal(err)
		}
		p.leave()
	}
}

// What it takes to name a process in a record, but for the writing.
func BenchmarkHolder(b *testing.B) {
	for b.Loop() {
		if _, err := newHolder(os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}
