package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// injection is what came of an attempt to type into the caller's terminal.
type injection struct {
	outcomes map[string]string // by the name of the file or descriptor
	queued   int               // bytes that the caller's shell would read next
}

// attempt runs the probe on a terminal of its own, started with the arguments
// before it; its output goes to a file, so that nothing waits for the terminal.
func attempt(w *world, interactive bool, request string, before ...string) *injection {
	w.t.Helper()
	out := filepath.Join(w.project, "outcomes")
	_ = os.Remove(out)
	command := "stty -icanon; "
	for _, a := range before {
		command += "'" + a + "' "
	}
	// In a pipeline, none of the descriptors is the terminal.
	command += fmt.Sprintf("sh -c '%s inject %s >%s'", probeBin, request, out)
	if !interactive {
		command = strings.Replace(command, "stty -icanon; ", "stty -icanon; : | ", 1) + " 2>&1 | cat"
	}
	// The shell stays: with it, its terminal would end.
	done := filepath.Join(w.project, "done")
	_ = os.Remove(done)
	p := w.terminal("sh", "-c", command+"; echo $? >"+done+"; sleep 60")
	in := &injection{outcomes: map[string]string{}}
	if !within(10*time.Second, func() bool { return exists(done) }) {
		w.t.Fatalf("%s: does not end; the terminal shows %q", command, p.seen())
	}
	n, err := unix.IoctlGetInt(int(p.slave.Fd()), unix.TIOCINQ)
	if err != nil {
		w.t.Fatal(err)
	}
	in.queued = n
	if exists(out) {
		for line := range strings.Lines(w.read(out)) {
			name, outcome, _ := strings.Cut(strings.TrimSpace(line), " ")
			in.outcomes[name] = outcome
		}
	}
	p.close()
	return in
}

// any tells whether an attempt had that outcome.
func (in *injection) any(outcome string) bool {
	for _, o := range in.outcomes {
		if o == outcome {
			return true
		}
	}
	return false
}

// T1, T2, T4: nothing in a jail can type into the terminal that jail was started
// from. Two guards hold alone: the filter refuses, and without it what is typed
// stays in the jail's own terminal.
func TestT1T2T4NothingIsTyped(t *testing.T) {
	if b, err := os.ReadFile("/proc/sys/dev/tty/legacy_tiocsti"); err != nil || strings.TrimSpace(string(b)) != "1" {
		t.Skip("this kernel lets nobody type into a terminal (dev.tty.legacy_tiocsti)")
	}
	w := newWorld(t)
	unfiltered := w.profile("extends: [base]\nsyscalls: {default: allow, architectures: [native, x86]}\n")
	closed := w.starts("--profile", "default", "--read", binDir, "--write", w.project)
	open := w.starts("--profile", unfiltered, "--read", binDir, "--write", w.project)
	requests := map[string]string{
		"T1":        fmt.Sprintf("%#x", unix.TIOCSTI),
		"T2":        fmt.Sprintf("%#x", 1<<32|unix.TIOCSTI),
		"T2 random": fmt.Sprintf("%#x", uint64(rand.Uint32()|1)<<32|unix.TIOCSTI),
	}
	if runtime.GOARCH == "amd64" {
		requests["T4"] = fmt.Sprintf("i386:%#x", unix.TIOCSTI)
	}
	for name, request := range requests {
		for _, interactive := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s interactive %v", name, interactive), func(t *testing.T) {
				if in := attempt(w, interactive, request); in.queued == 0 || !in.any("OK") {
					t.Fatalf("without jail, nothing is typed: the test is void: %+v", in)
				}
				for _, start := range closed {
					in := attempt(w, interactive, request, strings.Fields(start)...)
					if in.queued != 0 || in.any("OK") || !strings.HasPrefix(name, "T4") && !in.any("EPERM") {
						t.Errorf("%s: %+v", start, in)
					}
				}
				for _, start := range open {
					in := attempt(w, interactive, request, strings.Fields(start)...)
					if in.queued != 0 || in.any("OK") != interactive {
						t.Errorf("without a filter, %s: %+v", start, in)
					}
				}
			})
		}
	}
}

// T3, T4: the request that pastes into a virtual console is refused by the
// filter, before the terminal says that it is none.
func TestT3T4NothingIsPasted(t *testing.T) {
	w := newWorld(t)
	open := w.profile("extends: [base]\nsyscalls: {default: allow, architectures: [native, x86]}\n")
	for _, request := range []string{"0x541c", "0x10000541c", "0xdeadbeef0000541c"} {
		for _, interactive := range []bool{true, false} {
			if in := attempt(w, interactive, request); !in.any("ENOTTY") && !in.any("EINVAL") {
				t.Fatalf("without jail: %+v", in)
			}
			in := attempt(w, interactive, request, jailBin, "run", "--profile", "default", "--read", binDir, "--write", w.project)
			for name, outcome := range in.outcomes {
				if outcome != "EPERM" && !strings.HasPrefix(outcome, "not opened") {
					t.Errorf("%s: %s: %s", request, name, outcome)
				}
			}
			if len(in.outcomes) < 3 {
				t.Errorf("%s: outcomes %+v", request, in)
			}
			in = attempt(w, interactive, request, jailBin, "run", "--profile", open, "--read", binDir, "--write", w.project)
			if in.any("EPERM") || !in.any("ENOTTY") {
				t.Errorf("%s, without a filter: %+v", request, in)
			}
		}
	}
	if runtime.GOARCH == "amd64" {
		in := attempt(w, true, "i386:0x541c", jailBin, "run", "--profile", "default", "--read", binDir, "--write", w.project)
		if in.any("OK") || in.any("ENOTTY") {
			t.Errorf("by the 32-bit interface: %+v", in)
		}
	}
}

// T8: the terminals of the user that are not the jail's have no name there.
func TestT8OtherTerminals(t *testing.T) {
	w := newWorld(t)
	other := w.terminal("sleep", "60")
	name := other.slave.Name()
	script := fmt.Sprintf("echo written >%s && [ -c %s ]", name, name)
	if r := w.host("sh", "-c", script); r.status != 0 || !eventually(func() bool { return strings.Contains(other.seen(), "written") }) {
		t.Fatalf("without jail, %s can't be written: %s", name, r.stderr)
	}
	entering := strings.Fields(w.enters("--profile", "default", "--write", w.project))
	for i := range 4 {
		before, interactive := len(other.seen()), i%2 == 0
		out := filepath.Join(w.project, "listed")
		inside := fmt.Sprintf("ls /dev/pts >%s; for n in 1 2 3 4 5 6 7 8 9 %s; do echo written >/dev/pts/$n; done; stat -c %%t:%%T /dev/pts/0", out, filepath.Base(name))
		command := []string{jailBin, "run", "--profile", "default", "--write", w.project}
		if i >= 2 {
			command = entering
		}
		command = append(slices.Clone(command), "sh", "-c", inside)
		want := "0\nptmx\n"
		if interactive {
			w.terminal(command...).ends()
		} else {
			w.host(command...)
			want = "ptmx\n"
		}
		if got := w.read(out); got != want {
			t.Errorf("%q, interactive %v: /dev/pts holds %q, want %q", command[:2], interactive, got, want)
		}
		time.Sleep(50 * time.Millisecond)
		if rest := other.seen()[before:]; rest != "" {
			t.Errorf("%q, interactive %v: the other terminal shows %q", command[:2], interactive, rest)
		}
	}
	// No profile can show it, but the caller can pass it on.
	if r := w.jail("run", "--profile", "default", "--write", name, "true"); r.status != 125 {
		t.Errorf("with %s granted: exit status %d\n%s", name, r.status, r.output())
	}
	before := len(other.seen())
	w.host("sh", "-c", fmt.Sprintf("%s run --profile default sh -c 'echo passed >&0' <>%s", jailBin, name))
	if !eventually(func() bool { return strings.Contains(other.seen()[before:], "passed") }) {
		t.Errorf("a terminal that is passed on can't be written: the test proves nothing")
	}
}
