package filesystem

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// A file that is granted alone can be written in place and not replaced: jail says so
// once, and check does. In a granted directory it is replaced.
func TestSingleWritableFile(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	d := filepath.Join(w.Project, "d")
	file := filepath.Join(d, "c.json")
	reset := func() {
		testenv.Must(t, os.RemoveAll(d))
		w.Write(file, "1\n")
		w.Write(filepath.Join(d, "other"), "1\n")
		testenv.Must(t, os.Link(file, filepath.Join(d, "hard")))
		testenv.Must(t, os.Symlink("c.json", filepath.Join(d, "soft")))
	}
	const says = "can be written in place only"
	for _, c := range []struct {
		grants  []string
		replace bool
		says    int
	}{
		{[]string{file}, false, 1},
		{[]string{filepath.Join(d, "soft")}, false, 1},
		{[]string{file, filepath.Join(d, "other")}, false, 1},
		{[]string{filepath.Join(d, "hard"), file}, false, 1},
		{[]string{d}, true, 0},
		{[]string{d, file}, true, 0},
		{[]string{file, d}, true, 0},
		{[]string{file, filepath.Join(d, "other"), w.Project}, true, 0},
	} {
		reset()
		args := []string{"run", "--profile", "default"}
		for _, g := range c.grants {
			args = append(args, "--write", g)
		}
		write := append(slices.Clone(args), "sh", "-c", "echo 2 >"+file)
		for i, want := range []int{c.says, 0} { // the second is launched from the cache
			if r := w.Jail(write...); r.Status != 0 || strings.Count(r.Stderr, says) != want || w.Read(file) != "2\n" {
				t.Errorf("%q, in place, run %d: exit status %d, the file is %q\n%s", c.grants, i+1, r.Status, w.Read(file), r.Output())
			}
		}
		// A program that fails may fail for this.
		for range 2 {
			r := w.Jail(append(slices.Clone(args), "sed", "-i", "s/2/3/", file)...)
			if replaced := w.Read(file) == "3\n"; replaced != c.replace || (r.Status == 0) != c.replace || (strings.Count(r.Stderr, "jail: ") == 1) != (c.says == 1) {
				t.Errorf("%q, by rename: exit status %d, replaced: %v\n%s", c.grants, r.Status, replaced, r.Output())
			}
			if c.replace {
				break
			}
		}
	}
	// Nobody is told to grant all of the home for it.
	w.Write(filepath.Join(w.Home, ".rc"), "1\n")
	if r := w.Jail("run", "--profile", "default", "--write", w.Home+"/.rc", "true"); !strings.Contains(r.Stderr, says) || strings.Contains(r.Stderr, "directory: --write") {
		t.Errorf("a file in the home: exit status %d\n%s", r.Status, r.Output())
	}
	profile := w.Profile("extends: [cli]\nfilesystem:\n  write: [~/project/d/c.json, {path: ~/made, create: file}]\n")
	if r := w.Jail("check", profile); r.Status != 0 || strings.Count(r.Stderr, says) != 1 || !strings.Contains(r.Stderr, profile+":3:11") || !strings.Contains(r.Stderr, "made") {
		t.Errorf("check: exit status %d\n%s", r.Status, r.Output())
	}
	profile = w.Profile("extends: [cli]\nfilesystem:\n  write: [~/project/d/c.json, ~/project]\n")
	if r := w.Jail("check", profile); r.Status != 0 || strings.Contains(r.Stderr, says) {
		t.Errorf("check, with the directory: exit status %d\n%s", r.Status, r.Output())
	}
}
