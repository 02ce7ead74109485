package standin

import (
	"fmt"
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
