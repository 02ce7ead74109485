package lifecycle

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
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
func unconfinedJail(w *testenv.World) string {
	w.T.Helper()
	name := filepath.Join(w.T.TempDir(), "jail")
	cmd := exec.Command("go", "build", "-ldflags", "-X github.com/jail-project/jail/jail/confine.testOnlyOff=filter", "-o", name, "./cmd/jail")
	cmd.Dir = testenv.Checkout()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := w.Marked(cmd).CombinedOutput(); err != nil {
		w.T.Fatalf("%v\n%s", err, out)
	}
	return name
}

// TestV2LauncherIsConfined: whatever a launcher does for its jail, all of its threads
// are confined while the program runs, and it ends as ever.
func TestV2LauncherIsConfined(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	project := func(w *testenv.World) { w.Mkdir(filepath.Join(w.Project, ".git")) }
	const anySocket = "extends: [default]\nsockets: [\"*\"]\n"
	const connects = `import os,socket,time
s=socket.socket(socket.AF_UNIX); s.bind("/tmp/s"); s.listen()
while not os.path.exists("end"): time.sleep(.01)
for _ in range(3): c=socket.socket(socket.AF_UNIX); c.connect("/tmp/s"); c.close()
raise SystemExit(3)`
	wait := []string{"sh", "-c", "while [ ! -e end ]; do sleep 0.01; done; exit 3"}
	for _, c := range []struct {
		name    string
		prepare func(w *testenv.World)
		flags   []string
		program []string
		want    int
		says    string
	}{
		{"plain", nil, nil, wait, 3, ""},
		{"a repository", project, nil, wait, 3, ""},
		{"connections", nil, nil, []string{"python3", "-c", connects}, 3, ""},
		{"time limit", nil, []string{"--time", "2s"}, []string{"sleep", "60"}, 124, "the time limit of 2s is over"},
		{"time limit and a repository", project, []string{"--time", "2s"}, []string{"sleep", "60"}, 124, "the time limit of 2s is over"},
		{"killed", nil, nil, []string{"sh", "-c", "while [ ! -e end ]; do sleep 0.01; done; kill -SEGV $$"}, 128 + 11, ""},
		{"any socket", nil, []string{"--profile", "any"}, wait, 3, ""},
		{"any socket and a repository", project, []string{"--profile", "any"}, wait, 3, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			testenv.Need(t, c.program[0])
			w := testenv.NewWorld(t)
			if c.prepare != nil {
				c.prepare(w)
			}
			before := w.Snap()
			flags := []string{"--profile", "default"}
			if len(c.flags) > 1 && c.flags[1] == "any" {
				flags, c.flags = []string{"--profile", w.Profile(anySocket)}, nil
			}
			j := w.Runs(slices.Concat(flags, c.flags, []string{"--write", w.Project}, c.program)...)
			if !testenv.Eventually(func() bool { return confined(j.Cmd.Process.Pid) }) {
				t.Errorf("NoNewPrivs and Seccomp of the threads are %q", threads(j.Cmd.Process.Pid))
			}
			if c.want != 124 {
				w.Write(filepath.Join(w.Project, "end"), "")
			}
			if !j.Ends() {
				t.Fatal("it does not end")
			}
			if got := j.Cmd.ProcessState.ExitCode(); got != c.want {
				t.Errorf("exit status %d, want %d", got, c.want)
			}
			if said := w.Read(filepath.Join(w.Root, "jail.log")); !strings.Contains(said, c.says) || c.says == "" && said != "" {
				t.Errorf("it says %q", said)
			}
			_ = os.Remove(filepath.Join(w.Project, "end"))
			nothingLeft(w, before)
		})
	}
}

// nothingLeft fails when a jail left a registration or any other file.
func nothingLeft(w *testenv.World, before testenv.Snapshot) {
	w.T.Helper()
	if left := w.Registrations(); len(left) > 0 {
		w.T.Errorf("registrations are left: %q", left)
	}
	before.Unchanged(w.T)
}

// TestV2NegativeControl: without its filter a launcher is found to have none.
func TestV2NegativeControl(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	cmd := w.Command(unconfinedJail(w), "run", "--profile", "default", "sleep", "60")
	testenv.Must(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if !testenv.Eventually(func() bool { return len(w.Registrations()) == 1 }) {
		t.Fatal("it does not run")
	}
	time.Sleep(200 * time.Millisecond)
	if confined(cmd.Process.Pid) {
		t.Errorf("NoNewPrivs and Seccomp of the threads are %q", threads(cmd.Process.Pid))
	}
}

// TestV2EnteringIsConfined: who enters is confined like who launches.
func TestV2EnteringIsConfined(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	j := w.Runs("--profile", "default", "--write", w.Project, "sleep", "600")
	cmd := w.Command(testenv.JailBin, "enter", j.ID, "sh", "-c", "cd "+w.Project+"; while [ ! -e end ]; do sleep 0.01; done; exit 3")
	testenv.Must(t, cmd.Start())
	if !testenv.Eventually(func() bool { return confined(cmd.Process.Pid) }) {
		t.Errorf("NoNewPrivs and Seccomp of the threads are %q", threads(cmd.Process.Pid))
	}
	w.Write(filepath.Join(w.Project, "end"), "")
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
		t.Error(err)
	}
}

// TestV2AtATerminal: a confined launcher relays a terminal, stops and goes on as a job,
// and gives the terminal back.
func TestV2AtATerminal(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	p := w.Terminal("bash", "--norc", "--noprofile", "-i")
	settings := p.Settings()
	p.Keys(testenv.JailBin + " run --profile default sh -c 'echo begun; read line; echo got $line; exit 3'\n")
	p.Shows("begun\r\n", 1)
	launcher := 0
	if !testenv.Eventually(func() bool {
		for _, pid := range testenv.Descendants(p.Cmd.Process.Pid) {
			if strings.HasPrefix(testenv.CommandLine(pid), testenv.JailBin) && confined(pid) {
				launcher = pid
			}
		}
		return launcher != 0
	}) {
		t.Fatal("no confined launcher is there")
	}
	p.Keys("\x1a")
	p.Shows("Stopped", 1)
	p.Keys("fg\n")
	p.Resize(70, 20)
	time.Sleep(300 * time.Millisecond)
	p.Keys("word\n")
	p.Shows("got word", 1)
	// What is typed before it has ended is the program's, and gone with it.
	if !testenv.Eventually(func() bool { return !testenv.Lives(launcher) }) {
		t.Fatal("the launcher does not end")
	}
	p.Keys("echo status=$?\n")
	p.Shows("status=3\r\n", 1)
	if now := p.Settings(); now.Lflag|unix.ICANON|unix.ECHO|unix.ISIG != settings.Lflag|unix.ICANON|unix.ECHO|unix.ISIG {
		t.Errorf("the terminal's settings are %#x, were %#x", now.Lflag, settings.Lflag)
	}
	p.Keys("exit\n")
}

// TestV2SignalOfAKey: a launcher ends by the signal that ended its program, as a shell
// wants to see it.
func TestV2SignalOfAKey(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	p := w.Terminal("bash", "--norc", "--noprofile", "-i")
	p.Keys("for i in 1 2 3; do " + testenv.JailBin + " run --profile default sh -c 'echo turn; sleep 60'; done; echo status=$?\n")
	p.Shows("turn\r\n", 1)
	time.Sleep(300 * time.Millisecond)
	p.Keys("\x03")
	p.Keys("echo over=" + strconv.Itoa(6) + "\n")
	p.Shows("over=6\r\n", 1)
	if seen := p.Seen(); strings.Count(seen, "turn\r\n") != 1 {
		t.Errorf("the loop went on:\n%q", seen)
	}
	p.Keys("exit\n")
}
