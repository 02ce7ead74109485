package terminal

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// screen is what a person sees: a terminal emulator, for which tmux serves, with
// a shell in it.
type screen struct {
	w    *testenv.World
	name string
}

// newScreen starts an interactive shell on a screen of its own.
func newScreen(w *testenv.World) *screen {
	w.T.Helper()
	testenv.Need(w.T, "tmux", "bash")
	s := &screen{w: w, name: filepath.Join(w.Root, "screen")}
	s.tmux("new-session", "-d", "-x", "80", "-y", "24", "env PS1='shell> ' bash --norc --noprofile")
	w.T.Cleanup(func() { _ = exec.Command("tmux", "-S", s.name, "kill-server").Run() })
	s.shows("shell>")
	return s
}

func (s *screen) tmux(args ...string) string {
	s.w.T.Helper()
	r := s.w.Host(append([]string{"tmux", "-S", s.name, "-f", "/dev/null"}, args...)...)
	if r.Status != 0 {
		s.w.T.Fatalf("tmux %q: %s", args, r.Stderr)
	}
	return r.Stdout
}

// keys presses keys, named as tmux names them.
func (s *screen) keys(keys ...string) {
	s.w.T.Helper()
	s.tmux(append([]string{"send-keys"}, keys...)...)
}

// line types a command and Enter.
func (s *screen) line(text string) {
	s.w.T.Helper()
	s.tmux("send-keys", "-l", text)
	s.keys("Enter")
}

// looks is the screen, without what is blank at the right and at the bottom.
func (s *screen) looks() string {
	s.w.T.Helper()
	var lines []string
	for line := range strings.Lines(s.tmux("capture-pane", "-p")) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// shows waits until a text is on the screen.
func (s *screen) shows(text string) {
	s.w.T.Helper()
	if !testenv.Eventually(func() bool { return strings.Contains(s.looks(), text) }) {
		s.w.T.Fatalf("the screen does not show %q but\n%s", text, s.looks())
	}
}

// prompts waits for the shell to be ready for the next command, which is when
// the last line is its prompt.
func (s *screen) prompts() {
	s.w.T.Helper()
	if !testenv.Eventually(func() bool { return s.atPrompt() }) {
		s.w.T.Fatalf("no prompt of the shell:\n%s", s.looks())
	}
}

func (s *screen) atPrompt() bool {
	lines := strings.Split(s.looks(), "\n")
	return lines[len(lines)-1] == "shell>"
}

// sample is how often a screen is looked at.
const sample = 100 * time.Millisecond

// settled returns the screen when it has stopped changing, for good as far as
// that can be seen.
func (s *screen) settled() string {
	s.w.T.Helper()
	last := ""
	for same, looked := 0, 0; same < 4 && looked < 100; looked++ {
		time.Sleep(sample)
		now := s.general()
		if now == last {
			same++
		} else {
			same = 0
		}
		last = now
	}
	return last
}

// becomes waits for the screen to be as it should, and to stay so. It returns
// what the screen is in the end.
func (s *screen) becomes(want string) string {
	s.w.T.Helper()
	testenv.Eventually(func() bool {
		if s.general() != want {
			return false
		}
		time.Sleep(sample)
		return s.general() == want
	})
	return s.general()
}

// general is the screen without what differs from run to run.
func (s *screen) general() string {
	return jobNumber.ReplaceAllString(strings.ReplaceAll(s.looks(), s.w.Root, "ROOT"), "[1] PID")
}

// jobNumber is what a shell says of a job in the background.
var jobNumber = regexp.MustCompile(`(?m)^\[1\] \d+`)

// play runs a command with and without jail on screens of their own, presses
// the same keys, and compares what is to be seen after every step.
func play(t *testing.T, prepare func(w *testenv.World), flags, command string, steps ...[]string) {
	t.Helper()
	playIn(t, prepare, func(*testenv.World) string { return testenv.JailBin + " run " + flags }, command, steps...)
}

// playIn is play where start begins a program in a jail. What a program shows when
// a key comes a moment late may be something else, on a busy machine: what differs
// is played again, and has to differ every time.
func playIn(t *testing.T, prepare func(w *testenv.World), start func(w *testenv.World) string, command string, steps ...[]string) {
	t.Helper()
	steps = append([][]string{nil}, steps...)
	difference := ""
	for range 3 {
		outside := playOnce(t, prepare, nil, command, steps, nil)
		if all := strings.Join(outside, ""); !strings.Contains(all, "shell>") || len(all) < 40 {
			t.Fatalf("%s: nothing is to be seen:\n%q", command, outside)
		}
		inside := playOnce(t, prepare, start, command, steps, outside)
		last := len(inside) - 1
		if inside[last] == outside[last] {
			return
		}
		difference = fmt.Sprintf("%s: after step %d, %q, the screen in the jail is\n%s\n\noutside it is\n%s", command, last, steps[last], inside[last], outside[last])
		t.Log(difference)
	}
	t.Error(difference)
}

// playOnce returns what was to be seen after each step, up to the first that
// differs from what is wanted.
func playOnce(t *testing.T, prepare func(w *testenv.World), start func(w *testenv.World) string, command string, steps [][]string, want []string) (seen []string) {
	t.Helper()
	w := testenv.NewWorld(t)
	prepare(w)
	// A command of the same name, so that the shell says the same of it.
	runner := filepath.Join(w.Root, "bin", "run")
	prefix := ""
	if start != nil {
		prefix = start(w)
	}
	w.Write(runner, "#!/bin/sh\nexec "+prefix+` "$@"`+"\n")
	testenv.Must(t, os.Chmod(runner, 0o755))
	w.Env = append(w.Env, "PATH="+filepath.Dir(runner)+":"+os.Getenv("PATH"))
	s := newScreen(w)
	s.line("run " + command)
	for i, step := range steps {
		switch {
		case step == nil:
		case step[0] == "pause":
			time.Sleep(3500 * time.Millisecond)
		case step[0] == "prompt":
			s.prompts()
		default:
			s.keys(step...)
		}
		if start != nil && step == nil {
			// Who types before the jail has the terminal types into the caller's.
			testenv.Eventually(func() bool { return len(w.PS()) > 0 })
		}
		looks := s.settled()
		if want != nil && looks != want[i] {
			looks = s.becomes(want[i])
		}
		seen = append(seen, looks)
		if want != nil && looks != want[i] {
			return seen
		}
	}
	return seen
}
