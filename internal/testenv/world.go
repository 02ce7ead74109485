package testenv

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// World is a home directory for one test, with canaries in the places where
// people keep secrets, a project to work in, and an environment.
type World struct {
	T       *testing.T
	Root    string // holds all of it
	Home    string
	Project string // the working directory of what is run
	Canary  string // the text that every canary file holds
	Env     []string
	Stdin   string
	Timeout time.Duration // of a command
	JailBin string        // the jail program

	mark mark
}

// Canaries are files that no profile grants.
var Canaries = [...]string{
	".ssh/id_ed25519", ".gnupg/private-keys-v1.d/key", ".aws/credentials", ".netrc", ".password-store/bank.gpg",
	".local/share/keyrings/login.keyring", ".bash_history", "Documents/diary.txt",
}

// NewWorld makes a world for a test. What it started ends with the test.
func NewWorld(t *testing.T) *World {
	t.Helper()
	w := NewBareWorld(t)
	w.Mkdir(filepath.Join(w.Home, "Downloads"))
	for _, name := range Canaries {
		w.Write(filepath.Join(w.Home, name), w.Canary+"\n")
	}
	w.Write(filepath.Join(w.Home, ".bashrc"), "# "+w.Canary+"\n")
	return w
}

// NewBareWorld makes a world whose home holds nothing but the project.
func NewBareWorld(t *testing.T) *World {
	t.Helper()
	return NewWorldBelow(t, WorkDir())
}

// NewWorldBelow makes a world like NewBareWorld does, below a directory.
func NewWorldBelow(t *testing.T, dir string) *World {
	t.Helper()
	ordinary(t)
	root, err := os.MkdirTemp(dir, "world.") //nolint:usetesting // a jail has a /tmp of its own
	Must(t, err)
	w := &World{
		T: t, Root: root, Home: filepath.Join(root, "home"), Project: filepath.Join(root, "home", "project"),
		Canary: "canary-" + rand.Text(), Timeout: 2 * time.Minute, JailBin: JailBin, mark: newMark(),
	}
	t.Cleanup(func() {
		for _, pid := range w.pids() {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		RemoveAll(root)
	})
	w.Mkdir(w.Project)
	w.Mkdir(filepath.Join(root, "run"))
	w.Env = []string{
		"HOME=" + w.Home, "PATH=" + os.Getenv("PATH"), "USER=ann", "LOGNAME=ann", "LANG=C.UTF-8", "TERM=dumb",
		"XDG_RUNTIME_DIR=" + filepath.Join(root, "run"),
	}
	return w
}

// In is this world for a part of its test.
func (w *World) In(t *testing.T) *World {
	t.Helper()
	part := *w
	part.T = t
	return &part
}

// Snap takes a snapshot of the home without what jail itself keeps there.
func (w *World) Snap(but ...string) Snapshot {
	w.T.Helper()
	own := []string{filepath.Join(w.Home, ".cache"), filepath.Join(w.Home, ".local", "state")}
	return Snap(w.T, w.Home, append(own, but...)...)
}

// Mkdir makes a directory and those above it.
func (w *World) Mkdir(dir string) {
	w.T.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.T.Fatal(err)
	}
}

// Write writes a file and makes its directory.
func (w *World) Write(name, text string) {
	w.T.Helper()
	w.Mkdir(filepath.Dir(name))
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		w.T.Fatal(err)
	}
}

// Read reads a file.
func (w *World) Read(name string) string {
	w.T.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		w.T.Fatal(err)
	}
	return string(b)
}

// Profile writes a profile beside the home and returns its path.
func (w *World) Profile(text string) string {
	w.T.Helper()
	name := filepath.Join(w.Root, "profiles", "test.yaml")
	w.Write(name, text)
	return name
}

// Expand replaces ~ and the variables of a path in a profile.
func (w *World) Expand(path string) string {
	home := w.Home
	path = strings.NewReplacer("${HOME}", home, "${CWD}", w.Project, "${DOWNLOADS}", home+"/Downloads",
		"${XDG_CONFIG_HOME}", home+"/.config", "${XDG_CACHE_HOME}", home+"/.cache", "${XDG_DATA_HOME}", home+"/.local/share",
		"${XDG_STATE_HOME}", home+"/.local/state", "${XDG_RUNTIME_DIR}", w.Root+"/run").Replace(path)
	if path == "~" || strings.HasPrefix(path, "~/") {
		path = home + path[1:]
	}
	return path
}

// Result is how a command ended.
type Result struct {
	Status         int
	Stdout, Stderr string
}

// Output is all that was printed.
func (r *Result) Output() string { return r.Stdout + r.Stderr }

// Host runs a command without a jail.
func (w *World) Host(argv ...string) *Result {
	w.T.Helper()
	return w.Finish(w.Command(argv...))
}

// Finish runs a prepared command to its end.
func (w *World) Finish(cmd *Command) *Result {
	w.T.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case time.Since(began) >= w.Timeout:
		w.T.Fatalf("%q did not end within %v\n%s%s", cmd.Args, w.Timeout, stdout.String(), stderr.String())
	case err != nil && !errors.As(err, &exit):
		w.T.Fatal(err)
	}
	return &Result{Status: cmd.ProcessState.ExitCode(), Stdout: stdout.String(), Stderr: stderr.String()}
}

// WithStdin runs a command with a file as standard input.
func (w *World) WithStdin(name string, argv ...string) *Result {
	w.T.Helper()
	f, err := os.Open(name)
	if err != nil {
		w.T.Fatal(err)
	}
	defer f.Close()
	cmd := w.Command(argv...)
	cmd.Stdin = f
	return w.Finish(cmd)
}

// Jail runs the jail program.
func (w *World) Jail(args ...string) *Result {
	w.T.Helper()
	return w.Host(append([]string{w.JailBin}, args...)...)
}

// Succeeds runs the jail program and expects status 0.
func (w *World) Succeeds(args ...string) *Result {
	w.T.Helper()
	r := w.Jail(args...)
	if r.Status != 0 {
		w.T.Fatalf("jail %q: exit status %d\n%s", args, r.Status, r.Output())
	}
	return r
}

// Variants runs a shell script in the three variants of a test of confinement:
// on the host, in the jail, and in the jail with one guard widened. The script
// must work, fail, and work. The flags of the second are common and narrow, those
// of the third common and wide.
func (w *World) Variants(script string, common, narrow, wide []string) {
	w.T.Helper()
	if r := w.Host("sh", "-c", script); r.Status != 0 {
		w.T.Fatalf("without jail, %q: exit status %d\n%s", script, r.Status, r.Output())
	}
	if r := w.Jail(slices.Concat([]string{"run"}, common, narrow, []string{"sh", "-c", script})...); r.Status == 0 || r.Status == 125 {
		w.T.Errorf("in the jail, %q: exit status %d, want a failure of the program\n%s", script, r.Status, r.Output())
	}
	if r := w.Jail(slices.Concat([]string{"run"}, common, wide, []string{"sh", "-c", script})...); r.Status != 0 {
		w.T.Errorf("in the jail with %q, %q: exit status %d, want 0\n%s", wide, script, r.Status, r.Output())
	}
}
