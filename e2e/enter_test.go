package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// enter runs a program in the jail.
func (j *runningJail) enter(args ...string) *result {
	j.w.t.Helper()
	return j.w.jail(append([]string{"enter", j.id}, args...)...)
}

// enters starts a jail with these flags and returns the command that enters it.
func (w *world) enters(flags ...string) string {
	w.t.Helper()
	return jailBin + " enter " + w.runs(append(flags, "sleep", "600")...).id
}

// starts are the commands that begin a program in a jail with these flags.
func (w *world) starts(flags ...string) []string {
	w.t.Helper()
	return []string{jailBin + " run " + strings.Join(flags, " "), w.enters(flags...)}
}

// kernelView is what the kernel says, outside, about a process.
type kernelView map[string]string

// viewOf reads what has to be equal for two processes that are confined
// alike.
func viewOf(pid int) kernelView {
	v := kernelView{}
	status := statusOf(pid)
	for _, field := range []string{
		"Uid", "Gid", "Groups", "Umask", "NoNewPrivs", "Seccomp", "Seccomp_filters", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
		"SigBlk", "SigIgn", "Speculation_Store_Bypass", "SpeculationIndirectBranch", "Cpus_allowed", "Mems_allowed", "THP_enabled", "CoreDumping",
	} {
		v[field] = status[field]
	}
	for _, kind := range []string{"user", "mnt", "pid", "pid_for_children", "ipc", "uts", "cgroup", "net", "time", "time_for_children"} {
		v["ns/"+kind], _ = os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
	}
	for _, file := range []string{"limits", "cgroup", "oom_score_adj", "mountinfo", "environ", "uid_map", "gid_map", "setgroups", "personality"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		if err != nil {
			text = []byte(err.Error())
		}
		v[file] = string(text)
	}
	for _, link := range []string{"cwd", "root"} {
		v[link], _ = os.Readlink(fmt.Sprintf("/proc/%d/%s", pid, link))
	}
	return v
}

// differences names what differs.
func (v kernelView) differences(other kernelView) []string {
	var names []string
	for name := range v {
		if v[name] != other[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// P5: an entered process is confined like the jail's program, field by field.
func TestP5Equal(t *testing.T) {
	w := newWorld(t)
	control := w.command("sleep", "600")
	if err := control.Start(); err != nil {
		t.Fatal(err)
	}
	defer control.Wait()
	defer control.Process.Kill()
	for _, flags := range [][]string{
		nil,
		nil, // once more, from a warm cache
		{"--user", "root"},
		{"--user", "nobody", "--hostname", "other"},
		{"--network", "host"},
		{"--keep-cap", "net_bind_service", "--keep-cap", "chown"},
		{"--share", "pid"},
		{"--share", "ipc", "--share", "uts", "--share", "cgroup"},
		{"--nested-userns", "--allow-syscall", "@sandbox"},
		processLimit("--open-files", "77", "--file-size", "1M"),
		{"--home", "private", "--env", "A=b", "--write", w.project},
		{"--set", "syscalls.default=allow"},
		{"--set", "namespaces.time=true"},
	} {
		j := w.runs(append(append([]string{"--profile", "default"}, flags...), "sleep", "600")...)
		cmd := w.command(jailBin, "enter", j.id, "sleep", "600")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		entered := 0
		if !eventually(func() bool {
			for _, pid := range descendants(cmd.Process.Pid) {
				if commandLine(pid) == "sleep 600 " {
					entered = pid
				}
			}
			return entered != 0
		}) {
			t.Fatalf("with %q: the entered process is not found", flags)
		}
		first, second := viewOf(j.main), viewOf(entered)
		if names := first.differences(second); len(names) > 0 {
			for _, name := range names {
				t.Errorf("with %q, %s:\n%q, and of the entered process\n%q", flags, name, first[name], second[name])
			}
		}
		// The comparison has teeth: of a process that is in no jail, nearly
		// all of it differs.
		outside := viewOf(control.Process.Pid)
		for _, name := range []string{"CapBnd", "NoNewPrivs", "Seccomp", "ns/user", "ns/mnt", "limits", "mountinfo", "oom_score_adj", "uid_map"} {
			if os.Getuid() != 0 && first[name] == outside[name] {
				t.Errorf("the test is void: %s is %q outside as well", name, outside[name])
			}
		}
		w.succeeds("stop", "--grace", "0s", j.id)
		_ = cmd.Wait()
		if status := cmd.ProcessState.ExitCode(); status != 128+9 || !j.waits(5*time.Second) {
			t.Errorf("the jail was killed, and jail enter exits with %d", status)
		}
	}
	nothingRuns(t)
}

// processLimit adds a limit on processes to flags. Root's are counted by
// control groups alone, which there need not be.
func processLimit(flags ...string) []string {
	if os.Getuid() == 0 {
		return flags
	}
	return append(flags, "--processes", "99")
}

// What can't be done in a jail can't be done by who enters it.
func TestEnterIsConfined(t *testing.T) {
	w := newWorld(t)
	narrow := w.runs("--profile", "default", "sleep", "600")
	wide := w.runs("--profile", "default", "--read", w.home, "--write", w.project, "--network", "host", "--nested-userns", "--allow-syscall", "unshare", "sleep", "600")
	for _, script := range []string{
		"cat '" + filepath.Join(w.home, "Documents/diary.txt") + "'",
		"echo x >'" + filepath.Join(w.project, "written") + "'",
		"test $(tail -n +3 /proc/net/dev | wc -l) -gt 1",
		"unshare --user true",
	} {
		if r := w.host("sh", "-c", script); r.status != 0 {
			t.Fatalf("without jail, %q: %d\n%s", script, r.status, r.output())
		}
		if r := narrow.enter("sh", "-c", script); r.status == 0 || r.status == 125 {
			t.Errorf("in the jail, %q: %d\n%s", script, r.status, r.output())
		}
		if r := wide.enter("sh", "-c", script); r.status != 0 {
			t.Errorf("in the wider jail, %q: %d\n%s", script, r.status, r.output())
		}
	}
}

// The profile may change while the jail runs; who enters is confined as the
// jail is.
func TestEnterAsLaunched(t *testing.T) {
	w := newWorld(t)
	profile := w.profile("extends: [cli]\nenvironment: {keep: [FIRST], set: {SET: old}}\n")
	j := w.runs("--profile", profile, "sleep", "600")
	w.profile("extends: [cli]\nfilesystem: {read: [~]}\nenvironment: {keep: [SECOND], set: {SET: new}}\nsyscalls: {default: allow}\n")
	w.env = append(w.env, "FIRST=1", "SECOND=2")
	if r := j.enter("sh", "-c", "echo $FIRST,$SECOND,$SET; cat ~/"+canaries[0]); r.stdout != "1,,old\n" || r.status != 1 {
		t.Errorf("status %d, %s", r.status, r.output())
	}
}

func TestEnter(t *testing.T) {
	w := newWorld(t)
	j := w.runs("--profile", "default", "--read", binDir, "sh", "-c", "echo the same >/tmp/file; exec sleep 600")
	for _, c := range []struct {
		args []string
		want int
		out  string
	}{
		{[]string{"true"}, 0, ""},
		{[]string{"sh", "-c", "exit 77"}, 77, ""},
		{[]string{"sh", "-c", "kill -9 $$"}, 128 + 9, ""},
		{[]string{"--", "echo", "--json", "-x"}, 0, "--json -x\n"},
		{[]string{"no-such-program"}, 127, ""},
		{[]string{"/no/such/program"}, 127, ""},
		{[]string{"/etc/passwd"}, 126, ""},
		{[]string{"/usr"}, 126, ""},
		{[]string{"cat", "/tmp/file"}, 0, "the same\n"},
		{[]string{"sh", "-c", "tail -n +3 /proc/net/dev | cut -d: -f1"}, 0, "    lo\n"},
		{[]string{"pwd"}, 0, w.home + "\n"},
		{[]string{"sh", "-c", "echo $$ $PPID"}, 0, ""},
	} {
		r := j.enter(c.args...)
		if r.status != c.want || c.out != "" && r.stdout != c.out {
			t.Errorf("%q: status %d, want %d\n%s", c.args, r.status, c.want, r.output())
		}
		if (c.want == 126 || c.want == 127) && !strings.HasPrefix(r.stderr, "jail: error: ") {
			t.Errorf("%q: %s", c.args, r.stderr)
		}
	}
	// Another program has a directory of PATH that comes first.
	w.env = append(w.env, "PATH=/no/such/dir:/etc/passwd:"+os.Getenv("PATH"))
	if r := j.enter("echo", "found"); r.stdout != "found\n" {
		t.Errorf("status %d, %s", r.status, r.output())
	}
	// Without a program it is the user's shell, if the jail has it.
	w.stdin = "readlink /proc/$$/exe; exit 5\n"
	for _, c := range []struct{ shell, want string }{
		{"/bin/bash", "bash"}, {filepath.Join(w.home, "no-shell"), "sh"}, {"", "sh"}, {"sh", "sh"},
	} {
		w.env = append(w.env, "SHELL="+c.shell)
		shell, err := filepath.EvalSymlinks("/bin/" + c.want)
		if err != nil {
			t.Fatal(err)
		}
		if r := j.enter(); r.status != 5 || r.stdout != shell+"\n" && r.stdout != "/bin/"+c.want+"\n" {
			t.Errorf("the shell %q: status %d, %s", c.shell, r.status, r.output())
		}
	}
	// A signal reaches the entered program, which may handle it.
	w.stdin = ""
	cmd := w.command(jailBin, "enter", j.id, "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.02; done")
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
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 9 {
		t.Errorf("after SIGTERM: %v", cmd.ProcessState)
	}
	// It dies with who entered.
	cmd = w.command(jailBin, "enter", j.id, "sleep", "601")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	entered := func() bool { return strings.Contains(j.enter("sh", "-c", "cat /proc/*/cmdline").stdout, "601") }
	if !eventually(entered) {
		t.Error("the entered program does not run")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if !eventually(func() bool { return !entered() }) {
		t.Error("the entered program outlived who entered")
	}
}

// E1 and F1 for who enters: exactly the kept variables, and no descriptor but
// the standard ones.
func TestEnterLeaksNothing(t *testing.T) {
	w := newWorld(t)
	j := w.runs("--profile", "default", "--read", binDir, "sleep", "600")
	file, err := os.Open(filepath.Join(w.home, canaries[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	dir, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for i := range 300 {
		w.env = append(w.env, fmt.Sprintf("CANARY_%d_TOKEN=%s", i, w.canary))
	}
	probe := func(argv ...string) *facts {
		cmd := w.command(argv...)
		cmd.ExtraFiles = []*os.File{dir, file, nil, dir}
		return parseFacts(t, w.finish(cmd).stdout)
	}
	outside, inside := probe(probeBin), probe(jailBin, "enter", j.id, probeBin)
	launched := w.probe("--profile", "default")
	if len(outside.Env) < 300 || len(outside.Descriptors) < 6 {
		t.Fatalf("outside there are %d variables, the descriptors %v; the test is void", len(outside.Env), outside.Descriptors)
	}
	slices.Sort(inside.Env)
	slices.Sort(launched.Env)
	if !slices.Equal(inside.Env, launched.Env) {
		t.Errorf("entered, the environment is %q, launched %q", inside.Env, launched.Env)
	}
	if len(inside.Descriptors) != 3 {
		t.Errorf("entered, the descriptors are %v", inside.Descriptors)
	}
}

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

// P8: there is no entry point of jail's own that somebody could call by hand.
func TestP8NoHiddenVerbs(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"__init", "__child", "child", "reaper", "joiner", "_enter", "setns"} {
		if r := w.jail(name); r.status != 127 {
			t.Errorf("jail %s: status %d, %s", name, r.status, r.output())
		}
		cmd := w.command(jailBin, "true")
		cmd.Args[0] = name // nor by the name that it is called by
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("as %s: %v, %s", name, err, out)
		}
	}
	for _, args := range [][]string{{"enter"}, {"enter", ""}, {"enter", "--"}, {"stop"}, {"inspect"}, {"stop", "--grace", "-1s", "x"}} {
		if r := w.jail(args...); r.status != 125 {
			t.Errorf("%q: status %d, %s", args, r.status, r.output())
		}
	}
	nothingRuns(t)
}

// Who has other groups than the launcher had can't enter: they can't be given
// up inside.
func TestEnterWithOtherGroups(t *testing.T) {
	if os.Getuid() != 0 {
		w := newWorld(t)
		j := w.runs("--profile", "default", "sleep", "600")
		// The record of a launcher with other groups, which an ordinary user
		// can't have in a test: the number of groups is changed in the record.
		record := filepath.Join(w.root, "run/jail", j.id)
		if r := j.enter("id", "-G"); r.status != 0 || r.stdout != groupsOf(t) {
			t.Errorf("status %d: %s, want %s", r.status, r.output(), groupsOf(t))
		}
		if info, err := os.Stat(record); err != nil || info.Mode() != 0o600 {
			t.Errorf("the record is %v, %v", info, err)
		}
		return
	}
	w := newWorld(t)
	j := w.runs("--profile", "default", "sleep", "600")
	cmd := w.command(jailBin, "enter", j.id, "true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 0, Gid: 0, Groups: []uint32{4242}}}
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "groups") {
		t.Errorf("%v: %s", err, out)
	}
}

// groupsOf is what id -G prints in a jail: the one mapped group, and the
// overflow group for all others.
func groupsOf(t *testing.T) string {
	t.Helper()
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	out := []string{strconv.Itoa(os.Getgid())}
	for _, g := range groups {
		if g != os.Getgid() && !slices.Contains(out, "65534") {
			out = append(out, "65534")
		}
	}
	return strings.Join(out, " ") + "\n"
}
