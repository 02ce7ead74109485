package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// M12: whatever two options about files come together, what is hidden
// stays hidden and what is not granted is not there.
func TestM12Pairs(t *testing.T) {
	w := newWorld(t)
	w.mkdir(filepath.Join(w.project, "scratch"))
	hidden, further := filepath.Join(w.home, "Documents/diary.txt"), filepath.Join(w.home, ".ssh/id_ed25519")
	options := [][]string{
		{"--home", "empty"},
		{"--home", "private"},
		{"--home", "host"},
		{"--read", w.home},
		{"--write", w.home},
		{"--overlay", w.home},
		{"--read", w.home + "/Documents"},
		{"--write", w.project},
		{"--overlay", w.project},
		{"--tmpfs", w.project + "/scratch"},
		{"--read", w.home + "/D*"},
		{"--hide", w.home + "/Downloads"},
		{"--write", w.home + "/Downloads"},
	}
	// The same two files by all the names that a program may try.
	look := "cat '" + hidden + "' '" + further + "' ~/Documents/* ~/.ssh/* ../Documents/* /proc/self/cwd/../.ssh/* /proc/self/root" + hidden + " 2>/dev/null; echo ran"
	if r := w.host("sh", "-c", look); strings.Count(r.stdout, w.canary) < 6 {
		t.Fatalf("without jail the files are not there; the test is void\n%s", r.output())
	}
	guard := []string{"--hide", w.home + "/Documents/diary.txt", "--hide", w.home + "/.ssh"}
	run := func(flags ...[]string) *result {
		return w.jail(append(slices.Concat(append([][]string{{"run", "--profile", "default"}}, flags...)...), "sh", "-c", look)...)
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
			case strings.Contains(r.stdout, "ran\n"):
				ran++
			case r.status != 125: // refusing is safe
				t.Errorf("%q: status %d\n%s", pair, r.status, r.output())
			}
			if strings.Contains(r.output(), w.canary) {
				t.Errorf("%q: what is hidden is read\n%s", pair, r.output())
			}
		}
	}
	if all := len(options) * (len(options) - 1) / 2; ran < all*3/4 {
		t.Errorf("of %d pairs only %d ran; the test is void", all, ran)
	}
	// With each of them it is read where it is granted and not hidden.
	for _, b := range options {
		named := [][]string{{"--read", hidden}, b}
		if r := run(named...); !strings.Contains(r.stdout, w.canary) {
			t.Errorf("%q: granted by name, the file can't be read\n%s", named, r.output())
		}
	}
}

// C8: what a program of one profile leaves in a cache that others execute or
// believe reaches neither the user's own programs nor those of other profiles.
func TestC8Caches(t *testing.T) {
	w := newWorld(t)
	var caches []string
	for _, name := range []string{
		".cache/pip/http", ".cache/go-build/00", ".cache/fontconfig/x", ".cache/mesa_shader_cache/00", ".cache/nvidia/x", ".cache/uv/x", ".cache/yarn/x",
		".cache/thumbnails/x", ".cache/pre-commit/x", ".cache/node/corepack/x", ".npm/_cacache/x", ".cargo/registry/src/x", ".rustup/toolchains/x", "go/pkg/mod/x",
		".m2/repository/x", ".gradle/caches/x", ".ccache/x", ".cache/ccache/x", ".local/share/pnpm/store/x", ".gem/ruby/x", ".cache/huggingface/x", ".cache/JetBrains/x",
	} {
		name = filepath.Join(w.home, name)
		w.write(filepath.Join(name, "object"), "as it was\n")
		caches = append(caches, name)
	}
	plant := append([]string{"sh", "-c", `for d; do mkdir -p "$d"; echo planted >"$d/object"; echo planted >"$d/new"; done 2>/dev/null; true`, "sh"}, caches...)
	find := append([]string{"sh", "-c", `for d; do cat "$d"/*; done 2>/dev/null; echo end`, "sh"}, caches...)
	planted := func() (names []string) {
		for _, c := range caches {
			if w.read(filepath.Join(c, "object")) != "as it was\n" || exists(filepath.Join(c, "new")) {
				names = append(names, c)
			}
			w.write(filepath.Join(c, "object"), "as it was\n")
			removeAll(filepath.Join(c, "new"))
		}
		return names
	}
	w.host(plant...)
	if got := planted(); len(got) != len(caches) {
		t.Fatalf("without jail only %q can be written; the test is void", got)
	}
	for _, name := range shipped(t) {
		w.succeeds(append([]string{"run", "--profile", name}, plant...)...)
		if got := planted(); len(got) > 0 {
			t.Errorf("%s: planted in the user's %q", name, got)
		}
	}
	// Of the profiles that keep a home from run to run, each finds its own alone.
	homes := filepath.Join(w.home, ".local/state/jail/homes")
	private := []string{"go", "npm", "pip"}
	for _, planter := range private {
		removeAll(homes)
		w.succeeds(append([]string{"run", "--profile", planter}, plant...)...)
		for _, name := range private {
			r := w.succeeds(append([]string{"run", "--profile", name}, find...)...)
			if found := strings.Contains(r.stdout, "planted"); found != (name == planter) {
				t.Errorf("what %s left is found by %s: %v", planter, name, found)
			}
		}
	}
	granted := []string{"run", "--profile", "default"}
	for _, c := range caches {
		granted = append(granted, "--write", c)
	}
	w.succeeds(append(granted, plant...)...)
	if got := planted(); len(got) != len(caches) {
		t.Errorf("granted by name, only %q can be written", got)
	}
}
