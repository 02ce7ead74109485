package filesystem

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// M12: whatever two options about files come together, what is hidden
// stays hidden and what is not granted is not there.
func TestM12Pairs(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Mkdir(filepath.Join(w.Project, "scratch"))
	hidden, further := filepath.Join(w.Home, "Documents/diary.txt"), filepath.Join(w.Home, ".ssh/id_ed25519")
	options := [][]string{
		{"--home", "empty"},
		{"--home", "private"},
		{"--home", "host"},
		{"--read", w.Home},
		{"--write", w.Home},
		{"--overlay", w.Home},
		{"--read", w.Home + "/Documents"},
		{"--write", w.Project},
		{"--overlay", w.Project},
		{"--tmpfs", w.Project + "/scratch"},
		{"--read", w.Home + "/D*"},
		{"--hide", w.Home + "/Downloads"},
		{"--write", w.Home + "/Downloads"},
	}
	// The same two files by all the names that a program may try.
	look := "cat '" + hidden + "' '" + further + "' ~/Documents/* ~/.ssh/* ../Documents/* /proc/self/cwd/../.ssh/* /proc/self/root" + hidden + " 2>/dev/null; echo ran"
	if r := w.Host("sh", "-c", look); strings.Count(r.Stdout, w.Canary) < 6 {
		t.Fatalf("without jail the files are not there; the test is void\n%s", r.Output())
	}
	guard := []string{"--hide", w.Home + "/Documents/diary.txt", "--hide", w.Home + "/.ssh"}
	run := func(flags ...[]string) *testenv.Result {
		return w.Jail(append(slices.Concat(append([][]string{{"run", "--profile", "default"}}, flags...)...), "sh", "-c", look)...)
	}
	ran := 0
	for i, a := range options {
		for j, b := range options[i+1:] {
			pair := [][]string{a, b, guard}
			if j%2 == 1 {
				slices.Reverse(pair)
			}
			r := run(pair...)
			switch {
			case strings.Contains(r.Stdout, "ran\n"):
				ran++
			case r.Status != 125: // refusing is safe
				t.Errorf("%q: status %d\n%s", pair, r.Status, r.Output())
			}
			if strings.Contains(r.Output(), w.Canary) {
				t.Errorf("%q: what is hidden is read\n%s", pair, r.Output())
			}
		}
	}
	if all := len(options) * (len(options) - 1) / 2; ran < all*3/4 {
		t.Errorf("of %d pairs only %d ran; the test is void", all, ran)
	}
	// With each of them it is read where it is granted and not hidden.
	for _, b := range options {
		named := [][]string{{"--read", hidden}, b}
		if r := run(named...); !strings.Contains(r.Stdout, w.Canary) {
			t.Errorf("%q: granted by name, the file can't be read\n%s", named, r.Output())
		}
	}
}

// C8: what a program of one profile leaves in a cache that others execute or
// believe reaches neither the user's own programs nor those of other profiles.
func TestC8Caches(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	w := testenv.NewWorld(t)
	var caches []string
	for _, name := range []string{
		".cache/pip/http", ".cache/go-build/00", ".cache/fontconfig/x", ".cache/mesa_shader_cache/00", ".cache/nvidia/x", ".cache/uv/x", ".cache/yarn/x",
		".cache/thumbnails/x", ".cache/pre-commit/x", ".cache/node/corepack/x", ".npm/_cacache/x", ".cargo/registry/src/x", ".rustup/toolchains/x", "go/pkg/mod/x",
		".m2/repository/x", ".gradle/caches/x", ".ccache/x", ".cache/ccache/x", ".local/share/pnpm/store/x", ".gem/ruby/x", ".cache/huggingface/x", ".cache/JetBrains/x",
	} {
		name = filepath.Join(w.Home, name)
		w.Write(filepath.Join(name, "object"), "as it was\n")
		caches = append(caches, name)
	}
	plant := append([]string{"sh", "-c", `for d; do mkdir -p "$d"; echo planted >"$d/object"; echo planted >"$d/new"; done 2>/dev/null; true`, "sh"}, caches...)
	find := append([]string{"sh", "-c", `for d; do cat "$d"/*; done 2>/dev/null; echo end`, "sh"}, caches...)
	planted := func() (names []string) {
		for _, c := range caches {
			if w.Read(filepath.Join(c, "object")) != "as it was\n" || testenv.Exists(filepath.Join(c, "new")) {
				names = append(names, c)
			}
			w.Write(filepath.Join(c, "object"), "as it was\n")
			testenv.RemoveAll(filepath.Join(c, "new"))
		}
		return names
	}
	w.Host(plant...)
	if got := planted(); len(got) != len(caches) {
		t.Fatalf("without jail only %q can be written; the test is void", got)
	}
	for _, name := range testenv.Shipped(t) {
		w.Succeeds(append([]string{"run", "--profile", name}, plant...)...)
		if got := planted(); len(got) > 0 {
			t.Errorf("%s: planted in the user's %q", name, got)
		}
	}
	// Of the profiles that keep a home from run to run, each finds its own alone.
	homes := filepath.Join(w.Home, ".local/state/jail/homes")
	private := []string{"go", "npm", "pip"}
	for _, planter := range private {
		testenv.RemoveAll(homes)
		w.Succeeds(append([]string{"run", "--profile", planter}, plant...)...)
		for _, name := range private {
			r := w.Succeeds(append([]string{"run", "--profile", name}, find...)...)
			if found := strings.Contains(r.Stdout, "planted"); found != (name == planter) {
				t.Errorf("what %s left is found by %s: %v", planter, name, found)
			}
		}
	}
	granted := []string{"run", "--profile", "default"}
	for _, c := range caches {
		granted = append(granted, "--write", c)
	}
	w.Succeeds(append(granted, plant...)...)
	if got := planted(); len(got) != len(caches) {
		t.Errorf("granted by name, only %q can be written", got)
	}
}
