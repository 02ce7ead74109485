package terminal

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// A jail is a job of the shell that it was started from like any other
// command: what is to be seen is the same at every step.
func TestJobControl(t *testing.T) {
	t.Parallel()
	fg, stop, interrupt, end, status := []string{"fg", "Enter"}, []string{"C-z"}, []string{"C-c"}, []string{"C-d"}, []string{"echo $?", "Enter"}
	for _, c := range []struct {
		name, command string
		steps         [][]string
	}{
		{"stop and continue", "cat", [][]string{{"typed", "Enter"}, stop, status, fg, {"more", "Enter"}, end, status}},
		{"in the background, reading", "cat &", [][]string{{"Enter"}, {"jobs", "Enter"}, fg, {"typed", "Enter"}, end, status}},
		{"in the background, not reading", "sh -c 'sleep 3; echo printed' &", [][]string{{"Enter"}, {"wait", "Enter"}, {"prompt"}, status}},
		{"to the foreground before it reads", "sh -c 'sleep 3; read x; echo got $x' &", [][]string{fg, {"pause"}, {"typed", "Enter"}, status}},
		{"to the background and back", "sh -c 'while :; do sleep 0.1; done'", [][]string{stop, {"bg", "Enter"}, {"jobs", "Enter"}, fg, stop, fg, interrupt, status}},
		{"a loop", "true; for i in 1 2 3; do run sleep 50; done", [][]string{interrupt, status}},
		{"a script", "true; sh -c 'run sleep 50; echo after'", [][]string{stop, {"jobs", "Enter"}, fg, interrupt, status}},
		{"without the terminal", "sleep 50 </dev/null >/dev/null 2>&1", [][]string{stop, fg, interrupt, status}},
		{"printing elsewhere", "cat >/dev/null", [][]string{{"typed", "Enter"}, stop, fg, end, status}},
		{"in front of a pipe", "cat file | less", [][]string{{"Space"}, stop, fg, {"q"}, status}},
		// What sort prints comes after the end: the echo of a line and what a
		// program behind the pipe makes of it reach the screen by two ways.
		{"typed into a pipe", "cat | sort", [][]string{{"foo", "Enter"}, {"bar", "Enter"}, end, status}},
		{"quit", "sleep 50", [][]string{{`C-\`}, {"Enter"}}},
		{"a terminal that stops what prints in the background", "true; stty tostop; run sh -c 'sleep 3; echo printed' &", [][]string{{"Enter"}, {"sleep 5", "Enter"}, {"prompt"}, {"jobs", "Enter"}, fg}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			play(t, numbered, "--profile default --read .", c.command, c.steps...)
		})
	}
}

// So is who enters one.
func TestJobControlOfWhoEnters(t *testing.T) {
	t.Parallel()
	fg, stop, interrupt, end, status := []string{"fg", "Enter"}, []string{"C-z"}, []string{"C-c"}, []string{"C-d"}, []string{"echo $?", "Enter"}
	for _, c := range []struct {
		name, command string
		steps         [][]string
	}{
		{"stop and continue", "cat", [][]string{{"typed", "Enter"}, stop, status, fg, {"more", "Enter"}, end, status}},
		{"in the background, reading", "cat &", [][]string{{"Enter"}, {"jobs", "Enter"}, fg, {"typed", "Enter"}, end, status}},
		{"a loop", "true; for i in 1 2 3; do run sleep 50; done", [][]string{interrupt, status}},
		{"between a file and a pipe", "cat <file | less", [][]string{{"Space"}, stop, fg, {"q"}, status}},
		{"a shell", "env PS1='inner> ' bash --norc --noprofile", [][]string{
			{"sleep 100", "Enter"},
			stop,
			{"jobs", "Enter"},
			{"bg", "Enter"},
			fg,
			interrupt,
			{"suspend", "Enter"},
			fg,
			{"exit 3", "Enter"},
			status,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			playIn(t, numbered, func(w *testenv.World) string { return w.Enters("--profile", "default", "--read", ".") }, c.command, c.steps...)
		})
	}
}
