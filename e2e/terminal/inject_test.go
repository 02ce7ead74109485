package terminal

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

	"github.com/jail-project/jail/internal/testenv"
)

// injection is what came of an attempt to type into the caller's terminal.
type injection struct {
	outcomes map[string]string // by the name of the file or descriptor
	queued   int               // bytes that the caller's shell would read next
}

// attempt runs the probe on a terminal of its own, started with the arguments
// before it; its output goes to a file, so that nothing waits for the terminal.
func attempt(w *testenv.World, interactive bool, request string, before ...string) *injection {
	w.T.Helper()
	out := filepath.Join(w.Project, "outcomes")
	_ = os.Remove(out)
	command := "stty -icanon; "
	for _, a := range before {
		command += "'" + a + "' "
	}
	// In a pipeline, none of the descriptors is the terminal.
	command += fmt.Sprintf("sh -c '%s inject %s >%s'", testenv.ProbeBin, request, out)
	if !interactive {
		command = strings.Replace(command, "stty -icanon; ", "stty -icanon; : | ", 1) + " 2>&1 | cat"
	}
	// The shell stays: with it, its terminal would end.
	done := filepath.Join(w.Project, "done")
	_ = os.Remove(done)
	p := w.Terminal("sh", "-c", command+"; echo $? >"+done+"; sleep 60")
	in := &injection{outcomes: map[string]string{}}
	if !testenv.Within(10*time.Second, func() bool { return testenv.Exists(done) }) {
		w.T.Fatalf("%s: does not end; the terminal shows %q", command, p.Seen())
	}
	n, err := unix.IoctlGetInt(int(p.Slave.Fd()), unix.TIOCINQ)
	if err != nil {
		w.T.Fatal(err)
	}
	in.queued = n
	if testenv.Exists(out) {
		for line := range strings.Lines(w.Read(out)) {
			name, outcome, _ := strings.Cut(strings.TrimSpace(line), " ")
			in.outcomes[name] = outcome
		}
	}
	p.Close()
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
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	if b, err := os.ReadFile("/proc/sys/dev/tty/legacy_tiocsti"); err != nil || strings.TrimSpace(string(b)) != "1" {
		t.Skip("this kernel lets nobody type into a terminal (dev.tty.legacy_tiocsti)")
	}
	w := testenv.NewWorld(t)
	unfiltered := w.Profile("extends: [base]\nsyscalls: {default: allow, architectures: [native, x86]}\n")
	closed := w.Starts("--profile", "default", "--read", testenv.BinDir, "--write", w.Project)
	open := w.Starts("--profile", unfiltered, "--read", testenv.BinDir, "--write", w.Project)
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
				w := w.In(t)
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
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	open := w.Profile("extends: [base]\nsyscalls: {default: allow, architectures: [native, x86]}\n")
	for _, request := range []string{"0x541c", "0x10000541c", "0xdeadbeef0000541c"} {
		for _, interactive := range []bool{true, false} {
			if in := attempt(w, interactive, request); !in.any("ENOTTY") && !in.any("EINVAL") {
				t.Fatalf("without jail: %+v", in)
			}
			in := attempt(w, interactive, request, testenv.JailBin, "run", "--profile", "default", "--read", testenv.BinDir, "--write", w.Project)
			for name, outcome := range in.outcomes {
				if outcome != "EPERM" && !strings.HasPrefix(outcome, "not opened") {
					t.Errorf("%s: %s: %s", request, name, outcome)
				}
			}
			if len(in.outcomes) < 3 {
				t.Errorf("%s: outcomes %+v", request, in)
			}
			in = attempt(w, interactive, request, testenv.JailBin, "run", "--profile", open, "--read", testenv.BinDir, "--write", w.Project)
			if in.any("EPERM") || !in.any("ENOTTY") {
				t.Errorf("%s, without a filter: %+v", request, in)
			}
		}
	}
	if runtime.GOARCH == "amd64" {
		in := attempt(w, true, "i386:0x541c", testenv.JailBin, "run", "--profile", "default", "--read", testenv.BinDir, "--write", w.Project)
		if in.any("OK") || in.any("ENOTTY") {
			t.Errorf("by the 32-bit interface: %+v", in)
		}
	}
}

// T8: the terminals of the user that are not the jail's have no name there.
func TestT8OtherTerminals(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	other := w.Terminal("sleep", "60")
	name := other.Slave.Name()
	script := fmt.Sprintf("echo written >%s && [ -c %s ]", name, name)
	if r := w.Host("sh", "-c", script); r.Status != 0 || !testenv.Eventually(func() bool { return strings.Contains(other.Seen(), "written") }) {
		t.Fatalf("without jail, %s can't be written: %s", name, r.Stderr)
	}
	entering := strings.Fields(w.Enters("--profile", "default", "--write", w.Project))
	for i := range 4 {
		before, interactive := len(other.Seen()), i%2 == 0
		out := filepath.Join(w.Project, "listed")
		inside := fmt.Sprintf("ls /dev/pts >%s; for n in 1 2 3 4 5 6 7 8 9 %s; do echo written >/dev/pts/$n; done; stat -c %%t:%%T /dev/pts/0", out, filepath.Base(name))
		command := []string{testenv.JailBin, "run", "--profile", "default", "--write", w.Project}
		if i >= 2 {
			command = entering
		}
		command = append(slices.Clone(command), "sh", "-c", inside)
		want := "0\nptmx\n"
		if interactive {
			w.Terminal(command...).Ends()
		} else {
			w.Host(command...)
			want = "ptmx\n"
		}
		if got := w.Read(out); got != want {
			t.Errorf("%q, interactive %v: /dev/pts holds %q, want %q", command[:2], interactive, got, want)
		}
		time.Sleep(50 * time.Millisecond)
		if rest := other.Seen()[before:]; rest != "" {
			t.Errorf("%q, interactive %v: the other terminal shows %q", command[:2], interactive, rest)
		}
	}
	// No profile can show it, but the caller can pass it on.
	if r := w.Jail("run", "--profile", "default", "--write", name, "true"); r.Status != 125 {
		t.Errorf("with %s granted: exit status %d\n%s", name, r.Status, r.Output())
	}
	before := len(other.Seen())
	w.Host("sh", "-c", fmt.Sprintf("%s run --profile default sh -c 'echo passed >&0' <>%s", testenv.JailBin, name))
	if !testenv.Eventually(func() bool { return strings.Contains(other.Seen()[before:], "passed") }) {
		t.Errorf("a terminal that is passed on can't be written: the test proves nothing")
	}
}
