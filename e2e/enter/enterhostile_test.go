package enter

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// caught is what the hostile processes of the probe print.
type caught struct {
	Processes, Secrets, Attached, BeforeRun int
	Exes, Early                             map[string]int
	Writable                                []string
}

// enters is how often a jail with a hostile process in it is entered.
func enters() int { return testenv.Rounds(30, 200) }

// hostile starts a jail with a hostile act of the probe in it, enters the jail
// many times, and returns what that got hold of. The binary under test belongs
// to the user and can be written by them, as one in ~/bin. Processes on their way
// in have its name, jail.
func hostile(t *testing.T, flags []string, act ...string) (got caught, binary string) {
	t.Helper()
	w := testenv.NewWorld(t)
	program := filepath.Join(w.Root, "program")
	binary = w.InstallJail(program)
	before := testenv.Snap(t, program)
	w.Env = append(w.Env, "SECRET="+w.Canary)
	stop, out := filepath.Join(w.Project, "stop"), filepath.Join(w.Project, "out")
	for i := range act {
		act[i] = strings.NewReplacer("STOP", stop, "MARK", "SECRET").Replace(act[i])
	}
	script := "\"$@\" >" + out + ".new; mv " + out + ".new " + out
	args := append([]string{"--profile", "default", "--read", testenv.BinDir, "--write", w.Project}, flags...)
	j := w.Runs(append(args, append([]string{"sh", "-c", script, "sh", testenv.ProbeBin}, act...)...)...)
	for range enters() {
		if r := w.Host(binary, "enter", j.ID, "sleep", "0.005"); r.Status != 0 {
			t.Fatalf("status %d: %s", r.Status, r.Stderr)
		}
	}
	w.Write(stop, "")
	if !j.Ends() {
		t.Fatal("the watcher does not end")
	}
	if err := json.Unmarshal([]byte(w.Read(out)), &got); err != nil {
		t.Fatalf("%v\n%s", err, w.Read(filepath.Join(w.Root, "jail.log")))
	}
	before.Unchanged(t)
	return got, binary
}

// P1 and P2: a watcher inside never gets hold of the binary of jail, nor of
// anything of a process that is on its way in. What a watcher finds when the guard
// is off, and that it finds it, is in package jail: TestEnteringIsNonDumpable.
func TestP1WatcherFindsNothing(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	for _, flags := range [][]string{nil, {"--share", "pid"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			t.Parallel()
			watcherFindsNothing(t, flags)
		})
	}
}

func watcherFindsNothing(t *testing.T, flags []string) {
	t.Helper()
	got, binary := hostile(t, flags, "overwrite", "STOP", "MARK", "jail")
	if flags != nil {
		// With the host's process numbers it sees the caller's process too,
		// whose command line everybody may read.
		delete(got.Early, "cmdline")
	}
	if len(got.Exes) == 0 || got.Processes < enters()/2 {
		t.Fatalf("the test is void: the watcher saw %+v", got)
	}
	for exe := range got.Exes {
		if strings.Contains(exe, filepath.Dir(filepath.Dir(binary))) || testenv.IsJail(exe) {
			t.Errorf("the watcher got hold of %s", exe)
		}
	}
	if len(got.Writable) > 0 || got.Secrets > 0 || len(got.Early) > 0 {
		t.Errorf("the watcher wrote %q, read the secret %d times, and reached into processes on their way in: %v", got.Writable, got.Secrets, got.Early)
	}
}

// The same watcher outside of the jail, where it may: it gets hold of the
// binary.
func TestP1WatcherSeesOutside(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	stop := filepath.Join(w.Project, "stop")
	watcher := w.Command(testenv.ProbeBin, "watch", stop, w.Canary, "no such name")
	var out bytes.Buffer
	watcher.Stdout = &out
	if err := watcher.Start(); err != nil {
		t.Fatal(err)
	}
	j := w.Runs("--profile", "default", "sleep", "600")
	for range 20 {
		j.Enter("sleep", "0.01")
	}
	w.Write(stop, "")
	_ = watcher.Wait()
	var got caught
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(got.Exes)), testenv.IsJail) {
		t.Errorf("outside, the watcher saw only %v", got.Exes)
	}
}

// P3: who traces every process of a jail as soon as the kernel lets them gets
// none before it has executed its program.
func TestP3TracerComesTooLate(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	// Landlock alone keeps a tracer from whoever enters, also later.
	got, _ := hostile(t, []string{"--allow-syscall", "ptrace"}, "seize", "STOP", "jail")
	if got.BeforeRun > 0 {
		t.Errorf("with Landlock, %d processes were traced before they were the program", got.BeforeRun)
	}
	got, _ = hostile(t, []string{"--allow-syscall", "ptrace", "--set", "landlock.use=off"}, "seize", "STOP", "jail")
	if got.Attached < enters()/4 {
		t.Fatalf("the test is void: only %d processes were traced", got.Attached)
	}
	if got.BeforeRun > 0 {
		t.Errorf("%d of %d processes were traced before they were the program", got.BeforeRun, got.Attached)
	}
}

// throughProc finds paths that lead into another process's files.
var throughProc = regexp.MustCompile(`"/proc/\d+/(root|cwd|exe|fd|task|map_files)`)

// pinned finds what the process that enters may do in the jail by name: go to
// a directory, and hold files for the rules of Landlock, which are opened with
// O_PATH and never read.
var pinned = regexp.MustCompile(`^(chdir|chroot|openat2)\(|^openat\(.*\|O_PATH|\+\+\+|---`)

// resumed is the second half of a call in a log of strace, which cuts one in
// two when another thread comes between.
var resumed = regexp.MustCompile(`^<\.\.\. \w+ resumed>`)

// whole reads threads and their calls from a log of strace.
func whole(log string) (calls [][2]string) {
	begun := map[string]int{} // by thread, the call that was cut
	for line := range strings.Lines(log) {
		thread, call, _ := strings.Cut(line, " ")
		call = strings.TrimSpace(call)
		if half := resumed.FindString(call); half != "" {
			calls[begun[thread]][1] += call[len(half):]
			continue
		}
		first, cut := strings.CutSuffix(call, " <unfinished ...>")
		if cut {
			begun[thread] = len(calls)
		}
		calls = append(calls, [2]string{thread, first})
	}
	return calls
}

// P7: a jail may have a root directory full of traps. Nothing of it is opened
// or looked up by the command that enters, lists, inspects or stops.
func TestP7NothingInsideIsTrusted(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "strace")
	w := testenv.NewWorld(t)
	root := filepath.Join(w.Root, "rootfs")
	for _, name := range []string{"etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/ld.so.preload", "etc/ld.so.cache", "etc/localtime", "etc/hosts", "bin/sh", "usr/share/locale/x"} {
		w.Write(filepath.Join(root, name), w.Canary)
	}
	for _, dir := range []string{"proc", "dev", "tmp", testenv.BinDir} {
		w.Mkdir(filepath.Join(root, dir))
	}
	// The program is looked for on the host, and is another one inside.
	data, err := os.ReadFile(testenv.ProbeBin)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, testenv.ProbeBin), data, 0o755); err != nil {
		t.Fatal(err)
	}
	profile := w.Profile("filesystem: {root: " + root + ", read: [" + testenv.BinDir + "]}\nenvironment: {keep: [PATH]}\nsyscalls: {default: allow}\n")
	w.Env = append(w.Env, "SHELL=/bin/sh", "PATH=/usr/local/bin:"+testenv.BinDir)
	j := w.Runs("--profile", profile, testenv.ProbeBin, "watch", "/no/stop", "x", "x")
	for _, args := range [][]string{
		{"ps"}, {"inspect", j.ID}, {"enter", j.ID, testenv.ProbeBin}, {"enter", j.ID, "probe"}, {"enter", j.ID, "--", testenv.ProbeBin}, {"enter", j.ID}, {"stop", j.ID},
	} {
		log := filepath.Join(w.Root, "trace")
		w.Env = append(w.Env, "PATH=/usr/local/bin:/usr/bin:/bin:"+testenv.BinDir)
		traced := append([]string{"strace", "-f", "-s", "4096", "-e", "trace=%file,setns", "-o", log, testenv.JailBin}, args...)
		status, shown := 0, ""
		if slices.Contains(args, "--") { // this time at a terminal
			p := w.Terminal(traced...)
			status, shown = p.Ends(), p.Seen()
		} else {
			r := w.Host(traced...)
			status, shown = r.Status, r.Output()
		}
		if args[0] == "enter" && len(args) > 2 && status != 0 {
			t.Errorf("%q: status %d, %s", args, status, shown)
		}
		if terminals := strings.Contains(w.Read(log), "openat2(AT_FDCWD, "); terminals != slices.Contains(args, "--") {
			t.Errorf("%q: a terminal was made: %v", args, terminals)
		}
		inside := map[string]bool{} // threads in the jail's mount namespace
		known := map[string]bool{}
		executed := map[string]bool{}
		calls := 0
		for _, line := range whole(w.Read(log)) {
			thread, call := line[0], line[1]
			calls++
			if !known[thread] && len(inside) > 0 {
				// The program's process, forked by the one that joined; what
				// comes after it, the program has started.
				executed[thread] = len(inside) > 1
				inside[thread] = len(inside) == 1
			}
			known[thread] = true
			switch {
			case executed[thread]: // it is the program
			case strings.HasPrefix(call, "<... "): // the end of a call that was looked at when it began
				executed[thread] = strings.HasPrefix(call, "<... execve resumed>") && strings.HasSuffix(strings.TrimSpace(call), "= 0")
			case strings.HasPrefix(call, "setns("):
				if strings.Contains(call, "CLONE_NEWNS") {
					inside[thread] = true
				}
			case strings.HasPrefix(call, "execve("):
				executed[thread] = strings.HasSuffix(call, "= 0") && calls > 1
			case inside[thread] && pinned.MatchString(call): // by a process that the kernel shows to nobody; nothing is read
			case inside[thread]:
				t.Errorf("%q: in the jail, before the program: %s", args, call)
			case strings.Contains(call, root), throughProc.MatchString(call):
				t.Errorf("%q: outside: %s", args, call)
			}
		}
		if calls < 10 || args[0] == "enter" && len(inside) < 2 {
			t.Errorf("%q: the test is void: %d calls", args, calls)
		}
	}
}
