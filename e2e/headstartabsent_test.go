package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// A jail that keeps names absent is begun as well. It waits with that until the
// launcher has made what stands in for them, and none of it remains.
func TestHeadStartKeepsAbsent(t *testing.T) {
	need(t, "git")
	w := newWorld(t)
	w.gitInit(w.project)
	const script = `echo x >.envrc; echo x >.git/commondir; mkdir .git/hooks; echo x >made; echo x >.git/made`
	arm := func(profile string) []string {
		return []string{jailBin, "run", "--profile", profile, "--write", w.project, "sh", "-c", "cd " + w.project + " && { " + script + "; }"}
	}
	line := arm("default")
	clean := func() {
		for _, name := range []string{"made", ".git/made", ".envrc", ".git/commondir", ".git/hooks"} {
			if err := os.RemoveAll(filepath.Join(w.project, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.recorded(func() { w.host(line...); clean() })
	if got, r := w.cells(line...); got != headStart {
		t.Errorf("of %d cells %d were made before the runtime started: %s", got.all, got.early, r.output())
	}
	for _, name := range []string{"made", ".git/made"} {
		if !exists(filepath.Join(w.project, name)) {
			t.Errorf("%s was not made: the test is void", name)
		}
	}
	for _, name := range []string{".envrc", ".git/hooks"} {
		if exists(filepath.Join(w.project, name)) {
			t.Errorf("the program of a jail with a head start made %s", name)
		}
	}
	clean()
	for _, name := range []string{".git/hooks", ".envrc", ".git/commondir"} {
		if _, err := os.Lstat(filepath.Join(w.project, name)); err == nil {
			t.Errorf("%s is left", name)
		}
	}
	profile := filepath.Join(w.root, "profiles", "open.yaml")
	w.write(profile, "extends: [default]\nfilesystem: {absent: open}\n")
	open := arm(profile)
	w.recorded(func() { w.host(open...); clean() })
	if got, r := w.cells(open...); got != headStart || !exists(filepath.Join(w.project, ".envrc")) {
		t.Errorf("with nothing kept absent, %d of %d cells were made early, and .envrc was not made: %s", got.early, got.all, r.output())
	}
	nothingRuns(t)
}
