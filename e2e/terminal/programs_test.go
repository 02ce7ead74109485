package terminal

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// numbered prepares a file of many lines.
func numbered(w *testenv.World) {
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "line %d of the file\n", i+1)
	}
	w.Write(filepath.Join(w.Project, "file"), text.String())
}

func TestProgramVim(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "vim")
	play(t, numbered, "--profile default --write .", "vim -u NONE -n file",
		[]string{"G", "o", "typed", "Escape"}, []string{":set number", "Enter", "gg"}, []string{"C-z"}, []string{"jobs", "Enter"},
		[]string{"fg", "Enter"}, []string{":wq", "Enter"}, []string{"tail -n 1 file", "Enter"})
}

func TestProgramLess(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "less")
	for command, steps := range map[string][][]string{
		"less file":                 {{"Space"}, {"/line 150", "Enter"}, {"C-z"}, {"fg", "Enter"}, {"q"}},
		"cat file | less":           {{"Space"}, {"G"}, {"q"}},
		"true; cat file | run less": {{"Space"}, {"C-z"}, {"fg", "Enter"}, {"q"}},
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			play(t, numbered, "--profile default --read .", command, steps...)
		})
	}
}

func TestProgramBash(t *testing.T) {
	t.Parallel()
	play(t, numbered, "--profile default --read .", "env PS1='inner> ' bash --norc --noprofile",
		[]string{"sleep 100", "Enter"}, []string{"C-z"}, []string{"jobs", "Enter"}, []string{"bg", "Enter"}, []string{"fg", "Enter"}, []string{"C-c"},
		[]string{"cat", "Enter"}, []string{"C-c"}, []string{"echo $?", "Enter"}, []string{"cat", "Enter", "x", "Enter"}, []string{"C-d"},
		[]string{"typo", "C-u", "echo $-", "Enter"}, []string{"suspend", "Enter"}, []string{"fg", "Enter"}, []string{"exit", "Enter"})
}

func TestProgramGit(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "git", "less")
	history := func(w *testenv.World) {
		w.T.Helper()
		w.Env = append(w.Env, "GIT_AUTHOR_DATE=2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z", "GIT_CONFIG_COUNT=2",
			"GIT_CONFIG_KEY_0=user.name", "GIT_CONFIG_VALUE_0=Ann", "GIT_CONFIG_KEY_1=user.email", "GIT_CONFIG_VALUE_1=ann@example.org")
		if r := w.Host("sh", "-c", "git init -q . && for i in $(seq 40); do echo $i >file; git add file; git commit -qm \"change $i\"; done"); r.Status != 0 {
			w.T.Fatal(r.Stderr)
		}
	}
	for command, steps := range map[string][][]string{"git log": {{"Space"}, {"q"}}, "git diff HEAD~3": {{"q"}}} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			play(t, history, "--profile git", command, steps...)
		})
	}
}

func TestProgramTmux(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "tmux")
	// A socket in /tmp: the jail has one of its own, and paths of sockets are short.
	socket := fmt.Sprintf("/tmp/jail-test-tmux-%d", os.Getpid())
	kill := func() { _ = exec.Command("tmux", "-S", socket, "kill-server").Run() }
	prepare := func(w *testenv.World) {
		kill() // sessions are counted
		numbered(w)
		// The status line has a clock.
		w.Write(filepath.Join(w.Project, "tmux.conf"), "set -g status off\nset -g default-command \"env PS1='inner> ' bash --norc --noprofile\"\n")
	}
	t.Cleanup(func() {
		kill()
		_ = os.Remove(socket)
	})
	play(t, prepare, "--profile default --read .", "env TMUX= tmux -S "+socket+" -f tmux.conf new-session",
		[]string{"tail -n 3 file", "Enter"}, []string{"C-b", "%"}, []string{"echo right", "Enter"}, []string{"C-b", "Left"},
		[]string{"exit", "Enter"}, []string{"C-b", "d"})
}

// htop shows other numbers every time; what is compared is the frame.
func TestProgramHtop(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "htop")
	w := testenv.NewWorld(t)
	s := newScreen(w)
	s.line(testenv.JailBin + " run --profile default htop")
	s.shows("F10Quit")
	if looks := s.looks(); !strings.Contains(looks, "htop") || !strings.Contains(looks, "Load average") {
		t.Errorf("htop shows\n%s", looks)
	}
	s.keys("F1")
	s.shows("Released under")
	s.keys("x", "C-z")
	s.shows("Stopped")
	s.line("fg")
	s.shows("F10Quit")
	s.keys("q")
	s.prompts()
}
