package commands

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	w := newFaultWorld(t)
	tr, r := trace(w.World, w.launch...)
	if r.Status != 0 || !testenv.Exists(w.ran) {
		t.Fatalf("without a fault: exit status %d\n%s", r.Status, r.Output())
	}
	testenv.Must(t, os.Remove(w.ran))
	steps := plan(w.World, w.launch[1:]...)
	mounts := string(testenv.ReadFile(t, "/proc/self/mountinfo"))
	type attempt struct {
		fault
		how string
	}
	var all []attempt
	for _, f := range faults(tr, steps) {
		for _, how := range []string{"error=EPERM", "signal=SIGKILL"} {
			if testing.Short() && !f.only && (f.nth == 1) != (how == "error=EPERM") {
				continue // the first of its kind is refused, and the last kills
			}
			all = append(all, attempt{f, how})
		}
	}
	t.Logf("%d faults", len(all))
	if len(all) < testenv.Rounds(25, 40) {
		t.Errorf("%d faults are tried; the test is void", len(all))
	}
	t.Run("faults", func(t *testing.T) {
		for some := range slices.Chunk(all, 16) {
			t.Run(some[0].call, func(t *testing.T) {
				t.Parallel()
				own := newFaultWorld(t)
				before := own.Snap()
				for _, a := range some {
					own.try(a.fault, a.how, strings.Replace(a.step.File, w.Root, own.Root, 1))
				}
				before.Unchanged(t)
				own.NothingRuns()
			})
		}
	})
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
	only bool // there is no other of its name
}

// faultWorld is a world for launches of a profile that has something of everything.
type faultWorld struct {
	*testenv.World
	launch []string
	ran    string // the file that the program leaves
}

// newFaultWorld makes a world in which that was launched once: what is made at the
// first launch is there.
func newFaultWorld(t *testing.T) *faultWorld {
	t.Helper()
	w := testenv.NewWorld(t)
	w.Mkdir(filepath.Join(w.Project, "hidden"))
	launch := []string{"run", "--profile", w.Profile(testenv.EverythingProfile), "sh", "-c", "echo ran >ran"}
	w.Succeeds(launch...)
	ran := filepath.Join(w.Project, "ran")
	testenv.Must(t, os.Remove(ran))
	return &faultWorld{w, launch, ran}
}

// try lets a call go wrong in a launch, of which file is the profile.
func (w *faultWorld) try(f fault, how, file string) {
	w.T.Helper()
	inject := fmt.Sprintf("inject=%s:%s:when=%d", f.call, how, f.nth)
	strace := []string{"strace", "-f", "-qq", "-e", "trace=" + f.call, "-e", inject, "-o", "/dev/null", testenv.WholeJail()}
	r := w.Host(append(strace, w.launch...)...)
	want, message := 125, "jail: error: "
	switch {
	case f.call == "execve" && how == "error=EPERM":
		want = 126
	case how == "signal=SIGKILL" && (f.call == "execve" || f.call == "seccomp" && f.nth == 2):
		// Everything is set up by then, so this counts as the death of the
		// program.
		want, message = 137, ""
	}
	ran := testenv.Exists(w.ran)
	if r.Status != want || !strings.HasPrefix(r.Stderr, message) || ran {
		w.T.Errorf("%s of %s: exit status %d, want %d; the program ran: %v\n%s", inject, f.step.Text, r.Status, want, ran, r.Stderr)
	}
	if place := fmt.Sprintf("--> %s:%d:", file, f.step.Line); file != "" && how == "error=EPERM" && !strings.Contains(r.Stderr, place) {
		w.T.Errorf("%s of %s: no %q in\n%s", inject, f.step.Text, place, r.Stderr)
	}
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
			chosen := []int{0, len(at) / 2, len(at) - 1}
			if testing.Short() {
				chosen = []int{0, len(at) - 1}
			}
			for _, n := range chosen {
				f := fault{name, n + 1, &ops[at[n]], len(at) == 1}
				if len(out) == 0 || out[len(out)-1] != f {
					out = append(out, f)
				}
			}
		}
	}
	pick(tr.init, p.Setup)
	pick(tr.program, p.Program)
	return out
}
