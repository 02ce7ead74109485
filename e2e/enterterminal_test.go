package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// P5, at a terminal: who enters from one is confined like the jail's program,
// which has none.
func TestP5EqualAtATerminal(t *testing.T) {
	w := newWorld(t)
	for _, flags := range [][]string{
		nil,
		{"--user", "root", "--write", w.project},
	} {
		j := w.runs(append(append([]string{"--profile", "default"}, flags...), "sleep", "600")...)
		p := w.terminal(jailBin, "enter", j.id, "sleep", "600")
		entered := 0
		if !eventually(func() bool {
			for _, pid := range descendants(p.cmd.Process.Pid) {
				if commandLine(pid) == "sleep 600 " {
					entered = pid
				}
			}
			return entered != 0
		}) {
			t.Fatalf("with %q: the entered process is not found; the terminal shows %q", flags, p.seen())
		}
		first, second := viewOf(j.main), viewOf(entered)
		for _, name := range first.differences(second) {
			t.Errorf("with %q, %s:\n%q, and of the entered process\n%q", flags, name, first[name], second[name])
		}
		for fd := range 3 {
			if link, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", entered, fd)); err == nil && link != "/dev/pts/0" {
				t.Errorf("descriptor %d is %s", fd, link)
			}
		}
		p.keys("\x03")
		if p.ends(); p.cmd.ProcessState.String() != "signal: interrupt" {
			t.Errorf("after Ctrl-C: %v", p.cmd.ProcessState)
		}
		w.succeeds("stop", "--grace", "0s", j.id)
		if !j.waits(5 * time.Second) {
			t.Error("the jail does not end")
		}
	}
	nothingRuns(t)
}

// A program that has a terminal, and one that entered from another: each has
// its own, and the signals of its own.
func TestTwoTerminalsInOneJail(t *testing.T) {
	w := newWorld(t)
	const script = `trap "echo interrupted" INT; tty; stty size; while :; do sleep 0.02; done`
	first := w.terminal(jailBin, "run", "--profile", "default", "bash", "-c", script)
	first.shows("/dev/pts/0", 1)
	jails := w.ps()
	if len(jails) != 1 {
		t.Fatalf("%d jails run", len(jails))
	}
	second := w.terminal(jailBin, "enter", jails[0].ID, "bash", "-c", script)
	second.shows("/dev/pts/1", 1)
	second.keys("\x03")
	second.shows("interrupted", 1)
	if strings.Contains(first.seen(), "interrupted") {
		t.Errorf("the key was pressed at the other terminal: %q", first.seen())
	}
	_ = first.cmd.Process.Signal(unix.SIGKILL) // and with it the jail ends
	first.ends()
	if status := second.ends(); status != 128+9 {
		t.Errorf("the jail was killed, and jail enter exits with %d", status)
	}
	if got := second.settings(); got.Lflag&unix.ICANON == 0 || got.Lflag&unix.ECHO == 0 {
		t.Errorf("the terminal is left raw: %+v", got)
	}
	nothingRuns(t)
}

// What is left behind in the jail goes on there, without a terminal.
func TestLeftBehindByWhoEntered(t *testing.T) {
	w := newWorld(t)
	start := w.enters("--profile", "default", "--write", w.project)
	mark := filepath.Join(w.project, "went-on")
	onTerminal(w, start+` sh -c 'trap "" HUP; (sleep 1; echo >'`+mark+`') >/dev/null 2>&1 </dev/null &'`)
	if exists(mark) {
		t.Fatal("the test is void: it was over before")
	}
	if !eventually(func() bool { return exists(mark) }) {
		t.Error("what was left in the background did not go on")
	}
}
