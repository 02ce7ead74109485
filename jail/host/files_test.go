package host_test

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jail-project/jail/jail/host"
)

// TestKinds lists directories of several sizes: all of one that may be read, nothing of
// one with many more entries than asked for.
func TestKinds(t *testing.T) {
	for _, c := range []struct {
		entries, most int
		want          bool
	}{
		{0, 18, true},
		{18, 18, true},
		{30, 48, true},
		{100, 18, false},
		{100, 100, true},
		{100, math.MaxInt, true},
		{600, 36, false},
		{600, 2000, true},
	} {
		dir := t.TempDir()
		for i := range c.entries {
			if err := os.WriteFile(filepath.Join(dir, "file-"+strconv.Itoa(i)), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		kinds := host.OSFiles{}.Kinds(dir, c.most)
		switch {
		case !c.want && kinds != nil:
			t.Errorf("%d entries, at most %d: %d were read", c.entries, c.most, len(kinds))
		case c.want && (kinds == nil || len(kinds) != c.entries):
			t.Errorf("%d entries, at most %d: %d are listed", c.entries, c.most, len(kinds))
		}
	}
}

// counted counts how often each path is looked at.
type counted struct {
	host.OSFiles
	asked map[string]int
}

func (c counted) Kind(path string) host.FileKind {
	c.asked[path]++
	return c.OSFiles.Kind(path)
}

func TestResolverAsksOnce(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, missing := filepath.Join(dir, "file"), filepath.Join(dir, "missing")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	files := counted{asked: map[string]int{}}
	r := host.NewResolver(files)
	for range 10 {
		if at := r.Resolve(file); at.Kind != host.KindFile || at.Real != file {
			t.Fatalf("%s resolves to %+v", file, at)
		}
		if at := r.Resolve(missing); at.Kind != host.KindMissing {
			t.Fatalf("%s resolves to %+v", missing, at)
		}
	}
	for _, path := range []string{file, missing} {
		if files.asked[path] != 1 {
			t.Errorf("%s was looked up %d times", path, files.asked[path])
		}
	}
}
