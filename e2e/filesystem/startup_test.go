package filesystem

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// C3: what starts later and exists is read-only, although its directory can be
// written: every file of the sweep, in a home and in a project. For what does not
// exist yet there is TestY1AbsentStartupFiles.
func TestC3StartupFiles(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	var files []string
	for _, name := range sinks {
		files = append(files, filepath.Join(w.Home, name))
	}
	for _, name := range append([]string{".git/config"}, projectSinks[:]...) {
		files = append(files, filepath.Join(w.Project, name))
	}
	// Not all at once: a jail of root can protect only a few dozen paths.
	for some := range slices.Chunk(files, 7) {
		startupVariants(w, some)
	}
}

// startupVariants tries to change files in the three variants, each of which begins with
// the files as they were. What changed is what the host has then.
func startupVariants(w *testenv.World, files []string) {
	w.T.Helper()
	const was = "as it was\n"
	const script = `for p; do echo later >>"$p"; rm -f "$p" && echo later >"$p"; done 2>/dev/null; echo x >~/ordinary; true`
	argv := append([]string{"sh", "-c", script, "sh"}, files...)
	ordinary := filepath.Join(w.Home, "ordinary")
	var made []string // each file with the directories that it needs
	for _, name := range files {
		made = append(made, outermost(name))
	}
	changes := func(args ...string) (names []string) {
		for _, name := range files {
			w.Write(name, was)
		}
		_ = os.Remove(ordinary)
		if r := w.Host(append(args, argv...)...); r.Status != 0 || !testenv.Exists(ordinary) {
			w.T.Fatalf("%q: status %d, the ordinary file is there: %v; the test is void\n%s", args, r.Status, testenv.Exists(ordinary), r.Output())
		}
		for _, name := range files {
			if text, err := os.ReadFile(name); err != nil || string(text) != was {
				names = append(names, name)
			}
		}
		return names
	}
	guarded := []string{testenv.JailBin, "run", "--profile", "default", "--write", w.Home}
	granted := slices.Clone(guarded)
	for _, name := range files {
		granted = append(granted, "--write", name)
	}
	if got := changes(); !slices.Equal(got, files) {
		w.T.Fatalf("without jail only %q of %q can be changed", got, files)
	}
	if got := changes(guarded...); len(got) > 0 {
		w.T.Errorf("in the jail, %q were changed", got)
	}
	if got := changes(granted...); !slices.Equal(got, files) {
		w.T.Errorf("granted by name, only %q of %q can be changed", got, files)
	}
	for _, name := range made {
		testenv.RemoveAll(name)
	}
}
