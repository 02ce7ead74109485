package placeholder

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
		h, err := Make(dir+"/lists", entries)
		if err != nil {
			b.Fatal(err)
		}
		h.Release()
	}
}

// BenchmarkShare measures being seen by other users' jails at the start, and to leave.
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

// BenchmarkHolder measures naming a process in a list, without writing it.
func BenchmarkHolder(b *testing.B) {
	for b.Loop() {
		if _, err := newHolder(os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}
