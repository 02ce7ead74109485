package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// runningJail is a jail that runs while a test looks at it.
type runningJail struct {
	w    *world
	cmd  *exec.Cmd
	id   string
	main int // pid of the program
}

// listedJail is what ps --json prints.
type listedJail struct {
	ID, Profile, Program, Since string
	PID                         int
}

// ps lists the jails of this world.
func (w *world) ps() []listedJail {
	w.t.Helper()
	var jails []listedJail
	if err := json.Unmarshal([]byte(w.succeeds("ps", "--json").stdout), &jails); err != nil {
		w.t.Fatal(err)
	}
	return jails
}

// runs starts a jail and returns when it is listed.
func (w *world) runs(args ...string) *runningJail {
	w.t.Helper()
	before := w.ps()
	j := &runningJail{w: w, cmd: w.command(append([]string{jailBin, "run"}, args...)...)}
	j.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.OpenFile(filepath.Join(w.root, "jail.log"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	// Not the file itself, which a jail could open anew, but a pipe.
	out := struct{ io.Writer }{log}
	j.cmd.Stdout, j.cmd.Stderr = out, out
	if err := j.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = j.cmd.Process.Kill()
		_ = j.cmd.Wait()
		_ = log.Close()
	})
	if !within(10*time.Second, func() bool {
		for _, l := range w.ps() {
			if !slices.ContainsFunc(before, func(b listedJail) bool { return b.ID == l.ID }) {
				j.id, j.main = l.ID, l.PID
				return true
			}
		}
		return false
	}) {
		w.t.Fatalf("jail %q is not listed:\n%s", args, w.read(log.Name()))
	}
	return j
}

// waits tells whether the launcher ends within d.
func (j *runningJail) waits(d time.Duration) bool {
	done := make(chan struct{})
	go func() { _ = j.cmd.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

func (w *world) records() []string {
	entries, _ := filepath.Glob(filepath.Join(w.root, "run/jail/*"))
	return entries
}

func TestPs(t *testing.T) {
	w := newWorld(t)
	if r := w.succeeds("ps"); r.output() != "" {
		t.Errorf("without jails it prints %q", r.output())
	}
	a := w.runs("--profile", "default", "sleep", "600")
	b := w.runs("--profile", w.profile("extends: [cli]\n"), "sleep", "600")
	jails := w.ps()
	if len(jails) != 2 {
		t.Fatalf("%d jails are listed, want 2", len(jails))
	}
	for _, l := range jails {
		since, err := time.Parse(time.RFC3339, l.Since)
		if err != nil || time.Since(since) > time.Minute || !strings.HasSuffix(l.Program, "/sleep") || commandLine(l.PID) != "sleep 600 " ||
			l.ID != l.Profile+"-"+strconv.Itoa(l.PID) {
			t.Errorf("listed as %+v, %v", l, err)
		}
	}
	lines := strings.Split(w.succeeds("ps").stdout, "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "ID ") || strings.Fields(lines[1])[1] != "default" || strings.Fields(lines[2])[1] != "test" {
		t.Errorf("the table is %q", lines)
	}
	if names := w.succeeds("ps", "--names").stdout; names != a.id+"\n"+b.id+"\n" {
		t.Errorf("the names are %q", names)
	}
	for _, c := range []struct{ id, message string }{
		{"nosuch", "no jail \"nosuch\" runs"},
		{a.id + "0", "did you mean \"" + a.id + "\"?"},
		{"", "could be " + a.id + ", " + b.id},
	} {
		for _, verb := range []string{"enter", "stop", "inspect"} {
			if r := w.jail(verb, c.id); r.status != 125 || !strings.Contains(r.stderr, c.message) {
				t.Errorf("%s %q: status %d, %s", verb, c.id, r.status, r.stderr)
			}
		}
	}
	w.succeeds("stop", "def")
	if !a.waits(5*time.Second) || a.cmd.ProcessState.ExitCode() != 128+15 {
		t.Errorf("the stopped jail's launcher: %v", a.cmd.ProcessState)
	}
	w.succeeds("stop", b.id)
	if !b.waits(5 * time.Second) {
		t.Error("the other launcher is still there")
	}
	if left := w.records(); len(left) > 0 {
		t.Errorf("there are the records %q", left)
	}
	nothingRuns(t)
}

// T7 of ps and its kin: nothing that they print drives a terminal.
func TestRunningIsEscaped(t *testing.T) {
	w := newWorld(t)
	program := filepath.Join(w.project, "sl\x1b]52;c;x\x07\u202eeep")
	data, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, data, 0o755); err != nil {
		t.Fatal(err)
	}
	profile := filepath.Join(w.root, "profiles", "p\x1b[31m\u0085.yaml")
	w.write(profile, "extends: [cli]\nname: test\n")
	j := w.runs("--profile", profile, "--read", w.project, program, "600")
	for _, args := range [][]string{
		{"ps"}, {"ps", "--json"}, {"ps", "--names"}, {"inspect", j.id}, {"inspect", "--json", j.id}, {"enter", "a\x1bb"}, {"enter", j.id, "a\x1bb"},
	} {
		out := w.jail(args...).output()
		if strings.ContainsAny(out, "\x1b\x07\u202e\u0085") || out == "" {
			t.Errorf("%q prints %q", args, out)
		}
	}
	w.succeeds("stop", j.id)
}

// R8: stop ends a jail in bounded time, whatever its program does about it.
func TestR8Stop(t *testing.T) {
	w := newWorld(t)
	// A name of its own tells the sleepers of this test from others.
	mark := "zz" + strings.ToLower(w.canary[len(w.canary)-8:])
	data, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.project, mark), data, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, script string
		flags        []string
		kill         bool
		stopFirst    bool
	}{
		{"a program that obeys", "trap 'exit 3' TERM; while :; do sleep 0.02; done", nil, false, false},
		{"one that ignores TERM", "trap '' TERM HUP INT; ./SLEEPER 600 & while :; do sleep 0.1; done", nil, true, false},
		{"one that is stopped", "trap 'exit 3' TERM; kill -STOP $$; while :; do sleep 0.02; done", nil, false, false},
		{"a first process that is stopped", "trap '' TERM; kill -STOP 1; while :; do sleep 0.1; done", nil, true, true},
		{"daemons", "trap '' TERM; for i in 1 2 3 4 5; do setsid sh -c \"trap '' TERM; ./SLEEPER 600 & ./SLEEPER 600\" & done; while :; do sleep 0.1; done", nil, true, false},
		{"zombies", "trap '' TERM; for i in $(seq 300); do sh -c 'sleep 0 & exec ./SLEEPER 600' & done; while :; do sleep 0.1; done", nil, true, false},
		{"process numbers of the host", "trap '' TERM; setsid ./SLEEPER 600 & while :; do sleep 0.1; done", []string{"--share", "pid"}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			j := w.runs(append(append([]string{"--profile", "default", "--read", w.project}, c.flags...), "sh", "-c", strings.ReplaceAll(c.script, "SLEEPER", mark))...)
			first := parentOf(j.main)
			time.Sleep(200 * time.Millisecond) // until the script has set its traps
			if c.stopFirst {
				if err := unix.Kill(first, unix.SIGSTOP); err != nil {
					t.Fatal(err)
				}
			}
			if strings.Contains(c.script, "SLEEPER") && !eventually(func() bool { return running(mark) > 0 }) {
				t.Error("the test is void: no sleeper runs")
			}
			began := time.Now()
			r := w.jail("stop", "--grace", "400ms", j.id)
			if took := time.Since(began); r.status != 0 || took > 5*time.Second || strings.Contains(r.stderr, "was killed") != c.kill {
				t.Errorf("it took %v: status %d, %s", took, r.status, r.stderr)
			}
			if !j.waits(5 * time.Second) {
				t.Error("the launcher is still there")
			}
			nothingRuns(t)
			if left := running(mark); left > 0 && !eventually(func() bool { return running(mark) == 0 }) {
				t.Errorf("%d of the jail's processes are left", left)
			}
			if left := w.records(); len(left) > 0 {
				t.Errorf("there are the records %q", left)
			}
		})
	}
}

// The record of a launcher that was killed is swept, and nobody is taken for
// its jail.
func TestKilledLauncherIsSwept(t *testing.T) {
	w := newWorld(t)
	j := w.runs("--profile", "default", "sleep", "600")
	if err := j.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = j.cmd.Wait()
	if !eventually(func() bool { return !exists(fmt.Sprintf("/proc/%d", j.main)) }) {
		t.Fatal("the program outlived its launcher")
	}
	if left := w.records(); len(left) != 1 {
		t.Errorf("the test is void: there are the records %q", left)
	}
	if r := w.jail("stop", j.id); r.status != 125 || !strings.Contains(r.stderr, "no jail") {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	if left := w.records(); len(left) > 0 {
		t.Errorf("there are the records %q", left)
	}
}

func TestInspect(t *testing.T) {
	w := newWorld(t)
	j := w.runs("--profile", "default", "--user", "root", "--keep-cap", "net_bind_service", "--open-files", "77", "sh", "-c", "sleep 600 & wait")
	eventually(func() bool { return len(descendants(j.main)) == 1 })
	type side struct {
		UID, PID     int
		Capabilities []string
		BoundingSet  []string
		Root         struct {
			Type, Options string
			Mounts        int
		}
		Processes  []struct{ Name string }
		Interfaces []string
		Limits     []struct{ Name, Soft string }
		NoNewPrivs bool
		Filters    int `json:"syscallFilters"`
		Namespaces map[string]uint64
	}
	var got struct {
		ID              string
		Inside, Outside side
	}
	if err := json.Unmarshal([]byte(w.succeeds("inspect", "--json", j.id).stdout), &got); err != nil {
		t.Fatal(err)
	}
	in, out := got.Inside, got.Outside
	seen := w.succeeds("enter", j.id, "sh", "-c", "cat /proc/net/dev | tail -n +3 | cut -d: -f1; echo pids /proc/[0-9]*; wc -l </proc/self/mountinfo; id -u").stdout
	lines := strings.Split(strings.TrimSpace(seen), "\n")
	if got.ID != j.id || in.UID != 0 || lines[len(lines)-1] != "0" || out.UID != os.Getuid() || in.PID != 2 || !slices.Equal(in.Capabilities, []string{"net_bind_service"}) {
		t.Errorf("inside is %+v, and the program says %q", in, lines)
	}
	if in.Root.Type != "tmpfs" || !strings.HasPrefix(in.Root.Options, "ro") || strconv.Itoa(in.Root.Mounts) != lines[len(lines)-2] || out.Root.Mounts == in.Root.Mounts {
		t.Errorf("the roots are %+v and %+v; inside there are %s mounts", in.Root, out.Root, lines[len(lines)-2])
	}
	// The entered shell and its commands are gone by now.
	if len(in.Processes) != 3 || len(out.Processes) <= 3 || !strings.Contains(seen, "pids /proc/1 /proc/2 /proc/3") {
		t.Errorf("inside there are %v, and the program sees %q", in.Processes, seen)
	}
	if !slices.Equal(in.Interfaces, []string{"lo"}) || strings.TrimSpace(lines[0]) != "lo" {
		t.Errorf("inside there are the interfaces %q, and the program sees %q", in.Interfaces, lines[0])
	}
	if !in.NoNewPrivs || out.NoNewPrivs || in.Filters != out.Filters+2 || in.Namespaces["net"] == out.Namespaces["net"] {
		t.Errorf("inside %+v, outside %+v", in, out)
	}
	for i, l := range in.Limits {
		if l.Name == "open files" && (l.Soft != "77" || out.Limits[i].Soft == "77") {
			t.Errorf("the limits are %+v and %+v", l, out.Limits[i])
		}
	}
	table := w.succeeds("inspect", j.id).stdout
	for _, want := range []string{"user", "process id", "capabilities", "root directory", "processes", "interfaces", "open files"} {
		if !strings.Contains(table, "\n"+want+" ") {
			t.Errorf("the table has no line %q:\n%s", want, table)
		}
	}
	w.succeeds("stop", j.id)
}

func parentOf(pid int) int {
	parent, _ := strconv.Atoi(statusOf(pid)["PPid"])
	return parent
}
