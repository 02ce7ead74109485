package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// M9: jail makes nothing in directories that everybody can write, where somebody
// could have made it before: not in /tmp and its kin, and not where a variable says.
func TestM9WorldWritableDirectories(t *testing.T) {
	need(t, "strace")
	w := newWorld(t)
	open := filepath.Join(w.root, "open")
	w.mkdir(open)
	if err := os.Chmod(open, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	// What somebody planted there, by the names that jail has elsewhere.
	elsewhere := filepath.Join(w.root, "elsewhere")
	w.mkdir(elsewhere)
	for _, name := range []string{"jail", "homes", "launch", "filters", "run"} {
		if err := os.Symlink(elsewhere, filepath.Join(open, name)); err != nil {
			t.Fatal(err)
		}
	}
	was := w.env
	for _, c := range []struct {
		name string
		env  []string
	}{
		{"no directory for the time of a session", []string{"XDG_RUNTIME_DIR="}},
		{"one that everybody can write", []string{"XDG_RUNTIME_DIR=" + open, "TMPDIR=" + open, "TMP=" + open}},
	} {
		w.env = slices.Concat(was, c.env)
		planted := snap(t, w.root, w.home, filepath.Join(w.root, "run"), filepath.Join(w.root, "files"))
		if found, r := w.filesIn(open, jailBin, "run", "--profile", "default", "true"); r.status != 0 || len(found) > 0 {
			t.Errorf("%s: status %d, jail calls\n%s%s", c.name, r.status, strings.Join(found, ""), r.output())
		}
		planted.unchanged(t)
		if found, r := w.filesIn(open, "mktemp"); len(found) == 0 {
			t.Errorf("%s: mktemp is not noticed; the test is void\n%s", c.name, r.output())
		} else if made := strings.TrimSpace(r.stdout); made != "" {
			_ = os.Remove(made)
		}
	}
}

// filesIn lists the calls of a command that make something below a directory or
// below one that everybody can write.
func (w *world) filesIn(dir string, argv ...string) ([]string, *result) {
	w.t.Helper()
	trace := filepath.Join(w.root, "files")
	r := w.host(append([]string{"strace", "-f", "-qq", "-e", "trace=%file", "-e", "signal=none", "-o", trace}, argv...)...)
	var found []string
	for l := range strings.Lines(w.read(trace)) {
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
	w := newWorld(t)
	secret := filepath.Join(w.home, canaries[0])
	for _, c := range []struct {
		flags []string
		reads bool
	}{{nil, false}, {[]string{"--read", secret}, true}} {
		_ = os.Remove(filepath.Join(w.project, "go"))
		_ = os.Remove(filepath.Join(w.project, "result"))
		script := fmt.Sprintf("while ! test -e go; do sleep 0.02; done; cat '%s' >result; echo x >~/Downloads/planted; echo end >>result; sleep 600", secret)
		j := w.runs(append(append([]string{"--profile", "default", "--write", w.project}, c.flags...), "sh", "-c", script)...)
		if r := j.enter("true"); r.status != 0 {
			t.Fatalf("status %d: the test is void\n%s", r.status, r.output())
		}
		for _, dir := range []string{filepath.Join(w.root, "run/jail"), filepath.Join(w.home, ".cache/jail"), filepath.Join(w.home, ".local/state/jail")} {
			removeAll(dir)
		}
		w.write(filepath.Join(w.project, "go"), "")
		result := filepath.Join(w.project, "result")
		if !eventually(func() bool { return exists(result) && strings.Contains(w.read(result), "end") }) {
			t.Fatal("the program does not go on")
		}
		if reads := strings.Contains(w.read(result), w.canary); reads != c.reads {
			t.Errorf("%q: the secret is read: %v", c.flags, reads)
		}
		if exists(filepath.Join(w.home, "Downloads/planted")) {
			t.Errorf("%q: written outside of the grants", c.flags)
		}
		if r := j.enter("cat", secret); r.status != 125 || r.stdout != "" {
			t.Errorf("%q: entered without a record: status %d, %s", c.flags, r.status, r.output())
		}
	}
}
