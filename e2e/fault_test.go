package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// faultProfile has something of everything that a plan can hold.
const faultProfile = `extends: [base]
filesystem:
  home: private
  write:
    - ${CWD}
    - {path: ~/made, create: directory}
  read:
    - ~/Downloads
  hide:
    - ${CWD}/hidden
  tmpfs:
    - {path: /scratch, size: 1M}
  overlay:
    - ~/Documents
limits: {open-files: 100}
identity: {hostname: cell}
capabilities: {keep: [net_raw]}
`

// Whatever call of the set-up the kernel refuses, and wherever the child is
// killed: jail says so, at the line of the profile that asked for it, exits
// with 125, the program never ran, and nothing is left behind. Package jail
// tests every step of a plan; here the first, the last and one between of
// every kind of call meet the real kernel and the real command.
func TestR6Faults(t *testing.T) {
	need(t, "strace")
	w := newWorld(t)
	w.mkdir(filepath.Join(w.project, "hidden"))
	profile := w.profile(faultProfile)
	ran := filepath.Join(w.project, "ran")
	args := []string{"run", "--profile", profile, "sh", "-c", "echo ran >ran"}
	w.succeeds(args...)
	tr, r := w.trace(args...)
	if r.status != 0 || !exists(ran) {
		t.Fatalf("without a fault: exit status %d\n%s", r.status, r.output())
	}
	if err := os.Remove(ran); err != nil {
		t.Fatal(err)
	}
	steps := w.plan(append([]string{"--profile", profile}, args[3:]...)...)
	mounts := string(readFile(t, "/proc/self/mountinfo"))
	before := w.snap()
	tried := 0
	for _, f := range faults(tr, steps) {
		for _, how := range []string{"error=EPERM", "signal=SIGKILL"} {
			inject := fmt.Sprintf("inject=%s:%s:when=%d", f.call, how, f.nth)
			strace := []string{"strace", "-f", "-qq", "-e", "trace=" + f.call, "-e", inject, "-o", "/dev/null", jailBin}
			r := w.host(append(strace, args...)...)
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
			if r.status != want || !strings.HasPrefix(r.stderr, message) || exists(ran) {
				t.Errorf("%s of %s: exit status %d, want %d; the program ran: %v\n%s", inject, f.step.Text, r.status, want, exists(ran), r.stderr)
			}
			if place := fmt.Sprintf("--> %s:%d:", f.step.File, f.step.Line); f.step.File != "" && how == "error=EPERM" && !strings.Contains(r.stderr, place) {
				t.Errorf("%s of %s: no %q in\n%s", inject, f.step.Text, place, r.stderr)
			}
		}
	}
	if tried < 40 {
		t.Errorf("%d faults were tried; the test is void", tried)
	}
	before.unchanged(t)
	if now := string(readFile(t, "/proc/self/mountinfo")); now != mounts {
		t.Errorf("mounts of the host changed:\n%s\nwere\n%s", now, mounts)
	}
	nothingRuns(t)
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
