package filesystem

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// M9: jail makes nothing in directories that everybody can write, where somebody
// could have made it before: not in /tmp and its kin, and not where a variable says.
func TestM9WorldWritableDirectories(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	testenv.Need(t, "strace")
	w := testenv.NewWorld(t)
	open := filepath.Join(w.Root, "open")
	w.Mkdir(open)
	if err := os.Chmod(open, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	// What somebody planted there, by the names that jail has elsewhere.
	elsewhere := filepath.Join(w.Root, "elsewhere")
	w.Mkdir(elsewhere)
	for _, name := range []string{"jail", "homes", "launch", "filters", "run"} {
		if err := os.Symlink(elsewhere, filepath.Join(open, name)); err != nil {
			t.Fatal(err)
		}
	}
	was := w.Env
	for _, c := range []struct {
		name string
		env  []string
	}{
		{"no directory for the time of a session", []string{"XDG_RUNTIME_DIR="}},
		{"one that everybody can write", []string{"XDG_RUNTIME_DIR=" + open, "TMPDIR=" + open, "TMP=" + open}},
	} {
		w.Env = slices.Concat(was, c.env)
		planted := testenv.Snap(t, w.Root, w.Home, filepath.Join(w.Root, "run"), filepath.Join(w.Root, "files"))
		if found, r := filesIn(w, open, testenv.JailBin, "run", "--profile", "default", "true"); r.Status != 0 || len(found) > 0 {
			t.Errorf("%s: status %d, jail calls\n%s%s", c.name, r.Status, strings.Join(found, ""), r.Output())
		}
		planted.Unchanged(t)
		if found, r := filesIn(w, open, "mktemp"); len(found) == 0 {
			t.Errorf("%s: mktemp is not noticed; the test is void\n%s", c.name, r.Output())
		} else if made := strings.TrimSpace(r.Stdout); made != "" {
			_ = os.Remove(made)
		}
	}
}

// filesIn lists the calls of a command that make something below a directory or
// below one that everybody can write.
func filesIn(w *testenv.World, dir string, argv ...string) ([]string, *testenv.Result) {
	w.T.Helper()
	trace := filepath.Join(w.Root, "files")
	r := w.Host(append([]string{"strace", "-f", "-qq", "-e", "trace=%file", "-e", "signal=none", "-o", trace}, argv...)...)
	var found []string
	for l := range strings.Lines(w.Read(trace)) {
		makes := false
		for _, what := range []string{"O_CREAT", "mkdir", "symlink", "mknod", "rename", "link"} {
			makes = makes || strings.Contains(l, what)
		}
		for _, below := range []string{dir, "/tmp", "/var/tmp", "/dev/shm", "/run/lock"} {
			if makes && !strings.Contains(l, "readlink") && (strings.Contains(l, `"`+below+`"`) || strings.Contains(l, `"`+below+"/")) {
				found = append(found, l)
				break
			}
		}
	}
	return found, r
}

// M9: somebody tidies up, and all that jail keeps disappears while a jail runs.
// It is confined as before, and nobody can enter it.
func TestM9FilesRemovedMeanwhile(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	secret := filepath.Join(w.Home, testenv.Canaries[0])
	for _, c := range []struct {
		flags []string
		reads bool
	}{{nil, false}, {[]string{"--read", secret}, true}} {
		_ = os.Remove(filepath.Join(w.Project, "go"))
		_ = os.Remove(filepath.Join(w.Project, "result"))
		script := fmt.Sprintf("while ! test -e go; do sleep 0.02; done; cat '%s' >result; echo x >~/Downloads/planted; echo end >>result; sleep 600", secret)
		j := w.Runs(append(append([]string{"--profile", "default", "--write", w.Project}, c.flags...), "sh", "-c", script)...)
		if r := j.Enter("true"); r.Status != 0 {
			t.Fatalf("status %d: the test is void\n%s", r.Status, r.Output())
		}
		for _, dir := range []string{filepath.Join(w.Root, "run/jail"), filepath.Join(w.Home, ".cache/jail"), filepath.Join(w.Home, ".local/state/jail")} {
			testenv.RemoveAll(dir)
		}
		w.Write(filepath.Join(w.Project, "go"), "")
		result := filepath.Join(w.Project, "result")
		if !testenv.Eventually(func() bool { return testenv.Exists(result) && strings.Contains(w.Read(result), "end") }) {
			t.Fatal("the program does not go on")
		}
		if reads := strings.Contains(w.Read(result), w.Canary); reads != c.reads {
			t.Errorf("%q: the secret is read: %v", c.flags, reads)
		}
		if testenv.Exists(filepath.Join(w.Home, "Downloads/planted")) {
			t.Errorf("%q: written outside of the grants", c.flags)
		}
		if r := j.Enter("cat", secret); r.Status != 125 || r.Stdout != "" {
			t.Errorf("%q: entered without a registration: status %d, %s", c.flags, r.Status, r.Output())
		}
	}
}
