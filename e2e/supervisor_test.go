package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// threads are the values of two lines of /proc/PID/task/*/status, a text for each
// thread: "NoNewPrivs Seccomp".
func threads(pid int) []string {
	var out []string
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended
		}
		values := ""
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && (name == "NoNewPrivs" || name == "Seccomp") {
				values += strings.TrimSpace(value)
			}
		}
		out = append(out, values)
	}
	return out
}

// confined tells whether all threads of a process have given up new privileges and are
// under a filter.
func confined(pid int) bool {
	all := threads(pid)
	for _, values := range all {
		if values != "12" {
			return false
		}
	}
	return len(all) > 0
}

// unconfinedJail builds a jail whose launcher leaves its filter out.
func unconfinedJail(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "jail")
	cmd := exec.Command("go", "build", "-ldflags", "-X github.com/jail-project/jail/jail/confine.testOnlyOff=filter", "-o", name, "../cmd/jail")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return name
}

// TestV2LauncherIsConfined: whatever a launcher does for its jail, all of its threads
// are confined while the program runs, and it ends as ever.
func TestV2LauncherIsConfined(t *testing.T) {
	project := func(w *world) { w.mkdir(filepath.Join(w.project, ".git")) }
	const anySocket = "extends: [default]\nsockets: [\"*\"]\n"
	const connects = `import os,socket,time
s=socket.socket(socket.AF_UNIX); s.bind("/tmp/s"); s.listen()
while not os.path.exists("end"): time.sleep(.01)
for _ in range(3): c=socket.socket(socket.AF_UNIX); c.connect("/tmp/s"); c.close()
raise SystemExit(3)`
	wait := []string{"sh", "-c", "while [ ! -e end ]; do sleep 0.01; done; exit 3"}
	for _, c := range []struct {
		name    string
		prepare func(w *world)
		flags   []string
		program []string
		want    int
		says    string
	}{
		{"plain", nil, nil, wait, 3, ""},
		{"placeholders", project, nil, wait, 3, ""},
		{"connections", nil, nil, []string{"python3", "-c", connects}, 3, ""},
		{"time limit", nil, []string{"--time", "2s"}, []string{"sleep", "60"}, 124, "the time limit of 2s is over"},
		{"time limit and placeholders", project, []string{"--time", "2s"}, []string{"sleep", "60"}, 124, "the time limit of 2s is over"},
		{"killed", nil, nil, []string{"sh", "-c", "while [ ! -e end ]; do sleep 0.01; done; kill -SEGV $$"}, 128 + 11, ""},
		{"any socket", nil, []string{"--profile", "any"}, wait, 3, ""},
		{"any socket and placeholders", project, []string{"--profile", "any"}, wait, 3, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			need(t, c.program[0])
			w := newWorld(t)
			if c.prepare != nil {
				c.prepare(w)
			}
			before := w.snap()
			flags := []string{"--profile", "default"}
			if len(c.flags) > 1 && c.flags[1] == "any" {
				flags, c.flags = []string{"--profile", w.profile(anySocket)}, nil
			}
			j := w.runs(concat(flags, c.flags, []string{"--write", w.project}, c.program)...)
			if !eventually(func() bool { return confined(j.cmd.Process.Pid) }) {
				t.Errorf("NoNewPrivs and Seccomp of the threads are %q", threads(j.cmd.Process.Pid))
			}
			if c.want != 124 {
				w.write(filepath.Join(w.project, "end"), "")
			}
			if !j.waits(20 * time.Second) {
				t.Fatal("it does not end")
			}
			if got := j.cmd.ProcessState.ExitCode(); got != c.want {
				t.Errorf("exit status %d, want %d", got, c.want)
			}
			if said := w.read(filepath.Join(w.root, "jail.log")); !strings.Contains(said, c.says) || c.says == "" && said != "" {
				t.Errorf("it says %q", said)
			}
			_ = os.Remove(filepath.Join(w.project, "end"))
			w.nothingLeft(before)
		})
	}
}

// nothingLeft fails when a jail left a record, a placeholder or any other file.
func (w *world) nothingLeft(before snapshot) {
	w.t.Helper()
	if left := w.records(); len(left) > 0 {
		w.t.Errorf("registrations are left: %q", left)
	}
	if left, _ := filepath.Glob(filepath.Join(w.home, ".local/state/jail/standins/*")); len(left) > 0 {
		w.t.Errorf("records of placeholders are left: %q", left)
	}
	before.unchanged(w.t)
}

// TestV2HasTeeth: without its filter a launcher is found to have none.
func TestV2HasTeeth(t *testing.T) {
	w := newWorld(t)
	cmd := w.command(unconfinedJail(t), "run", "--profile", "default", "sleep", "60")
	must(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if !eventually(func() bool { return len(w.records()) == 1 }) {
		t.Fatal("it does not run")
	}
	time.Sleep(200 * time.Millisecond)
	if confined(cmd.Process.Pid) {
		t.Errorf("NoNewPrivs and Seccomp of the threads are %q", threads(cmd.Process.Pid))
	}
}

// TestV2EnteringIsConfined: who enters is confined like who launches.
func TestV2EnteringIsConfined(t *testing.T) {
	w := newWorld(t)
	j := w.runs("--profile", "default", "--write", w.project, "sleep", "600")
	cmd := w.command(jailBin, "enter", j.id, "sh", "-c", "cd "+w.project+"; while [ ! -e end ]; do sleep 0.01; done; exit 3")
	must(t, cmd.Start())
	if !eventually(func() bool { return confined(cmd.Process.Pid) }) {
		t.Errorf("NoNewPrivs and Seccomp of the threads are %q", threads(cmd.Process.Pid))
	}
	w.write(filepath.Join(w.project, "end"), "")
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
		t.Error(err)
	}
}

// TestV2AtATerminal: a confined launcher relays a terminal, stops and goes on as a job,
// and gives the terminal back.
func TestV2AtATerminal(t *testing.T) {
	w := newWorld(t)
	p := w.terminal("bash", "--norc", "--noprofile", "-i")
	settings := p.settings()
	p.keys(jailBin + " run --profile default sh -c 'echo begun; read line; echo got $line; exit 3'\n")
	p.shows("begun\r\n", 1)
	launcher := 0
	if !eventually(func() bool {
		for _, pid := range descendants(p.cmd.Process.Pid) {
			if strings.HasPrefix(commandLine(pid), jailBin) && confined(pid) {
				launcher = pid
			}
		}
		return launcher != 0
	}) {
		t.Fatal("no confined launcher is there")
	}
	p.keys("\x1a")
	p.shows("Stopped", 1)
	p.keys("fg\n")
	p.resize(70, 20)
	time.Sleep(300 * time.Millisecond)
	p.keys("word\n")
	p.shows("got word", 1)
	p.keys("echo status=$?\n")
	p.shows("status=3\r\n", 1)
	if now := p.settings(); now.Lflag|unix.ICANON|unix.ECHO|unix.ISIG != settings.Lflag|unix.ICANON|unix.ECHO|unix.ISIG {
		t.Errorf("the terminal's settings are %#x, were %#x", now.Lflag, settings.Lflag)
	}
	p.keys("exit\n")
}

// TestV2SignalOfAKey: a launcher ends by the signal that ended its program, as a shell
// wants to see it.
func TestV2SignalOfAKey(t *testing.T) {
	w := newWorld(t)
	p := w.terminal("bash", "--norc", "--noprofile", "-i")
	p.keys("for i in 1 2 3; do " + jailBin + " run --profile default sh -c 'echo turn; sleep 60'; done; echo status=$?\n")
	p.shows("turn\r\n", 1)
	time.Sleep(300 * time.Millisecond)
	p.keys("\x03")
	p.keys("echo over=" + strconv.Itoa(6) + "\n")
	p.shows("over=6\r\n", 1)
	if seen := p.seen(); strings.Count(seen, "turn\r\n") != 1 {
		t.Errorf("the loop went on:\n%q", seen)
	}
	p.keys("exit\n")
}
