package filesystem

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// A directory that keeps the changes of an overlay is one jail's as long as that runs,
// by whatever name: the second is refused with the line that asks for it. When the first
// has ended, or was killed, it is free.
func TestChangesAreKeptForOneJail(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	tree, keep, link := filepath.Join(w.Project, "tree"), filepath.Join(w.Project, "keep"), filepath.Join(w.Project, "link")
	w.Mkdir(tree)
	w.Mkdir(keep)
	testenv.Must(t, os.Symlink(keep, link))
	overlay := func(dir string) []string { return []string{"--profile", "default", "--overlay", tree + ",keep=" + dir} }
	for _, end := range []string{"by itself", "killed"} {
		first := w.Runs(append(overlay(keep), "sh", "-c", "until [ -e "+tree+"/end ]; do sleep 0.05; done")...)
		for _, dir := range []string{keep, link} {
			r := w.Jail(append(append([]string{"run"}, overlay(dir)...), "touch", tree+"/late")...)
			if r.Status != 125 || !strings.Contains(r.Stderr, "another jail that runs keeps its changes") || !strings.Contains(r.Stderr, "command line:1:") {
				t.Errorf("a second jail with keep=%s: exit status %d\n%s", dir, r.Status, r.Output())
			}
		}
		// Another directory for the same tree is nobody's business.
		w.Succeeds(append(append([]string{"run"}, overlay(filepath.Join(w.Project, "other"))...), "touch", tree+"/x")...)
		if end == "killed" {
			testenv.Must(t, first.Cmd.Process.Kill())
		} else {
			first.Enter("touch", tree+"/end")
		}
		if !first.Ends() {
			t.Fatalf("%s: it does not end", end)
		}
		w.Succeeds(append(append([]string{"run"}, overlay(keep)...), "sh", "-c", "rm -f "+tree+"/end; echo x >"+tree+"/kept; test ! -e "+tree+"/late")...)
		if got := w.Read(filepath.Join(keep, "upper/kept")); got != "x\n" {
			t.Errorf("%s: kept is %q", end, got)
		}
	}
}

// Nor do two overlays of one jail share such a directory, or one lie in the other's.
func TestChangesOfTwoOverlaysAreKeptApart(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, d := range []string{"a", "b", "k/upper/x"} {
		w.Mkdir(filepath.Join(w.Project, d))
	}
	testenv.Must(t, os.Symlink("k", filepath.Join(w.Project, "l")))
	for _, c := range []struct {
		first, second string
		refused       bool
	}{
		{"a,keep=k", "b,keep=k2", false},
		{"a,keep=k", "b,keep=k", true},
		{"a,keep=k", "b,keep=l", true},
		{"a,keep=k", "b,keep=k/upper", true},
		{"a,keep=k/deep", "b,keep=k", true},
		{"a,keep=k", "k/upper/x,keep=k2", true},
		{"k/upper/x,keep=k", "a", true},
	} {
		r := w.Jail("run", "--profile", "default", "--overlay", "./"+strings.Replace(c.first, "keep=", "keep=./", 1),
			"--overlay", "./"+strings.Replace(c.second, "keep=", "keep=./", 1), "touch", "a/new")
		if refused := r.Status == 125 && strings.Contains(r.Stderr, "the changes of"); refused != c.refused || !refused && r.Status != 0 {
			t.Errorf("%s with %s: exit status %d\n%s", c.first, c.second, r.Status, r.Output())
		}
	}
}
