package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// screen is what a person sees: a terminal emulator, for which tmux serves, with
// a shell in it.
type screen struct {
	w    *world
	name string
}

// newScreen starts an interactive shell on a screen of its own.
func newScreen(w *world) *screen {
	w.t.Helper()
	need(w.t, "tmux", "bash")
	s := &screen{w: w, name: filepath.Join(w.root, "screen")}
	s.tmux("new-session", "-d", "-x", "80", "-y", "24", "env PS1='shell> ' bash --norc --noprofile")
	w.t.Cleanup(func() { _ = exec.Command("tmux", "-S", s.name, "kill-server").Run() })
	s.shows("shell>")
	return s
}

func (s *screen) tmux(args ...string) string {
	s.w.t.Helper()
	r := s.w.host(append([]string{"tmux", "-S", s.name, "-f", "/dev/null"}, args...)...)
	if r.status != 0 {
		s.w.t.Fatalf("tmux %q: %s", args, r.stderr)
	}
	return r.stdout
}

// keys presses keys, named as tmux names them.
func (s *screen) keys(keys ...string) {
	s.w.t.Helper()
	s.tmux(append([]string{"send-keys"}, keys...)...)
}

// line types a command and Enter.
func (s *screen) line(text string) {
	s.w.t.Helper()
	s.tmux("send-keys", "-l", text)
	s.keys("Enter")
}

// looks is the screen, without what is blank at the right and at the bottom.
func (s *screen) looks() string {
	s.w.t.Helper()
	var lines []string
	for line := range strings.Lines(s.tmux("capture-pane", "-p")) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// shows waits until a text is on the screen.
func (s *screen) shows(text string) {
	s.w.t.Helper()
	if !within(10*time.Second, func() bool { return strings.Contains(s.looks(), text) }) {
		s.w.t.Fatalf("the screen does not show %q but\n%s", text, s.looks())
	}
}

// prompts waits for the shell to be ready for the next command, which is when
// the last line is its prompt.
func (s *screen) prompts() {
	s.w.t.Helper()
	if !within(10*time.Second, func() bool { return s.atPrompt() }) {
		s.w.t.Fatalf("no prompt of the shell:\n%s", s.looks())
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
	s.w.t.Helper()
	last := ""
	for same, looked := 0, 0; same < 3 && looked < 60; looked++ {
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
	s.w.t.Helper()
	within(15*time.Second, func() bool {
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
	return jobNumber.ReplaceAllString(strings.ReplaceAll(s.looks(), s.w.root, "ROOT"), "[1] PID")
}

// jobNumber is what a shell says of a job in the background.
var jobNumber = regexp.MustCompile(`(?m)^\[1\] \d+`)

// play runs a command with and without jail on screens of their own, presses
// the same keys, and compares what is to be seen after every step.
func play(t *testing.T, prepare func(w *world), flags, command string, steps ...[]string) {
	t.Helper()
	playIn(t, prepare, func(*world) string { return jailBin + " run " + flags }, command, steps...)
}

// playIn is play where start begins a program in a jail.
func playIn(t *testing.T, prepare func(w *world), start func(w *world) string, command string, steps ...[]string) {
	t.Helper()
	var outside []string
	for _, jailed := range []bool{false, true} {
		w := newWorld(t)
		prepare(w)
		// A command of the same name, so that the shell says the same of it.
		runner := filepath.Join(w.root, "bin", "run")
		prefix := ""
		if jailed {
			prefix = start(w)
		}
		w.write(runner, "#!/bin/sh\nexec "+prefix+` "$@"`+"\n")
		if err := os.Chmod(runner, 0o755); err != nil {
			t.Fatal(err)
		}
		w.env = append(w.env, "PATH="+filepath.Dir(runner)+":"+os.Getenv("PATH"))
		s := newScreen(w)
		s.line("run " + command)
		var seen []string
		for i, step := range append([][]string{nil}, steps...) {
			switch {
			case step == nil:
			case step[0] == "pause":
				time.Sleep(1500 * time.Millisecond)
			case step[0] == "prompt":
				s.prompts()
			default:
				s.keys(step...)
			}
			if jailed && step == nil {
				// Who types before the jail has the terminal types into the caller's.
				within(10*time.Second, func() bool { return len(w.ps()) > 0 })
			}
			looks := s.settled()
			if jailed && looks != outside[i] {
				looks = s.becomes(outside[i])
			}
			seen = append(seen, looks)
			if jailed && looks != outside[i] {
				t.Errorf("%s: after step %d, %q, the screen in the jail is\n%s\n\noutside it is\n%s", command, i, step, looks, outside[i])
				return
			}
		}
		outside = seen
		if !strings.Contains(strings.Join(seen, ""), "shell>") || len(strings.Join(seen, "")) < 40 {
			t.Fatalf("%s: nothing is to be seen:\n%q", command, seen)
		}
	}
}
