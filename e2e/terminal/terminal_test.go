package terminal

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// T6: whatever the program did to the terminal, it is as before when jail ends:
// its settings, its foreground group, and how it shows what is printed.
func TestT6TheTerminalIsLeftAsItWas(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	const mess = `stty raw -echo; printf "\033[?1049h\033[?25l\033[?1003h\033[31m\033="; `
	const undo = "\x1b[?1049l\x1b[?25h\x1b[?1003l\x1b>\x1b[0m"
	starts := w.Starts("--profile", "default", "--write", ".")
	for _, end := range []string{"exit 3", `kill -9 \$\$`, `kill -INT \$\$`} {
		payload := fmt.Sprintf(`sh -c '%s%s'`, mess, strings.ReplaceAll(end, `\$`, "$"))
		before := w.Terminal("sleep", "60").Settings()
		if p := testenv.OnTerminal(w, payload); p.Settings() == before || strings.Contains(p.Seen(), undo) {
			t.Fatalf("without jail, the terminal is as before: the test is void; it shows %q", p.Seen())
		}
		for _, start := range starts {
			p := testenv.OnTerminal(w, start+" "+payload)
			if got := p.Settings(); got != before {
				t.Errorf("%s %s: the settings are %+v, want %+v", start, end, got, before)
			}
			if group := p.Foreground(); group != p.Cmd.Process.Pid {
				t.Errorf("%s %s: the foreground is %d, want the shell %d", start, end, group, p.Cmd.Process.Pid)
			}
			if !testenv.Eventually(func() bool { return strings.HasSuffix(p.Seen(), undo) }) {
				t.Errorf("%s %s: the terminal was sent %q, want %q at the end", start, end, p.Seen(), undo)
			}
		}
		// Passed on by a session that it does not control, the terminal is the
		// program's own affair.
		if p := testenv.OnTerminal(w, "setsid --wait "+testenv.JailBin+" run --profile default "+payload); p.Settings() == before {
			t.Errorf("%s: without a terminal of its own the jail leaves no trace: the test proves nothing", end)
		}
	}
}

// A program that undoes what it did gets nothing added to its output.
func TestTerminalAddsNothing(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, text := range []string{`plain\n`, `\033[31mred\033[0m\n`, `\033[?1049h\033[?25lfull\033[?25h\033[?1049l`, `\033]0;title\007\033[1;24r\033[r`} {
		script := fmt.Sprintf(`printf "%s"`, text)
		outside, inside := testenv.OnTerminal(w, script), testenv.OnTerminal(w, testenv.JailBin+" run --profile default sh -c '"+script+"'")
		if !testenv.Eventually(func() bool { return inside.Seen() == outside.Seen() && inside.Seen() != "" }) {
			t.Errorf("%s: in the jail %q, outside %q", text, inside.Seen(), outside.Seen())
		}
	}
}

// T5, at a terminal: the same with a program that has one, and a bystander that
// runs in the launcher's job.
func TestT5SignalsStayInsideAtATerminal(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, sig := range []unix.Signal{unix.SIGUSR1, unix.SIGTERM, unix.SIGSTOP} {
		hits, pid, ended := filepath.Join(w.Project, "hits"), filepath.Join(w.Project, "pid"), filepath.Join(w.Project, "ended")
		// The bystander does what every program does that gets a signal: it ends.
		try := func(wanted bool, command string) bool {
			for _, name := range []string{hits, pid, ended} {
				_ = os.Remove(name)
			}
			script := fmt.Sprintf("trap : USR1 TERM; (sh -c 'echo $$ >pid; exec sleep 61' || echo hit >hits) & while ! grep -q . pid; do sleep 0.02; done 2>/dev/null; %s; : >ended; sleep 60", command)
			p := w.Terminal("sh", "-c", script)
			defer p.Close()
			reached := func() bool {
				n, err := strconv.Atoi(strings.TrimSpace(string(readIfThere(pid))))
				return err == nil && (testenv.Exists(hits) || testenv.State(n) == "T" || testenv.State(n) == "" || testenv.State(n) == "Z")
			}
			// What stops the bystander stops the shell as well.
			if !testenv.Eventually(func() bool { return testenv.Exists(ended) || testenv.State(p.Cmd.Process.Pid) == "T" }) {
				t.Fatalf("%s does not end; the terminal shows %q", command, p.Seen())
			}
			if wanted {
				return testenv.Eventually(reached)
			}
			return testenv.Within(300*time.Millisecond, reached)
		}
		payload := fmt.Sprintf("%s signal kill-0 %d 0", testenv.ProbeBin, int(sig))
		if !try(true, payload) {
			t.Fatalf("%v: without jail, the bystander is not reached: the test is void", sig)
		}
		if try(false, testenv.JailBin+" run --profile default --read "+testenv.BinDir+" --time 2s "+payload) {
			t.Errorf("%v: the bystander is reached", sig)
		}
	}
}

func readIfThere(name string) []byte {
	text, _ := os.ReadFile(name)
	return text
}

// Only those of the standard descriptors that are the terminal are replaced.
func TestOnlyTheTerminalIsReplaced(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Project, "in"), "text\n")
	w.Write(filepath.Join(w.Project, "out"), "")
	for _, start := range w.Starts("--profile", "default", "--write", ".") {
		for _, c := range []struct{ redirect, want string }{
			{"", "tty tty tty"},
			{"<in", "file tty tty"},
			{">out", "tty file tty"},
			{"2>out", "tty tty file"},
			{">out 2>&1", "tty file file"},
			{"| cat", "tty pipe tty"},
			{"<in | cat", "file pipe tty"},
			{"<in >out 2>/dev/null", "none"},
		} {
			onlyTheTerminal(w, start, c.redirect, c.want)
		}
	}
}

func onlyTheTerminal(w *testenv.World, start, redirect, want string) {
	w.T.Helper()
	names := `(exec 3>/dev/tty) && exec 3>/dev/tty && for n in 0 1 2; do name=$(readlink /proc/$$/fd/$n); echo $name >&3; done; tty </dev/tty >&3`
	left, right, _ := strings.Cut(redirect, "|")
	command := fmt.Sprintf("%s sh -c '%s' %s", start, names, left)
	w.Write(filepath.Join(w.Project, "out"), "")
	if right != "" {
		command += " |" + right
	}
	p := testenv.OnTerminal(w, command)
	got := func() string {
		var kinds []string
		for line := range strings.FieldsSeq(p.Seen()) {
			switch {
			case strings.HasPrefix(line, "/dev/pts/0"), line == "/dev/tty":
				kinds = append(kinds, "tty")
			case strings.HasPrefix(line, "pipe:"):
				kinds = append(kinds, "pipe")
			case strings.HasPrefix(line, "/"):
				kinds = append(kinds, "file")
			}
		}
		return strings.Join(kinds, " ")
	}
	want += " tty" // what tty(1) says of /dev/tty
	if want == "none tty" {
		want = ""
		time.Sleep(50 * time.Millisecond) // for what is not to come
	}
	if !testenv.Within(10*time.Second, func() bool { return got() == want }) {
		w.T.Errorf("%s, %q: %q, want %q\n%s", start, redirect, got(), want, p.Seen())
	}
}

// A change of the window's size arrives, with its signal.
func TestWindowSize(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, start := range w.Starts("--profile", "default") {
		script := `trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.02; done`
		p := w.Terminal(append(strings.Fields(start), "bash", "-c", script)...)
		p.Shows("24 80", 1)
		p.Resize(100, 30)
		p.Shows("30 100", 1)
		if status := p.Ends(); status != 0 {
			t.Errorf("%s: exit status %d", start, status)
		}
	}
}

// When the terminal goes away, so does the jail, whatever the program thinks of
// it. Under nohup it stays.
func TestHangUp(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	mark := "hang-" + strings.ReplaceAll(w.Canary, "canary-", "")[:8]
	sleeper := filepath.Join(w.Project, mark)
	data, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sleeper, data, 0o755); err != nil {
		t.Fatal(err)
	}
	starts := w.Starts("--profile", "default", "--write", ".")
	for _, script := range []string{"exec ./" + mark + " 60", `trap "" HUP; ./` + mark + ` 60; ./` + mark + ` 60`} {
		for i, prefix := range []string{"", "sh -c 'true; \"$@\"; true' sh ", ""} {
			start := starts[i/2] // the last time, by entering
			p := w.Terminal("sh", "-c", fmt.Sprintf("exec %s%s sh -c '%s'", prefix, start, script))
			if !testenv.Eventually(func() bool { return w.Running(mark) > 0 }) {
				t.Fatalf("the program does not begin: %q", p.Seen())
			}
			_ = p.Slave.Close()
			_ = p.Master.Close()
			if !testenv.Eventually(func() bool { return w.Running(mark) == 0 }) {
				t.Errorf("%s %s: %d processes are left", start, script, w.Running(mark))
			}
		}
	}
}

// What is printed last is not lost, and nothing is changed on the way.
func TestNothingPrintedIsLost(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	starts := w.Starts("--profile", "default")
	for i := range 10 {
		p := testenv.OnTerminal(w, starts[i%2]+" sh -c 'stty -opost; seq 1 20000; printf last'")
		want := 0
		for i := 1; i <= 20000; i++ {
			want += len(strconv.Itoa(i)) + 1
		}
		testenv.Eventually(func() bool { return len(p.Seen()) >= want+4 })
		if seen := p.Seen(); len(seen) != want+4 || !strings.HasSuffix(seen, "20000\nlast") {
			t.Fatalf("%d bytes, want %d; at the end %q", len(seen), want+4, seen[max(0, len(seen)-40):])
		}
	}
}
