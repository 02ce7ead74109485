package lifecycle

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

func TestExitStatus(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for status := 0; status < 256; status += testenv.Rounds(15, 1) {
		if r := w.Jail("run", "--profile", "default", "sh", "-c", "exit "+strconv.Itoa(status)); r.Status != status {
			t.Errorf("exit %d came back as %d", status, r.Status)
		}
	}
}

func TestExitStatusOfASignal(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, sig := range []syscall.Signal{
		unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGILL, unix.SIGTRAP, unix.SIGABRT, unix.SIGBUS, unix.SIGFPE, unix.SIGKILL,
		unix.SIGUSR1, unix.SIGSEGV, unix.SIGUSR2, unix.SIGPIPE, unix.SIGALRM, unix.SIGTERM, unix.SIGXCPU, unix.SIGSYS, 34, 64,
	} {
		script := fmt.Sprintf("kill -%d $$; exit 3", sig)
		if r := w.Jail("run", "--profile", "default", "sh", "-c", script); r.Status != 128+int(sig) {
			t.Errorf("death by %v came back as %d, want %d", sig, r.Status, 128+int(sig))
		}
	}
}

func TestExitStatusOfJail(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Project, "text"), "not a program\n")
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"run", "--profile", "default", "no-such-program"}, 127},
		{[]string{"run", "--profile", "default", "/no/such/program"}, 127},
		{[]string{"run", "--profile", "default", "--read", w.Project, "./text"}, 126},
		{[]string{"run", "--profile", "default", "/usr"}, 126},
		{[]string{"run", "--profile", "no-such-profile", "true"}, 125},
		{[]string{"run", "--no-such-flag", "true"}, 125},
		{[]string{"run"}, 125},
		{[]string{"run", "--profile", "default", "--read", "/no/such/path", "true"}, 125},
		{[]string{"run", "--profile", "default", "--time", "1s", "sleep", "60"}, 124},
	} {
		r := w.Jail(c.args...)
		if r.Status != c.want {
			t.Errorf("jail %q: exit status %d, want %d\n%s", c.args, r.Status, c.want, r.Output())
		}
		if !strings.HasPrefix(r.Stderr, "jail: ") || r.Stdout != "" {
			t.Errorf("jail %q printed %q and %q, want a message that begins with jail:", c.args, r.Stdout, r.Stderr)
		}
	}
	w.NothingRuns()
}

// A launcher that is killed at any moment, also before there is a plan,
// leaves no process behind.
func TestKilledLauncherLeavesNothing(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	for delay := range 40 {
		cmd := w.Command(testenv.JailBin, "run", "--profile", "default", "sleep", "600")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(delay) * 500 * time.Microsecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	w.NothingRuns()
}

// Descriptors of the caller are not passed on, whatever they are.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	dir, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	file, err := os.Open(filepath.Join(w.Home, testenv.Canaries[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	count := func(argv ...string) []int {
		cmd := w.Command(argv...)
		cmd.ExtraFiles = []*os.File{dir, file, nil, dir, file}
		var got []int
		for fd := range testenv.ParseFacts(t, w.Finish(cmd).Stdout).Descriptors {
			got = append(got, fd)
		}
		slices.Sort(got)
		return got
	}
	if got := count(testenv.ProbeBin); len(got) < 7 {
		t.Fatalf("outside, the probe has the descriptors %v; the test is void", got)
	}
	if got := count(testenv.JailBin, "run", "--profile", "default", "--read", testenv.BinDir, testenv.ProbeBin); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("in the jail, the probe has the descriptors %v", got)
	}
}

// With standard descriptors closed, nothing of the launcher's takes their
// place in the program.
func TestClosedStandardDescriptors(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, closed := range []string{"<&-", ">&-", "2>&-", "<&- >&- 2>&-"} {
		out := filepath.Join(w.Project, "seen")
		inner := `for fd in 0 1 2 3 4 5 6 7 8 9; do if [ -e /proc/$$/fd/$fd ]; then echo $fd $(readlink /proc/$$/fd/$fd); fi; done`
		script := fmt.Sprintf("'%s' run --profile default --write '%s' sh -c '%s' seen %s", testenv.JailBin, w.Project, "("+inner+") >"+out, closed)
		if r := w.Host("sh", "-c", script); r.Status != 0 {
			t.Errorf("%s: exit status %d\n%s", closed, r.Status, r.Output())
			continue
		}
		for line := range strings.Lines(w.Read(out)) {
			fd, target, _ := strings.Cut(strings.TrimSpace(line), " ")
			if fd > "2" || !strings.HasPrefix(target, "pipe:") && target != "/dev/null" {
				t.Errorf("%s: descriptor %s is %s", closed, fd, target)
			}
		}
	}
}

func TestWorkingDirectory(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--write", w.Project}, w.Project},
		{[]string{"--read", w.Home}, w.Project},
		{nil, w.Project}, // an empty directory in an empty home
		{[]string{"--home", "host"}, w.Project},
	} {
		if f := w.Probe(append([]string{"--profile", "default"}, c.flags...)...); f.Cwd != c.want {
			t.Errorf("with %q the working directory is %s, want %s", c.flags, f.Cwd, c.want)
		}
	}
}

// A signal to the launcher reaches the program, which may handle it.
func TestSignalsAreForwarded(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGINT} {
		script := fmt.Sprintf("trap 'echo got it; exit 7' %d; echo ready; while :; do sleep 0.05; done", sig)
		cmd := w.Command(testenv.JailBin, "run", "--profile", "default", "sh", "-c", script)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 6)
		if _, err := out.Read(buf); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		rest := make([]byte, 64)
		n, _ := out.Read(rest)
		_ = cmd.Wait()
		if cmd.ProcessState.ExitCode() != 7 || string(rest[:n]) != "got it\n" {
			t.Errorf("%v: exit status %d, printed %q", sig, cmd.ProcessState.ExitCode(), rest[:n])
		}
	}
}

// When the launcher is killed, nothing of its jail lives on, however it
// tries.
func TestNothingOutlivesTheLauncher(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	mark := "sleep-" + strings.ReplaceAll(w.Canary, "canary-", "")
	sleeper := filepath.Join(w.Project, mark)
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sleeper, data, 0o755); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("trap '' HUP TERM INT; setsid ./%s 600 & (setsid ./%s 600 &) ; ./%s 600 & echo ready; wait", mark, mark, mark)
	cmd := w.Command(testenv.JailBin, "run", "--profile", "default", "--write", w.Project, "sh", "-c", script)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	if !testenv.Eventually(func() bool { return w.Running(mark) == 3 }) {
		t.Errorf("%d sleepers run, want 3", w.Running(mark))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if !testenv.Eventually(func() bool { return w.Running(mark) == 0 }) {
		t.Errorf("%d processes outlived the launcher", w.Running(mark))
	}
}

// The caller's session keyring holds keys; the program gets an empty one.
func TestSessionKeyring(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	runtime.LockOSThread() // the keyring belongs to the thread, which is not used again
	if _, err := unix.KeyctlJoinSessionKeyring("jail-test"); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.AddKey("user", "jail-test-key", []byte(w.Canary), unix.KEY_SPEC_SESSION_KEYRING); err != nil {
		t.Fatal(err)
	}
	if r := w.Host(testenv.ProbeBin, "find-key", "jail-test-key"); r.Status != 0 {
		t.Fatalf("outside, the key is not found: %s", r.Stderr)
	}
	for _, flags := range [][]string{nil, {"--allow-syscall", "@keyring"}} {
		args := append([]string{"run", "--profile", "default", "--read", testenv.BinDir}, flags...)
		if r := w.Jail(append(args, testenv.ProbeBin, "find-key", "jail-test-key")...); r.Status != 1 {
			t.Errorf("%q: the key of the caller is found: exit status %d\n%s", flags, r.Status, r.Stderr)
		}
	}
}

func TestSyscallGuards(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Variants("unshare --user true", []string{"--profile", "default"}, nil, []string{"--nested-userns", "--allow-syscall", "unshare"})
	// Without the filter, the bound on user namespaces still holds.
	if r := w.Jail("run", "--profile", "default", "--allow-syscall", "unshare", "unshare", "--user", "true"); r.Status != 1 || !strings.Contains(r.Stderr, "No space left") {
		t.Errorf("a nested user namespace without the filter: exit status %d\n%s", r.Status, r.Output())
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	f := w.Probe("--profile", "default", "--open-files", "64", "--file-size", "1M")
	for name, want := range map[string]uint64{"core": 1, "open-files": 64, "processes": 4096, "file-size": 1 << 20} {
		if got := f.Limits[name]; got[1] != want {
			t.Errorf("the limit of %s is %v, want %d", name, got, want)
		}
	}
	big := "head -c 2000000 /dev/zero >big"
	w.Variants(big, []string{"--profile", "default", "--write", w.Project}, []string{"--file-size", "1M"}, []string{"--file-size", "3M"})
	if os.Getuid() == 0 {
		return // the kernel counts no processes of root (setrlimit(2))
	}
	many := "for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2 & done; wait"
	r := w.Jail("run", "--profile", "default", "--processes", "5", "sh", "-c", many)
	if r.Status == 0 || !strings.Contains(strings.ToLower(r.Stderr), "fork") {
		t.Errorf("ten processes where five are allowed: exit status %d\n%s", r.Status, r.Output())
	}
	w.Succeeds("run", "--profile", "default", "--processes", "50", "sh", "-c", many)
}

// The init has none of the launcher's handlers for signals, and, as
// far as somebody may look, none of its memory but what they share; also where
// clone3 is refused. With a C library only the heap is kept from it, which
// TestHeapStaysHere in package jail looks for.
func TestInitIsBare(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, around := range [][]string{nil, {testenv.ProbeBin, "without-clone3"}, {testenv.ProbeBin, "forbidden-clone3"}} {
		if len(around) > 0 && around[1] == "forbidden-clone3" && withLibrary(t) {
			continue // the C library itself cannot start threads there
		}
		cmd := w.Command(slices.Concat(around, []string{testenv.JailBin, "run", "--profile", "default", "sh", "-c", "exec sleep 60"})...)
		testenv.Must(t, cmd.Start())
		var below []int
		if !testenv.Eventually(func() bool {
			below = testenv.Descendants(cmd.Process.Pid)
			return len(below) == 2 && strings.HasPrefix(testenv.CommandLine(below[1]), "sleep")
		}) {
			t.Fatalf("after %q, the processes are %v", around, below)
		}
		status := testenv.StatusOf(below[0])
		if strings.Trim(status["SigCgt"]+status["SigBlk"], "0 \t") != "" {
			t.Errorf("after %q, the init catches %s and blocks %s", around, status["SigCgt"], status["SigBlk"])
		}
		if os.Getuid() == 0 && !withLibrary(t) { // nobody else may look
			const own = 2 // the variables of packages, and the page with the command line
			if maps := w.Read("/proc/" + strconv.Itoa(below[0]) + "/maps"); strings.Count(maps, "rw-p 00000000 00:00 0 ") > own {
				t.Errorf("after %q, the init has more memory of its own than its variables:\n%s", around, maps)
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// withLibrary tells whether jail was built with a C library.
func withLibrary(t *testing.T) bool {
	t.Helper()
	info, err := buildinfo.ReadFile(testenv.WholeJail())
	testenv.Must(t, err)
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "CGO_ENABLED", Value: "1"})
}

// TestOtherBuilds launches with what `go build` makes: with cgo, without, and
// position independent, as distributions have it, which a dynamic loader starts.
// What was built without cgo says so where a filter has to be compiled.
func TestOtherBuilds(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	t.Parallel()
	w := testenv.NewWorld(t)
	exe := filepath.Join(w.Root, "jail")
	for _, b := range []struct {
		cgo, mode string
	}{{"1", "exe"}, {"0", "exe"}, {"0", "pie"}} {
		build := exec.Command("go", "build", "-buildmode="+b.mode, "-o", exe, "./cmd/jail")
		build.Dir = testenv.Checkout()
		build.Env = append(os.Environ(), "CGO_ENABLED="+b.cgo)
		if out, err := w.Marked(build).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for range 2 { // without a cache entry, and from one
			if r := w.Host(exe, "run", "--profile", "default", "echo", "printed"); r.Status != 0 || r.Stdout != "printed\n" {
				t.Errorf("%+v: exit status %d\n%s", b, r.Status, r.Output())
			}
		}
		r := w.Host(exe, "run", "--profile", "default", "--deny-syscall", "mkdir", "echo", "printed")
		switch {
		case b.cgo == "1" && r.Stdout != "printed\n":
			t.Errorf("%+v cannot compile a filter: exit status %d\n%s", b, r.Status, r.Output())
		case b.cgo == "0" && (r.Status != 125 || !strings.Contains(r.Stderr, "built without cgo")):
			t.Errorf("%+v compiles a filter: exit status %d\n%s", b, r.Status, r.Output())
		}
	}
}
