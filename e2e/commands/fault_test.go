package commands

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// Whatever call of the set-up the kernel refuses, and wherever the child is
// killed: jail says so, at the line of the profile that asked for it, exits
// with 125, the program never ran, and nothing is left behind. Package jail
// tests every step of a plan; here the first, the last and one between of
// every kind of call meet the real kernel and the real command.
func TestR6Faults(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "strace")
	w := testenv.NewWorld(t)
	w.Mkdir(filepath.Join(w.Project, "hidden"))
	profile := w.Profile(testenv.EverythingProfile)
	ran := filepath.Join(w.Project, "ran")
	args := []string{"run", "--profile", profile, "sh", "-c", "echo ran >ran"}
	w.Succeeds(args...)
	tr, r := trace(w, args...)
	if r.Status != 0 || !testenv.Exists(ran) {
		t.Fatalf("without a fault: exit status %d\n%s", r.Status, r.Output())
	}
	if err := os.Remove(ran); err != nil {
		t.Fatal(err)
	}
	steps := plan(w, append([]string{"--profile", profile}, args[3:]...)...)
	mounts := string(testenv.ReadFile(t, "/proc/self/mountinfo"))
	before := w.Snap()
	tried := 0
	for _, f := range faults(tr, steps) {
		for _, how := range []string{"error=EPERM", "signal=SIGKILL"} {
			inject := fmt.Sprintf("inject=%s:%s:when=%d", f.call, how, f.nth)
			strace := []string{"strace", "-f", "-qq", "-e", "trace=" + f.call, "-e", inject, "-o", "/dev/null", testenv.JailBin}
			r := w.Host(append(strace, args...)...)
			tried++
			want, message := 125, "jail: error: "
			switch {
			case f.call == "execve" && how == "error=EPERM":
				want = 126
			case how == "signal=SIGKILL" && (f.call == "execve" || f.call == "seccomp" && f.nth == 2):
				// Everything is set up by then, so this counts as the
				// death of the program.
				want, message = 137, ""
			}
			if r.Status != want || !strings.HasPrefix(r.Stderr, message) || testenv.Exists(ran) {
				t.Errorf("%s of %s: exit status %d, want %d; the program ran: %v\n%s", inject, f.step.Text, r.Status, want, testenv.Exists(ran), r.Stderr)
			}
			if place := fmt.Sprintf("--> %s:%d:", f.step.File, f.step.Line); f.step.File != "" && how == "error=EPERM" && !strings.Contains(r.Stderr, place) {
				t.Errorf("%s of %s: no %q in\n%s", inject, f.step.Text, place, r.Stderr)
			}
		}
	}
	if tried < 40 {
		t.Errorf("%d faults were tried; the test is void", tried)
	}
	before.Unchanged(t)
	if now := string(testenv.ReadFile(t, "/proc/self/mountinfo")); now != mounts {
		t.Errorf("mounts of the host changed:\n%s\nwere\n%s", now, mounts)
	}
	w.NothingRuns()
}

// fault is one call to let go wrong: the nth of its name in its process.
type fault struct {
	call string
	nth  int
	step *op
}

// faults chooses calls that the launcher itself does not make, among those
// that strace knows.
func faults(tr *traced, p *planJSON) []fault {
	var out []fault
	pick := func(calls []call, ops []op) {
		nth := map[string][]int{}
		for i := range ops {
			nth[ops[i].Syscall] = append(nth[ops[i].Syscall], i)
		}
		for name, at := range nth {
			if tr.launcher[name] && name != "execve" || !has(calls, name) {
				continue
			}
			for _, n := range []int{0, len(at) / 2, len(at) - 1} {
				f := fault{name, n + 1, &ops[at[n]]}
				if len(out) == 0 || out[len(out)-1] != f {
					out = append(out, f)
				}
			}
		}
	}
	pick(tr.first, p.Setup)
	pick(tr.program, p.Program)
	return out
}
