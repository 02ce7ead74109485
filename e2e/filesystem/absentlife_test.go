package filesystem

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// While a jail runs, programs outside find a repository as it is, and a shell
// its start-up files.
func TestAbsentIsQuietOutside(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "git", "bash")
	w := testenv.NewWorld(t)
	gitInit(w, w.Project)
	w.Write(filepath.Join(w.Home, ".profile"), "echo profile-was-read\n")
	before := w.Snap(w.Project+"/.git", w.Home+"/.config")
	names := func() string {
		return w.Host("find", w.Project, w.Home, "-not", "-path", "*/jail/*", "-not", "-name", "jail", "-not", "-name", ".local", "-not", "-name", ".config", "-not", "-name", "state", "-not", "-name", ".cache", "-not", "-path", "*/.git/*").Stdout
	}
	namesBefore := names()
	const work = "git status --porcelain --untracked-files=all; git log --oneline | wc -l; git diff; git fsck; git worktree list | wc -l; git add -A; git status -s; bash -l -c true 2>&1"
	want := w.Host("sh", "-c", work).Output()
	stop := whileJailed(w, "--profile", "default", "--home", "host", "--write", w.Home, "--write", w.Project)
	if got := names(); got != namesBefore {
		t.Errorf("while a jail runs, there is\n%s\nwithout\n%s", got, namesBefore)
	}
	if got := w.Host("sh", "-c", work).Output(); got != want || !strings.Contains(got, "profile-was-read") {
		t.Errorf("while a jail runs:\n%s\nwithout:\n%s", got, want)
	}
	inside := w.Succeeds("run", "--profile", "default", "--write", w.Project, "sh", "-c", "git status --porcelain --untracked-files=all; git add -A; git status -s")
	if inside.Output() != "" {
		t.Errorf("git in the jail says %q", inside.Output())
	}
	stop()
	before.Unchanged(t)
}

// whileJailed starts a jail and returns when its program runs; the function
// that it returns ends it.
func whileJailed(w *testenv.World, args ...string) func() {
	w.T.Helper()
	stop := background(w, args...)
	return func() { stop(os.Interrupt) }
}

// background starts a jail whose program waits, and returns what sends a
// signal to the launcher and waits for its end and the jail's.
func background(w *testenv.World, args ...string) func(os.Signal) {
	w.T.Helper()
	cmd := w.Command(append(append([]string{testenv.JailBin, "run"}, args...), "sh", "-c", "echo ready; exec sleep 60")...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.T.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		w.T.Fatal(err)
	}
	var buf [8]byte
	if n, err := out.Read(buf[:]); n == 0 {
		w.T.Fatalf("the jail did not begin: %v\n%s", err, stderr.String())
	}
	return func(s os.Signal) {
		w.T.Helper()
		jail := testenv.Descendants(cmd.Process.Pid)
		if err := cmd.Process.Signal(s); err != nil {
			w.T.Fatal(err)
		}
		_ = cmd.Wait()
		if !testenv.Eventually(func() bool { return !slices.ContainsFunc(jail, testenv.Lives) }) {
			w.T.Errorf("of the jail's processes %d some live", jail)
		}
	}
}

// A program that makes what is kept free again and again is ended, and says why; one that
// made it once is not.
func TestAbsentFlood(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	gitInit(w, w.Project)
	before := w.Snap(w.Project + "/.git")
	args := []string{"run", "--profile", "default", "--write", w.Project, "sh", "-c"}
	r := w.Jail(append(args, "while :; do mkdir .git/hooks; done 2>/dev/null")...)
	if r.Status != 125 || !strings.Contains(r.Stderr, "again and again") || !strings.Contains(r.Stderr, ".git/hooks") {
		t.Errorf("exit status %d, %s", r.Status, r.Output())
	}
	before.Unchanged(t)
	if testenv.Exists(filepath.Join(w.Project, ".git/hooks")) {
		t.Error("the last one is left")
	}
	r = w.Jail(append(args, "mkdir .git/hooks; echo done; exit 3")...)
	if r.Status != 3 || r.Stdout != "done\n" || !strings.Contains(r.Stderr, `taken away`) || !strings.Contains(r.Stderr, `".git/hooks"`) {
		t.Errorf("exit status %d, %s", r.Status, r.Output())
	}
}

// What was made is taken away while the program runs, not at its end only, and is kept.
func TestAbsentAtOnce(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	gitInit(w, w.Project)
	const script = "mkdir .git/hooks; echo precious >.git/hooks/x; i=0; while [ -e .git/hooks ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done; [ ! -e .git/hooks ] && echo gone"
	if r := w.Succeeds("run", "--profile", "default", "--write", w.Project, "sh", "-c", script); r.Stdout != "gone\n" {
		t.Errorf("it stays while the program runs: %s", r.Output())
	}
	listed := w.Succeeds("changes").Stdout
	_, to, _ := strings.Cut(listed, "is now \"")
	to, _, _ = strings.Cut(to, "\"")
	if !strings.Contains(listed, w.Project+"/.git/hooks") || !strings.HasPrefix(to, w.Home) {
		t.Fatalf("jail changes says %q", listed)
	}
	if got, err := os.ReadFile(filepath.Join(to, "x")); err != nil && !testenv.Exists(to) || err == nil && string(got) != "precious\n" {
		t.Errorf("what was taken: %q, %v", got, err)
	}
}
