package seccomp

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPrune fills a cache beyond its bound and looks at what is left after the
// next program was compiled.
func TestPrune(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	put := func(name string, age time.Duration) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, now.Add(-age), now.Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	const more = 10
	for i := range maxEntries + more {
		put(fmt.Sprintf("%064x.bpf", i), time.Duration(1+i)*time.Minute) // the last is the oldest
	}
	put(".new-1", 2*time.Hour)
	put(".new-2", time.Minute)
	put("notes", 1000*time.Hour)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}

	c := in(dir)
	if warning := fetch(t, c, small(), Compiled); warning != nil {
		t.Error(warning)
	}
	for name, want := range map[string]bool{
		fmt.Sprintf("%064x.bpf", 0): true, fmt.Sprintf("%064x.bpf", maxEntries-2): true,
		fmt.Sprintf("%064x.bpf", maxEntries-1): false, fmt.Sprintf("%064x.bpf", maxEntries+more-1): false,
		cacheKey(small(), c.Compiler).String() + entrySuffix: true,
		".new-1": false, ".new-2": true, "notes": true,
	} {
		if _, err := os.Lstat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v, want it there: %v", name, err, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != maxEntries+2 {
		t.Errorf("%d files are left (%v)", len(entries), err)
	}
	put(fmt.Sprintf("%064x.bpf", maxEntries), time.Minute)
	fetch(t, c, small(), Cached)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != maxEntries+3 {
		t.Errorf("a program that was there made work: %d files (%v)", len(entries), err)
	}
}
