package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/plan"
)

func fullPlan(t *testing.T) (*plan.Plan, string) {
	t.Helper()
	h := jailtest.RealHost(t)
	if err := os.Mkdir(filepath.Join(h.Home, "layered"), 0o755); err != nil {
		t.Fatal(err)
	}
	canary := filepath.Join(h.Home, "canary", "ran")
	c, problems := compileFor(t, jailtest.FullProfile, h, "/bin/touch", canary)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return c.Plan, canary
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestFullPlanRuns(t *testing.T) {
	jailtest.RequireJails(t)
	made, canary := fullPlan(t)
	process, failure := start(t, made)
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	if status := process.Wait(); status != 0 || !exists(canary) {
		t.Fatalf("status %d, canary made: %v", status, exists(canary))
	}
}

// withOp returns the made with another op in place of, or before, op number
// at.
func withOp(p *plan.Plan, at int, op plan.Op, replace bool) *plan.Plan {
	q := *p
	q.Inputs = nil
	for _, part := range []*[]plan.Op{&q.Setup, &q.Init, &q.Program} {
		n := len(*part)
		if at >= 0 && at < n {
			ops := slices.Clone(*part)
			if replace {
				op.At, op.Verb, op.Subject = ops[at].At, ops[at].Verb, ops[at].Subject
				ops[at] = op
			} else {
				ops = slices.Insert(ops, at, op)
			}
			*part = ops
		}
		at -= n
	}
	return &q
}

// TestR6EveryOpCanFail makes each op of a full plan fail in turn: the failure
// names the op, its profile line is the one that asked for it, and the program
// never runs.
func TestR6EveryOpCanFail(t *testing.T) {
	jailtest.RequireJails(t)
	made, canary := fullPlan(t)
	broken := plan.Op{Name: "close", Number: unix.SYS_CLOSE, Out: plan.NoSlot, Args: []plan.Arg{number(1 << 20)}}
	for i := range made.Len() {
		original := made.Op(plan.Index(i))
		process, failure := start(t, withOp(made, i, broken, true))
		if failure == nil {
			process.Wait()
			t.Errorf("op %d, %s: no failure", i, original)
			continue
		}
		if i == len(made.Setup)+len(made.Init)-1 {
			// By now the init has closed its end of the status socket: it can only
			// end, and the program's process, still at the barrier, with it.
			if failure.Died == nil {
				t.Errorf("op %d, %s: reported as %v", i, original, failure)
			}
		} else if failure.Op == nil || failure.Errno != syscall.EBADF || failure.Op.At != original.At || failure.Op.Subject != original.Subject {
			t.Errorf("op %d, %s: reported as %v", i, original, failure)
		}
		if status := failure.ExitStatus(); status != plan.ExitFailed {
			t.Errorf("op %d, %s: exit status %d", i, original, status)
		}
		if exists(canary) {
			t.Fatalf("op %d, %s: the program ran", i, original)
		}
		if d := failure.Diagnostic(); d.Summary == "" || original.At != nil && d.Subject != *original.At {
			t.Errorf("op %d, %s: diagnostic %+v", i, original, d)
		}
	}
}

// TestR6FailureIsWhatStops: the same failing op, allowed to fail, stops nothing,
// in every part of the made. So it was the failure that kept the program from running.
func TestR6FailureIsWhatStops(t *testing.T) {
	jailtest.RequireJails(t)
	made, canary := fullPlan(t)
	broken := plan.Op{Name: "close", Number: unix.SYS_CLOSE, Out: plan.NoSlot, Args: []plan.Arg{number(1 << 20)}, Accept: syscall.EBADF}
	for _, at := range []int{0, len(made.Setup) - 1, len(made.Setup), len(made.Setup) + len(made.Init)} {
		_ = os.Remove(canary)
		process, failure := start(t, withOp(made, at, broken, false))
		if failure != nil {
			t.Fatalf("before op %d: %v", at, failure.Diagnostic())
		}
		if status := process.Wait(); status != 0 || !exists(canary) {
			t.Errorf("before op %d: status %d, the program ran: %v", at, status, exists(canary))
		}
	}
}

// TestR6DeathAtEveryOp ends the process that is busy with an op, as a kill
// would: the launcher says where it happened and the program never runs.
func TestR6DeathAtEveryOp(t *testing.T) {
	jailtest.RequireJails(t)
	made, canary := fullPlan(t)
	death := plan.Op{Name: "exit_group", Number: unix.SYS_EXIT_GROUP, Out: plan.NoSlot, Args: []plan.Arg{number(9)}}
	ready := len(made.Setup) + len(made.Init)
	for made.Op(plan.Index(ready)).Subject != "that everything is set up" {
		ready++
	}
	for i := range ready + 1 {
		process, failure := start(t, withOp(made, i, death, false))
		if failure == nil {
			process.Wait()
			t.Errorf("op %d, %s: no failure", i, made.Op(plan.Index(i)))
		} else if failure.Died == nil || failure.ExitStatus() != plan.ExitFailed || failure.Diagnostic().Code != CodeSetupDied {
			t.Errorf("op %d, %s: reported as %v", i, made.Op(plan.Index(i)), failure)
		}
		if exists(canary) {
			t.Fatalf("op %d, %s: the program ran", i, made.Op(plan.Index(i)))
		}
	}
}

// TestFailingBindPointsAtItsLine lets a source disappear between
// compilation and launch.
func TestFailingBindPointsAtItsLine(t *testing.T) {
	jailtest.RequireJails(t)
	h := jailtest.RealHost(t)
	for _, d := range []string{"one", "two"} {
		if err := os.Mkdir(filepath.Join(h.Home, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c, problems := compileFor(t, "filesystem:\n  read: [/usr, /bin, /lib, /lib64]\n  write:\n    - ~/one\n    - ~/two\nsyscalls: {default: allow}\n", h, "/bin/true")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if err := os.Remove(filepath.Join(h.Home, "two")); err != nil {
		t.Fatal(err)
	}
	_, failure := start(t, c.Plan)
	if failure == nil {
		t.Fatal("the jail started without ~/two")
	}
	d := failure.Diagnostic()
	if d.Subject.Start.Line != 5 || d.Subject.Start.Column != 7 || !strings.Contains(d.Summary, "~/two") || d.Remedy == "" {
		t.Errorf("diagnostic %+v", d)
	}
}

// TestPlantedLinkIsNotFollowed swaps a directory for a link to a secret
// between compilation and launch.
func TestPlantedLinkIsNotFollowed(t *testing.T) {
	jailtest.RequireJails(t)
	for _, mutable := range []string{"a", "a/b"} {
		h := jailtest.RealHost(t)
		secret := filepath.Join(h.Home, "secret")
		if err := os.MkdirAll(filepath.Join(secret, "b"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(h.Home, "a/b"), 0o755); err != nil {
			t.Fatal(err)
		}
		c, problems := compileFor(t, strings.Replace(jailtest.SystemProfile, "/etc]", "/etc, ~/a/b]", 1), h, "/bin/true")
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		path := filepath.Join(h.Home, mutable)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(secret, path); err != nil {
			t.Fatal(err)
		}
		process, failure := start(t, c.Plan)
		if failure == nil {
			process.Wait()
			t.Errorf("%s became a link, and the jail followed it", mutable)
		}
	}
}

func TestExitStatus(t *testing.T) {
	jailtest.RequireJails(t)
	h := jailtest.RealHost(t)
	for _, c := range []struct {
		script string
		want   int
	}{
		{"exit 0", 0},
		{"exit 1", 1},
		{"exit 125", 125},
		{"exit 255", 255},
		{"kill -TERM $$", 128 + 15},
		{"kill -KILL $$", 128 + 9},
		{"kill -SEGV $$", 128 + 11},
	} {
		compiled, problems := compileFor(t, jailtest.SystemProfile, h, "/bin/sh", "-c", c.script)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		process, failure := start(t, compiled.Plan)
		if failure != nil {
			t.Fatal(failure.Diagnostic())
		}
		if got := process.Wait(); got != c.want {
			t.Errorf("%s: status %d, want %d", c.script, got, c.want)
		}
	}
}

// TestTimeLimit runs as on a machine with one processor.
func TestTimeLimit(t *testing.T) {
	jailtest.RequireJails(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	h := jailtest.RealHost(t)
	c, problems := compileFor(t, jailtest.SystemProfile+"limits: {time: 1s}\n", h, "/bin/sleep", "5")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	began := time.Now()
	process, failure := start(t, c.Plan)
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	if status := process.Wait(); status != plan.ExitTimeLimit || !process.TimedOut() {
		t.Errorf("status %d, timed out: %v", status, process.TimedOut())
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the limit of 1s ended the jail after %v", took)
	}
}

// TestSignalReachesProgram also shows that the pid the launcher knows is the
// program's, not its parent's.
func TestSignalReachesProgram(t *testing.T) {
	jailtest.RequireJails(t)
	h := jailtest.RealHost(t)
	mark := filepath.Join(h.Home, "w")
	if err := os.Mkdir(mark, 0o755); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`trap 'exit 42' USR1; : > %s/ready; while :; do sleep 0.01; done`, mark)
	c, problems := compileFor(t, strings.Replace(jailtest.SystemProfile, "filesystem:", "filesystem:\n  write: [~/w]", 1), h, "/bin/sh", "-c", script)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	process, failure := start(t, c.Plan)
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	for !exists(filepath.Join(mark, "ready")) {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", process.Pid())); err != nil {
			t.Fatal("the program is gone before it was ready")
		}
	}
	// Sent to this process, as a user would send it to the launcher.
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if status := process.Wait(); status != 42 {
		t.Errorf("status %d, want 42", status)
	}
}

// TestEarlySignalIsKept sends a signal before there is a program to take it.
func TestEarlySignalIsKept(t *testing.T) {
	jailtest.RequireJails(t)
	h := jailtest.RealHost(t)
	c, problems := compileFor(t, jailtest.SystemProfile, h, "/bin/sleep", "60")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	catchSignals()
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	process, failure := start(t, c.Plan)
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	if status := process.Wait(); status != 128+int(syscall.SIGUSR2) {
		t.Errorf("status %d", status)
	}
}
