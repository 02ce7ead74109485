package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A launcher that is killed at any moment after it was executed leaves nothing.
func TestHeadStartOfAKilledLauncher(t *testing.T) {
	w := newWorld(t)
	line := []string{jailBin, "run", "--profile", "default", "sleep", "600"}
	w.recorded(func() { _ = w.command(jailBin, "run", "--profile", "default", "sleep", "0").Run() })
	mounts, before := string(readFile(t, "/proc/self/mountinfo")), w.beginnings()
	for delay := range 50 {
		cmd := w.command(line...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(delay) * 150 * time.Microsecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	nothingRuns(t)
	if now := string(readFile(t, "/proc/self/mountinfo")); now != mounts {
		t.Errorf("mounts of the host changed:\n%s\nwere\n%s", now, mounts)
	}
	if !maps.Equal(before, w.beginnings()) {
		t.Error("not every launch had a head start")
	}
}

// A launcher that is stopped before it agrees: the program waits.
func TestHeadStartOfAStoppedLauncher(t *testing.T) {
	need(t, "strace")
	w := newWorld(t)
	args := []string{"run", "--profile", "default", "--write", ".", "--set", "filesystem.absent=open", "sh", "-c", "echo ran >>ran"}
	w.recorded(func() { _ = w.command(append([]string{jailBin}, args...)...).Run() })
	ran := filepath.Join(w.project, "ran")
	before := w.beginnings()
	for _, pause := range []time.Duration{300 * time.Millisecond, 11 * time.Second} { // the program waits for ten
		if err := os.Remove(ran); err != nil {
			t.Fatal(err)
		}
		// The second of these calls is the first of the runtime's.
		strace := []string{"strace", "-qq", "-e", "trace=sched_getaffinity", "-e", "inject=sched_getaffinity:signal=SIGSTOP:when=2", "-o", "/dev/null", jailBin}
		cmd := w.command(append(strace, args...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		launcher := 0
		if !eventually(func() bool {
			for _, pid := range descendants(cmd.Process.Pid) {
				if strings.HasPrefix(strings.ToUpper(statusOf(pid)["State"]), "T") {
					launcher = pid
				}
			}
			return launcher != 0 && len(descendants(launcher)) == 2
		}) {
			t.Fatalf("the launcher does not stop with a cell of two processes: %d", descendants(cmd.Process.Pid))
		}
		time.Sleep(pause)
		if exists(ran) {
			t.Error("the program ran while the launcher was stopped")
		}
		if err := unix.Kill(launcher, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if status := cmd.ProcessState.ExitCode(); status != 0 || w.read(ran) != "ran\n" {
			t.Errorf("exit status %d, and the program left %q", status, w.read(ran))
		}
		if used := maps.Equal(before, w.beginnings()); used != (pause < 10*time.Second) {
			t.Errorf("after %v the launch had a head start: %v", pause, used)
		}
	}
	nothingRuns(t)
}

// Whatever call of the entry point, or of the cell it makes, the kernel refuses:
// the launch is an ordinary one. Killed there, jail leaves nothing.
func TestHeadStartWithFaults(t *testing.T) {
	need(t, "strace")
	w := newWorld(t)
	args := []string{"run", "--profile", "default", "--write", ".", "--set", "filesystem.absent=open", "sh", "-c", "echo ran >>ran; cat ~/.ssh/id_ed25519; exit 5"}
	w.recorded(func() { w.jail(args...) })
	ran := filepath.Join(w.project, "ran")
	trace := filepath.Join(w.root, "calls")
	w.host(append([]string{"strace", "-qq", "-o", trace, jailBin}, args...)...)
	want := w.jail(args...)
	type fault struct {
		flags []string
		call  string
		nth   int
	}
	var faults []fault
	count := map[string]int{}
	for _, c := range parseTrace(t, w.read(trace)) {
		if c.name == "sched_getaffinity" && c.args[1] == "8192" {
			break
		}
		// A descriptor is gone whatever close says: a refusal of it is no fault.
		// Without the second arch_prctl no Go program starts.
		if count[c.name]++; c.name != "execve" && c.name != "close" && (c.name != "arch_prctl" || count[c.name] == 1) {
			faults = append(faults, fault{nil, c.name, count[c.name]})
		}
	}
	if count["clone3"] != 1 || count["statx"] < 5 {
		t.Fatalf("the entry point makes the calls %v; the test is void", count)
	}
	// These are calls of the cell's alone, so they may be refused in any process.
	for _, call := range []string{"recvfrom", "sched_setaffinity"} {
		faults = append(faults, fault{[]string{"-f"}, call, 1})
	}
	for _, f := range faults {
		for _, how := range []string{"error=EPERM", "error=EINTR", "signal=SIGKILL"} {
			if how == "signal=SIGKILL" && f.flags != nil {
				continue
			}
			if err := os.RemoveAll(ran); err != nil {
				t.Fatal(err)
			}
			inject := fmt.Sprintf("inject=%s:%s:when=%d", f.call, how, f.nth)
			r := w.host(slices.Concat([]string{"strace"}, f.flags, []string{"-qq", "-e", "trace=" + f.call, "-e", inject, "-o", "/dev/null", jailBin}, args)...)
			if how == "signal=SIGKILL" {
				if r.status != -1 && r.status != 137 || exists(ran) {
					t.Errorf("%s: status %d, the program ran: %v", inject, r.status, exists(ran))
				}
				continue
			}
			if r.status != want.status || r.output() != want.output() || !exists(ran) || w.read(ran) != "ran\n" {
				t.Errorf("%s %s: status %d, want %d; printed %q, want %q", f.flags, inject, r.status, want.status, r.output(), want.output())
			}
		}
	}
	nothingRuns(t)
}

// What the child of a launch with a head start does, as the kernel sees it, is
// the plan.
func TestHeadStartMatchesThePlan(t *testing.T) {
	need(t, "strace")
	for _, flags := range [][]string{
		{"--profile", "default"},
		{"--profile", "default", "--user", "root", "--overlay", "/usr/share", "--keep-cap", "net_raw", "--share", "uts"},
		{"--profile", "default", "--network", "host", "--landlock", "off", "--write", "~/Downloads"},
	} {
		w := newWorld(t)
		args := append(slices.Clone(flags), "true")
		run := append([]string{"run"}, args...)
		w.recorded(func() { w.jail(run...) })
		p := w.plan(args...)
		tr, r := w.trace(run...)
		if r.status != 0 || !has(tr.first, "recvfrom") || len(tr.others) > 0 {
			t.Fatalf("%q: exit status %d, and %d cells were not used\n%s", flags, r.status, len(tr.others), r.output())
		}
		m := &matcher{fail: t.Errorf, slots: map[int]uint64{}, begun: true}
		m.firstProcess(p, tr.first)
		m.programProcess(p, tr.program)
	}
}
