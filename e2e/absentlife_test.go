package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// While a jail runs, programs outside find a repository as it is, and a shell
// its start-up files.
func TestAbsentIsQuietOutside(t *testing.T) {
	need(t, "git", "bash")
	w := newWorld(t)
	w.gitInit(w.project)
	w.write(filepath.Join(w.home, ".profile"), "echo profile-was-read\n")
	before := w.snap(w.project+"/.git", w.home+"/.config")
	const work = "git status --porcelain --untracked-files=all; git log --oneline | wc -l; git diff; git fsck; git worktree list | wc -l; git add -A; git status -s; bash -l -c true 2>&1"
	want := w.host("sh", "-c", work).output()
	stop := w.whileJailed("--profile", "default", "--home", "host", "--write", w.home, "--write", w.project)
	if !exists(filepath.Join(w.home, ".bash_profile")) || !exists(filepath.Join(w.project, ".envrc")) {
		t.Error("no stand-ins on the host: this shows nothing")
	}
	if got := w.host("sh", "-c", work).output(); got != want || !strings.Contains(got, "profile-was-read") {
		t.Errorf("while a jail runs:\n%s\nwithout:\n%s", got, want)
	}
	inside := w.succeeds("run", "--profile", "default", "--write", w.project, "sh", "-c", "git status --porcelain --untracked-files=all; git add -A; git status -s")
	if inside.output() != "" {
		t.Errorf("git in the jail says %q", inside.output())
	}
	stop()
	before.unchanged(t)
}

// whileJailed starts a jail and returns when its program runs; the function
// that it returns ends it.
func (w *world) whileJailed(args ...string) func() {
	w.t.Helper()
	stop := w.background(args...)
	return func() { stop(os.Interrupt) }
}

// background starts a jail whose program waits, and returns what sends a
// signal to the launcher and waits for its end and the jail's.
func (w *world) background(args ...string) func(os.Signal) {
	w.t.Helper()
	cmd := w.command(append(append([]string{jailBin, "run"}, args...), "sh", "-c", "echo ready; exec sleep 60")...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	var buf [8]byte
	if n, err := out.Read(buf[:]); n == 0 {
		w.t.Fatalf("the jail did not begin: %v\n%s", err, stderr.String())
	}
	return func(s os.Signal) {
		w.t.Helper()
		jail := descendants(cmd.Process.Pid)
		if err := cmd.Process.Signal(s); err != nil {
			w.t.Fatal(err)
		}
		_ = cmd.Wait()
		if !eventually(func() bool { return !slices.ContainsFunc(jail, lives) }) {
			w.t.Errorf("of the jail's processes %d some live", jail)
		}
	}
}

// lives tells whether a process is not dead; its parent may not have waited.
func lives(pid int) bool {
	state := statusOf(pid)["State"]
	return state != "" && state[0] != 'Z' && state[0] != 'X'
}

// Two jails that need the same: what stands in stays until the second ends,
// and protects it.
func TestAbsentIsShared(t *testing.T) {
	w := newWorld(t)
	before := w.snap()
	args := []string{"--profile", "default", "--write", w.project}
	first, second := w.background(args...), w.background(args...)
	first(syscall.SIGTERM)
	if !exists(filepath.Join(w.project, ".envrc")) {
		t.Error("the first jail took away what the second needs")
	}
	if made := w.make(w.project, ways["remove"], []string{".envrc", ".vscode/x"}, append([]string{"run"}, args...)...); len(made) > 0 {
		t.Errorf("beside another jail, %q were made", made)
	}
	second(syscall.SIGTERM)
	before.unchanged(t)
}

// What a killed launcher leaves is removed by the next one, wherever it runs;
// what somebody has changed is not.
func TestAbsentIsSwept(t *testing.T) {
	w := newWorld(t)
	before := w.snap()
	kill := func() {
		t.Helper()
		w.background("--profile", "default", "--write", w.project)(syscall.SIGKILL)
		if !exists(filepath.Join(w.project, ".envrc")) {
			t.Fatal("the killed launcher left nothing: this shows nothing")
		}
	}
	kill()
	w.succeeds("run", "--profile", "default", "true")
	before.unchanged(t)
	kill()
	w.succeeds("doctor")
	before.unchanged(t)
	kill()
	w.succeeds("run", "--profile", "default", "--write", w.project, "true")
	before.unchanged(t)
	kill()
	if err := os.Remove(filepath.Join(w.project, ".envrc")); err != nil {
		t.Fatal(err)
	}
	w.write(filepath.Join(w.project, ".envrc"), "mine")
	w.succeeds("run", "--profile", "default", "true")
	if got := w.read(filepath.Join(w.project, ".envrc")); got != "mine" || exists(filepath.Join(w.project, ".vscode")) {
		t.Errorf("after sweeping .envrc holds %q", got)
	}
}

// Records of before a power loss name processes that are others now, which may
// live long. The next launch removes what they tell of all the same.
func TestAbsentOfAnotherBoot(t *testing.T) {
	w := newWorld(t)
	before := w.snap()
	w.background("--profile", "default", "--write", w.project)(syscall.SIGKILL)
	records, err := filepath.Glob(filepath.Join(w.home, ".local/state/jail/standins/*"))
	must(t, err)
	if len(records) == 0 {
		t.Fatal("the killed launcher left no record")
	}
	// The process of this test takes the place of the jail.
	stat := strings.Fields(w.read("/proc/self/stat"))
	jail := regexp.MustCompile(`(?m)^[0-9]+ [0-9]+ ([0-9]+) ([-0-9a-f]+)$`)
	become := func(line string) {
		t.Helper()
		for _, record := range records {
			text := w.read(record)
			if !jail.MatchString(text) {
				t.Fatalf("no jail in the record %q", text)
			}
			w.write(record, jail.ReplaceAllString(text, line))
		}
	}
	become(stat[0] + " " + stat[21] + " $1 $2")
	w.succeeds("run", "--profile", "default", "true")
	if !standsIn(filepath.Join(w.project, ".envrc")) {
		t.Error("stand-ins were removed while their jail lives")
	}
	become(stat[0] + " " + stat[21] + " $1 00000000-0000-0000-0000-000000000000")
	w.succeeds("run", "--profile", "default", "true")
	before.unchanged(t)
}
