package enter

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

func TestPs(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	if r := w.Succeeds("ps"); r.Output() != "" {
		t.Errorf("without jails it prints %q", r.Output())
	}
	a := w.Runs("--profile", "default", "sleep", "600")
	b := w.Runs("--profile", w.Profile("extends: [cli]\n"), "sleep", "600")
	jails := w.PS()
	if len(jails) != 2 {
		t.Fatalf("%d jails are listed, want 2", len(jails))
	}
	for _, l := range jails {
		since, err := time.Parse(time.RFC3339, l.Since)
		if err != nil || time.Since(since) > time.Minute || !strings.HasSuffix(l.Program, "/sleep") || testenv.CommandLine(l.PID) != "sleep 600 " ||
			l.ID != l.Profile+"-"+strconv.Itoa(l.PID) {
			t.Errorf("listed as %+v, %v", l, err)
		}
	}
	lines := strings.Split(w.Succeeds("ps").Stdout, "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "ID ") || strings.Fields(lines[1])[1] != "default" || strings.Fields(lines[2])[1] != "test" {
		t.Errorf("the table is %q", lines)
	}
	if names := w.Succeeds("ps", "--names").Stdout; names != a.ID+"\n"+b.ID+"\n" {
		t.Errorf("the names are %q", names)
	}
	for _, c := range []struct{ id, message string }{
		{"nosuch", "no jail \"nosuch\" runs"},
		{a.ID + "0", "did you mean \"" + a.ID + "\"?"},
		{"", "could be " + a.ID + ", " + b.ID},
	} {
		for _, verb := range []string{"enter", "stop", "inspect"} {
			if r := w.Jail(verb, c.id); r.Status != 125 || !strings.Contains(r.Stderr, c.message) {
				t.Errorf("%s %q: status %d, %s", verb, c.id, r.Status, r.Stderr)
			}
		}
	}
	w.Succeeds("stop", "def")
	if !a.Ends() || a.Cmd.ProcessState.ExitCode() != 128+15 {
		t.Errorf("the stopped jail's launcher: %v", a.Cmd.ProcessState)
	}
	w.Succeeds("stop", b.ID)
	if !b.Ends() {
		t.Error("the other launcher is still there")
	}
	if left := w.Registrations(); len(left) > 0 {
		t.Errorf("there are the registrations %q", left)
	}
	w.NothingRuns()
}

// T7 of ps and its kin: nothing that they print drives a terminal.
func TestRunningIsEscaped(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	program := filepath.Join(w.Project, "sl\x1b]52;c;x\x07\u202eeep")
	data, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, data, 0o755); err != nil {
		t.Fatal(err)
	}
	profile := filepath.Join(w.Root, "profiles", "p\x1b[31m\u0085.yaml")
	w.Write(profile, "extends: [cli]\nname: test\n")
	j := w.Runs("--profile", profile, "--read", w.Project, program, "600")
	for _, args := range [][]string{
		{"ps"}, {"ps", "--json"}, {"ps", "--names"}, {"inspect", j.ID}, {"inspect", "--json", j.ID}, {"enter", "a\x1bb"}, {"enter", j.ID, "a\x1bb"},
	} {
		out := w.Jail(args...).Output()
		if strings.ContainsAny(out, "\x1b\x07\u202e\u0085") || out == "" {
			t.Errorf("%q prints %q", args, out)
		}
	}
	w.Succeeds("stop", j.ID)
}

// R8: stop ends a jail in bounded time, whatever its program does about it.
func TestR8Stop(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	for _, c := range []struct {
		name, script string
		flags        []string
		kill         bool
		stopFirst    bool
	}{
		{"a program that obeys", "trap 'exit 3' TERM; while :; do sleep 0.02; done", nil, false, false},
		{"one that ignores TERM", "trap '' TERM HUP INT; ./SLEEPER 600 & while :; do sleep 0.1; done", nil, true, false},
		{"one that is stopped", "trap 'exit 3' TERM; kill -STOP $$; while :; do sleep 0.02; done", nil, false, false},
		{"an init that is stopped", "trap '' TERM; kill -STOP 1; while :; do sleep 0.1; done", nil, true, true},
		{"daemons", "trap '' TERM; for i in 1 2 3 4 5; do setsid sh -c \"trap '' TERM; ./SLEEPER 600 & ./SLEEPER 600\" & done; while :; do sleep 0.1; done", nil, true, false},
		{"zombies", "trap '' TERM; for i in $(seq 300); do sh -c 'sleep 0 & exec ./SLEEPER 600' & done; while :; do sleep 0.1; done", nil, true, false},
		{"process numbers of the host", "trap '' TERM; setsid ./SLEEPER 600 & while :; do sleep 0.1; done", []string{"--share", "pid"}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := testenv.NewWorld(t)
			const mark = "sleeper"
			testenv.Must(t, os.WriteFile(filepath.Join(w.Project, mark), testenv.ReadFile(t, "/bin/sleep"), 0o755))
			j := w.Runs(append(append([]string{"--profile", "default", "--read", w.Project}, c.flags...), "sh", "-c", strings.ReplaceAll(c.script, "SLEEPER", mark))...)
			first := testenv.ParentOf(j.Main)
			ready := func() bool { return mindsTerm(j.Main) }
			if strings.Contains(c.script, "STOP $$") {
				ready = func() bool { return testenv.State(j.Main) == "T" }
			}
			if !testenv.Eventually(ready) {
				t.Fatal("the script does not begin")
			}
			if c.stopFirst {
				testenv.Must(t, unix.Kill(first, unix.SIGSTOP))
			}
			if strings.Contains(c.script, "SLEEPER") && !testenv.Eventually(func() bool { return w.Running(mark) > 0 }) {
				t.Error("the test is void: no sleeper runs")
			}
			grace := "30s"
			if c.kill {
				grace = "400ms"
			}
			began := time.Now()
			r := w.Jail("stop", "--grace", grace, j.ID)
			if took := time.Since(began); r.Status != 0 || took > 30*time.Second || strings.Contains(r.Stderr, "was killed") != c.kill {
				t.Errorf("it took %v: status %d, %s", took, r.Status, r.Stderr)
			}
			if !j.Ends() {
				t.Error("the launcher is still there")
			}
			w.NothingRuns()
			if left := w.Registrations(); len(left) > 0 {
				t.Errorf("there are the registrations %q", left)
			}
		})
	}
}

// mindsTerm tells whether a process catches or ignores SIGTERM.
func mindsTerm(pid int) bool {
	status := testenv.StatusOf(pid)
	for _, set := range []string{"SigCgt", "SigIgn"} {
		if bits, err := strconv.ParseUint(status[set], 16, 64); err == nil && bits&(1<<(unix.SIGTERM-1)) != 0 {
			return true
		}
	}
	return false
}

// The registration of a launcher that was killed is swept, and nobody is taken for
// its jail.
func TestKilledLauncherIsSwept(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	j := w.Runs("--profile", "default", "sleep", "600")
	if err := j.Cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = j.Cmd.Wait()
	if !testenv.Eventually(func() bool { return !testenv.Exists(fmt.Sprintf("/proc/%d", j.Main)) }) {
		t.Fatal("the program outlived its launcher")
	}
	if left := w.Registrations(); len(left) != 1 {
		t.Errorf("the test is void: there are the registrations %q", left)
	}
	if r := w.Jail("stop", j.ID); r.Status != 125 || !strings.Contains(r.Stderr, "no jail") {
		t.Errorf("status %d: %s", r.Status, r.Stderr)
	}
	if left := w.Registrations(); len(left) > 0 {
		t.Errorf("there are the registrations %q", left)
	}
}

func TestInspect(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	j := w.Runs("--profile", "default", "--user", "root", "--keep-cap", "net_bind_service", "--open-files", "77", "sh", "-c", "sleep 600 & wait")
	testenv.Eventually(func() bool { return len(testenv.Descendants(j.Main)) == 1 })
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
	if err := json.Unmarshal([]byte(w.Succeeds("inspect", "--json", j.ID).Stdout), &got); err != nil {
		t.Fatal(err)
	}
	in, out := got.Inside, got.Outside
	seen := w.Succeeds("enter", j.ID, "sh", "-c", "cat /proc/net/dev | tail -n +3 | cut -d: -f1; echo pids /proc/[0-9]*; wc -l </proc/self/mountinfo; id -u").Stdout
	lines := strings.Split(strings.TrimSpace(seen), "\n")
	if got.ID != j.ID || in.UID != 0 || lines[len(lines)-1] != "0" || out.UID != os.Getuid() || in.PID != 2 || !slices.Equal(in.Capabilities, []string{"net_bind_service"}) {
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
	table := w.Succeeds("inspect", j.ID).Stdout
	for _, want := range []string{"user", "process id", "capabilities", "root directory", "processes", "interfaces", "open files"} {
		if !strings.Contains(table, "\n"+want+" ") {
			t.Errorf("the table has no line %q:\n%s", want, table)
		}
	}
	w.Succeeds("stop", j.ID)
}
