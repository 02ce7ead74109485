package filesystem

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
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
	const work = "git status --porcelain --untracked-files=all; git log --oneline | wc -l; git diff; git fsck; git worktree list | wc -l; git add -A; git status -s; bash -l -c true 2>&1"
	want := w.Host("sh", "-c", work).Output()
	stop := whileJailed(w, "--profile", "default", "--home", "host", "--write", w.Home, "--write", w.Project)
	if !testenv.Exists(filepath.Join(w.Home, ".bash_profile")) || !testenv.Exists(filepath.Join(w.Project, ".envrc")) {
		t.Error("no placeholders on the host: this shows nothing")
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

// Two jails that need the same: what stands in stays until the second ends,
// and protects it.
func TestAbsentIsShared(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	before := w.Snap()
	args := []string{"--profile", "default", "--write", w.Project}
	first, second := background(w, args...), background(w, args...)
	first(syscall.SIGTERM)
	if !testenv.Exists(filepath.Join(w.Project, ".envrc")) {
		t.Error("the first jail took away what the second needs")
	}
	if made := makeFiles(w, w.Project, ways["remove"], []string{".envrc", ".vscode/x"}, append([]string{"run"}, args...)...); len(made) > 0 {
		t.Errorf("beside another jail, %q were made", made)
	}
	second(syscall.SIGTERM)
	before.Unchanged(t)
}

// What a killed launcher leaves is removed by the next one, wherever it runs;
// what somebody has changed is not.
func TestAbsentIsSwept(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	before := w.Snap()
	kill := func() {
		t.Helper()
		background(w, "--profile", "default", "--write", w.Project)(syscall.SIGKILL)
		if !testenv.Exists(filepath.Join(w.Project, ".envrc")) {
			t.Fatal("the killed launcher left nothing: this shows nothing")
		}
	}
	kill()
	w.Succeeds("run", "--profile", "default", "true")
	before.Unchanged(t)
	kill()
	w.Succeeds("doctor")
	before.Unchanged(t)
	kill()
	w.Succeeds("run", "--profile", "default", "--write", w.Project, "true")
	before.Unchanged(t)
	kill()
	if err := os.Remove(filepath.Join(w.Project, ".envrc")); err != nil {
		t.Fatal(err)
	}
	w.Write(filepath.Join(w.Project, ".envrc"), "mine")
	w.Succeeds("run", "--profile", "default", "true")
	if got := w.Read(filepath.Join(w.Project, ".envrc")); got != "mine" || testenv.Exists(filepath.Join(w.Project, ".vscode")) {
		t.Errorf("after sweeping .envrc holds %q", got)
	}
}

// Lists of before a power loss name pids that other processes have now, which may
// live long. The next launch removes the placeholders in them all the same.
func TestAbsentOfAnotherBoot(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	before := w.Snap()
	background(w, "--profile", "default", "--write", w.Project)(syscall.SIGKILL)
	lists, err := filepath.Glob(filepath.Join(w.Home, ".local/state/jail/placeholders/*"))
	testenv.Must(t, err)
	if len(lists) == 0 {
		t.Fatal("the killed launcher left no list")
	}
	// The process of this test takes the place of the jail.
	stat := strings.Fields(w.Read("/proc/self/stat"))
	jail := regexp.MustCompile(`(?m)^[0-9]+ [0-9]+ ([0-9]+) ([-0-9a-f]+)$`)
	become := func(line string) {
		t.Helper()
		for _, list := range lists {
			text := w.Read(list)
			if !jail.MatchString(text) {
				t.Fatalf("no jail in the list %q", text)
			}
			w.Write(list, jail.ReplaceAllString(text, line))
		}
	}
	become(stat[0] + " " + stat[21] + " $1 $2")
	w.Succeeds("run", "--profile", "default", "true")
	if !isPlaceholder(filepath.Join(w.Project, ".envrc")) {
		t.Error("placeholders were removed while their jail lives")
	}
	become(stat[0] + " " + stat[21] + " $1 00000000-0000-0000-0000-000000000000")
	w.Succeeds("run", "--profile", "default", "true")
	before.Unchanged(t)
}
