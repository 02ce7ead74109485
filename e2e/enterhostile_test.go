package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// caught is what the hostile processes of the probe print.
type caught struct {
	Processes, Secrets, Attached, BeforeRun int
	Exes, Early                             map[string]int
	Writable                                []string
}

// enters is how often a jail with a hostile process in it is entered.
const enters = 200

// hostile starts a jail with a hostile act of the probe in it, enters the jail
// many times, and returns what that got hold of. The binary under test belongs
// to the user and can be written by them, as one in ~/bin.
func hostile(t *testing.T, flags []string, act ...string) (got caught, binary string) {
	t.Helper()
	w := newWorld(t)
	binary = filepath.Join(w.root, "bin", "jail-own")
	data, err := os.ReadFile(jailBin)
	if err != nil {
		t.Fatal(err)
	}
	w.mkdir(filepath.Dir(binary))
	if err := os.WriteFile(binary, data, 0o755); err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, "SECRET="+w.canary)
	stop, out := filepath.Join(w.project, "stop"), filepath.Join(w.project, "out")
	for i := range act {
		act[i] = strings.NewReplacer("STOP", stop, "MARK", "SECRET").Replace(act[i])
	}
	script := "\"$@\" >" + out + ".new; mv " + out + ".new " + out
	args := append([]string{"--profile", "default", "--read", binDir, "--write", w.project}, flags...)
	j := w.runs(append(args, append([]string{"sh", "-c", script, "sh", probeBin}, act...)...)...)
	for range enters {
		if r := w.host(binary, "enter", j.id, "sleep", "0.005"); r.status != 0 {
			t.Fatalf("status %d: %s", r.status, r.stderr)
		}
	}
	w.write(stop, "")
	if !j.waits(10 * time.Second) {
		t.Fatal("the watcher does not end")
	}
	if err := json.Unmarshal([]byte(w.read(out)), &got); err != nil {
		t.Fatalf("%v\n%s", err, w.read(filepath.Join(w.root, "jail.log")))
	}
	if now, err := os.ReadFile(binary); err != nil || sha256.Sum256(now) != sha256.Sum256(data) || !bytes.Equal(now, data) {
		t.Errorf("the binary of jail was changed: %v", err)
	}
	return got, binary
}

// P1 and P2: a watcher inside never gets hold of the binary of jail, nor of
// anything of a process that is on its way in. What a watcher finds when the guard
// is off, and that it finds it, is in package jail: TestEnteringIsOpaque.
func TestP1WatcherFindsNothing(t *testing.T) {
	for _, flags := range [][]string{nil, {"--share", "pid"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) { watcherFindsNothing(t, flags) })
	}
}

func watcherFindsNothing(t *testing.T, flags []string) {
	t.Helper()
	got, binary := hostile(t, flags, "watch", "STOP", "MARK", "jail-own")
	if flags != nil {
		// With the host's process numbers it sees the caller's process too,
		// whose command line everybody may read.
		delete(got.Early, "cmdline")
	}
	if len(got.Exes) == 0 || got.Processes < enters/2 {
		t.Fatalf("the test is void: the watcher saw %+v", got)
	}
	for exe := range got.Exes {
		if strings.Contains(exe, filepath.Base(binary)) || strings.Contains(exe, filepath.Base(jailBin)) {
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
	w := newWorld(t)
	stop := filepath.Join(w.project, "stop")
	watcher := w.command(probeBin, "watch", stop, w.canary, "no such name")
	var out bytes.Buffer
	watcher.Stdout = &out
	if err := watcher.Start(); err != nil {
		t.Fatal(err)
	}
	j := w.runs("--profile", "default", "sleep", "600")
	for range 20 {
		j.enter("sleep", "0.01")
	}
	w.write(stop, "")
	_ = watcher.Wait()
	var got caught
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Exes[jailBin] == 0 {
		t.Errorf("outside, the watcher saw only %v", got.Exes)
	}
}

// P3: who traces every process of a jail as soon as the kernel lets them gets
// none before it has executed its program.
func TestP3TracerComesTooLate(t *testing.T) {
	// Landlock alone keeps a tracer from whoever enters, also later.
	got, _ := hostile(t, []string{"--allow-syscall", "ptrace"}, "seize", "STOP", "jail-own")
	if got.BeforeRun > 0 {
		t.Errorf("with Landlock, %d processes were traced before they were the program", got.BeforeRun)
	}
	got, _ = hostile(t, []string{"--allow-syscall", "ptrace", "--set", "landlock.use=off"}, "seize", "STOP", "jail-own")
	if got.Attached < enters/4 {
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
	need(t, "strace")
	w := newWorld(t)
	root := filepath.Join(w.root, "rootfs")
	for _, name := range []string{"etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/ld.so.preload", "etc/ld.so.cache", "etc/localtime", "etc/hosts", "bin/sh", "usr/share/locale/x"} {
		w.write(filepath.Join(root, name), w.canary)
	}
	for _, dir := range []string{"proc", "dev", "tmp", binDir} {
		w.mkdir(filepath.Join(root, dir))
	}
	// The program is looked for on the host, and is another one inside.
	data, err := os.ReadFile(probeBin)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, probeBin), data, 0o755); err != nil {
		t.Fatal(err)
	}
	profile := w.profile("filesystem: {root: " + root + ", read: [" + binDir + "]}\nenvironment: {keep: [PATH]}\nsyscalls: {default: allow}\n")
	w.env = append(w.env, "SHELL=/bin/sh", "PATH=/usr/local/bin:"+binDir)
	j := w.runs("--profile", profile, probeBin, "watch", "/no/stop", "x", "x")
	for _, args := range [][]string{
		{"ps"}, {"inspect", j.id}, {"enter", j.id, probeBin}, {"enter", j.id, "probe"}, {"enter", j.id, "--", probeBin}, {"enter", j.id}, {"stop", j.id},
	} {
		log := filepath.Join(w.root, "trace")
		w.env = append(w.env, "PATH=/usr/local/bin:/usr/bin:/bin:"+binDir)
		traced := append([]string{"strace", "-f", "-s", "4096", "-e", "trace=%file,setns", "-o", log, jailBin}, args...)
		status, shown := 0, ""
		if slices.Contains(args, "--") { // this time at a terminal
			p := w.terminal(traced...)
			status, shown = p.ends(), p.seen()
		} else {
			r := w.host(traced...)
			status, shown = r.status, r.output()
		}
		if args[0] == "enter" && len(args) > 2 && status != 0 {
			t.Errorf("%q: status %d, %s", args, status, shown)
		}
		if terminals := strings.Contains(w.read(log), "openat2(AT_FDCWD, "); terminals != slices.Contains(args, "--") {
			t.Errorf("%q: a terminal was made: %v", args, terminals)
		}
		inside := map[string]bool{} // threads in the jail's mount namespace
		known := map[string]bool{}
		executed := map[string]bool{}
		calls := 0
		for _, line := range whole(w.read(log)) {
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
