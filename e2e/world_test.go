package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// world is a home directory for one test, with canaries in the places where
// people keep secrets, a project to work in, and an environment.
type world struct {
	t       *testing.T
	root    string // holds all of it
	home    string
	project string // the working directory of what is run
	canary  string // the text that every canary file holds
	env     []string
	stdin   string
	timeout time.Duration
}

// canaries are files that no profile grants.
var canaries = [...]string{
	".ssh/id_ed25519", ".gnupg/private-keys-v1.d/key", ".aws/credentials", ".netrc", ".password-store/bank.gpg",
	".local/share/keyrings/login.keyring", ".bash_history", "Documents/diary.txt",
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root, err := os.MkdirTemp(workDir(), "world.") //nolint:usetesting // a jail has a /tmp of its own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(root) })
	w := &world{
		t: t, root: root, home: filepath.Join(root, "home"), project: filepath.Join(root, "home", "project"),
		canary: "canary-" + rand.Text(), timeout: time.Minute,
	}
	for _, dir := range []string{w.project, filepath.Join(w.home, "Downloads"), filepath.Join(root, "run")} {
		w.mkdir(dir)
	}
	for _, name := range canaries {
		w.write(filepath.Join(w.home, name), w.canary+"\n")
	}
	w.write(filepath.Join(w.home, ".bashrc"), "# "+w.canary+"\n")
	w.env = []string{
		"HOME=" + w.home, "PATH=" + os.Getenv("PATH"), "USER=ann", "LOGNAME=ann", "LANG=C.UTF-8", "TERM=dumb",
		"XDG_RUNTIME_DIR=" + filepath.Join(root, "run"),
	}
	return w
}

// removeAll removes a tree although it has directories without permissions,
// such as the work directory of an overlay.
func removeAll(root string) {
	_ = filepath.WalkDir(root, func(path string, d os.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(root)
}

// snap takes a snapshot of the home without what jail itself keeps there.
func (w *world) snap(but ...string) snapshot {
	w.t.Helper()
	own := []string{filepath.Join(w.home, ".cache"), filepath.Join(w.home, ".local", "state")}
	return snap(w.t, w.home, append(own, but...)...)
}

func (w *world) mkdir(dir string) {
	w.t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) write(name, text string) {
	w.t.Helper()
	w.mkdir(filepath.Dir(name))
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// profile writes a profile beside the home and returns its path.
func (w *world) profile(text string) string {
	w.t.Helper()
	name := filepath.Join(w.root, "profiles", "test.yaml")
	w.write(name, text)
	return name
}

// expand replaces ~ and the variables of a path in a profile.
func (w *world) expand(path string) string {
	home := w.home
	path = strings.NewReplacer("${HOME}", home, "${CWD}", w.project, "${DOWNLOADS}", home+"/Downloads",
		"${XDG_CONFIG_HOME}", home+"/.config", "${XDG_CACHE_HOME}", home+"/.cache", "${XDG_DATA_HOME}", home+"/.local/share",
		"${XDG_STATE_HOME}", home+"/.local/state", "${XDG_RUNTIME_DIR}", w.root+"/run").Replace(path)
	if path == "~" || strings.HasPrefix(path, "~/") {
		path = home + path[1:]
	}
	return path
}

// result is how a command ended.
type result struct {
	status         int
	stdout, stderr string
}

func (r *result) output() string { return r.stdout + r.stderr }

// command prepares a command of this world, which is killed when the test
// ends or takes too long.
func (w *world) command(argv ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(w.t.Context(), w.timeout)
	w.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = w.env, w.project, 5*time.Second
	if w.stdin != "" {
		cmd.Stdin = strings.NewReader(w.stdin)
	}
	return cmd
}

// host runs a command without a jail.
func (w *world) host(argv ...string) *result {
	w.t.Helper()
	return w.finish(w.command(argv...))
}

// finish runs a prepared command to its end.
func (w *world) finish(cmd *exec.Cmd) *result {
	w.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case time.Since(began) >= w.timeout:
		w.t.Fatalf("%q did not end within %v\n%s%s", cmd.Args, w.timeout, stdout.String(), stderr.String())
	case err != nil && !errors.As(err, &exit):
		w.t.Fatal(err)
	}
	return &result{status: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// jail runs the jail program.
func (w *world) jail(args ...string) *result {
	w.t.Helper()
	return w.host(append([]string{jailBin}, args...)...)
}

// succeeds runs the jail program and expects status 0.
func (w *world) succeeds(args ...string) *result {
	w.t.Helper()
	r := w.jail(args...)
	if r.status != 0 {
		w.t.Fatalf("jail %q: exit status %d\n%s", args, r.status, r.output())
	}
	return r
}

// arms runs a shell script in the three arms of a test of confinement: on
// the host, in the jail, and in the jail with one guard widened. The script
// must work, fail, and work. The flags of the second arm are common and
// narrow, those of the third common and wide.
func (w *world) arms(script string, common, narrow, wide []string) {
	w.t.Helper()
	if r := w.host("sh", "-c", script); r.status != 0 {
		w.t.Fatalf("without jail, %q: exit status %d\n%s", script, r.status, r.output())
	}
	if r := w.jail(slices.Concat([]string{"run"}, common, narrow, []string{"sh", "-c", script})...); r.status == 0 || r.status == 125 {
		w.t.Errorf("in the jail, %q: exit status %d, want a failure of the program\n%s", script, r.status, r.output())
	}
	if r := w.jail(slices.Concat([]string{"run"}, common, wide, []string{"sh", "-c", script})...); r.status != 0 {
		w.t.Errorf("in the jail with %q, %q: exit status %d, want 0\n%s", wide, script, r.status, r.output())
	}
}
