package enter

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// P5, at a terminal: who enters from one is confined like the jail's program,
// which has none.
func TestP5EqualAtATerminal(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, flags := range [][]string{
		nil,
		{"--user", "root", "--write", w.Project},
	} {
		j := w.Runs(append(append([]string{"--profile", "default"}, flags...), "sleep", "600")...)
		p := w.Terminal(testenv.JailBin, "enter", j.ID, "sleep", "600")
		entered := 0
		if !testenv.Eventually(func() bool {
			for _, pid := range testenv.Descendants(p.Cmd.Process.Pid) {
				if testenv.CommandLine(pid) == "sleep 600 " {
					entered = pid
				}
			}
			return entered != 0
		}) {
			t.Fatalf("with %q: the entered process is not found; the terminal shows %q", flags, p.Seen())
		}
		first, second := viewOf(j.Main), viewOf(entered)
		for _, name := range first.differences(second) {
			t.Errorf("with %q, %s:\n%q, and of the entered process\n%q", flags, name, first[name], second[name])
		}
		for fd := range 3 {
			if link, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", entered, fd)); err == nil && link != "/dev/pts/0" {
				t.Errorf("descriptor %d is %s", fd, link)
			}
		}
		p.Keys("\x03")
		if p.Ends(); p.Cmd.ProcessState.String() != "signal: interrupt" {
			t.Errorf("after Ctrl-C: %v", p.Cmd.ProcessState)
		}
		w.Succeeds("stop", "--grace", "0s", j.ID)
		if !j.Ends() {
			t.Error("the jail does not end")
		}
	}
	w.NothingRuns()
}

// A program that has a terminal, and one that entered from another: each has
// its own, and the signals of its own.
func TestTwoTerminalsInOneJail(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	const script = `trap "echo interrupted" INT; tty; stty size; while :; do sleep 0.02; done`
	first := w.Terminal(testenv.JailBin, "run", "--profile", "default", "bash", "-c", script)
	first.Shows("/dev/pts/0", 1)
	jails := w.PS()
	if len(jails) != 1 {
		t.Fatalf("%d jails run", len(jails))
	}
	second := w.Terminal(testenv.JailBin, "enter", jails[0].ID, "bash", "-c", script)
	second.Shows("/dev/pts/1", 1)
	second.Keys("\x03")
	second.Shows("interrupted", 1)
	if strings.Contains(first.Seen(), "interrupted") {
		t.Errorf("the key was pressed at the other terminal: %q", first.Seen())
	}
	_ = first.Cmd.Process.Signal(unix.SIGKILL) // and with it the jail ends
	first.Ends()
	if status := second.Ends(); status != 128+9 {
		t.Errorf("the jail was killed, and jail enter exits with %d", status)
	}
	if got := second.Settings(); got.Lflag&unix.ICANON == 0 || got.Lflag&unix.ECHO == 0 {
		t.Errorf("the terminal is left raw: %+v", got)
	}
	w.NothingRuns()
}

// What is left behind in the jail goes on there, without a terminal.
func TestLeftBehindByWhoEntered(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	start := w.Enters("--profile", "default", "--write", w.Project)
	mark := filepath.Join(w.Project, "went-on")
	testenv.OnTerminal(w, start+` sh -c 'trap "" HUP; (sleep 1; echo >'`+mark+`') >/dev/null 2>&1 </dev/null &'`)
	if testenv.Exists(mark) {
		t.Fatal("the test is void: it was over before")
	}
	if !testenv.Eventually(func() bool { return testenv.Exists(mark) }) {
		t.Error("what was left in the background did not go on")
	}
}
