package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// onTerminal runs a command under a shell that stays, and waits for its end.
func onTerminal(w *world, command string) *pty {
	w.t.Helper()
	done := filepath.Join(w.project, "done")
	_ = os.Remove(done)
	p := w.terminal("sh", "-c", command+"; echo $? >done; sleep 60")
	if !within(10*time.Second, func() bool { return exists(done) }) {
		w.t.Fatalf("%s: does not end; the terminal shows %q", command, p.seen())
	}
	return p
}

// T6: whatever the program did to the terminal, it is as before when jail ends:
// its settings, its foreground group, and how it shows what is printed.
func TestT6TheTerminalIsLeftAsItWas(t *testing.T) {
	w := newWorld(t)
	const mess = `stty raw -echo; printf "\033[?1049h\033[?25l\033[?1003h\033[31m\033="; `
	const undo = "\x1b[?1049l\x1b[?25h\x1b[?1003l\x1b>\x1b[0m"
	starts := w.starts("--profile", "default")
	for _, end := range []string{"exit 3", `kill -9 \$\$`, `kill -INT \$\$`} {
		payload := fmt.Sprintf(`sh -c '%s%s'`, mess, strings.ReplaceAll(end, `\$`, "$"))
		before := w.terminal("sleep", "60").settings()
		if p := onTerminal(w, payload); p.settings() == before || strings.Contains(p.seen(), undo) {
			t.Fatalf("without jail, the terminal is as before: the test is void; it shows %q", p.seen())
		}
		for _, start := range starts {
			p := onTerminal(w, start+" "+payload)
			if got := p.settings(); got != before {
				t.Errorf("%s %s: the settings are %+v, want %+v", start, end, got, before)
			}
			if group := p.foreground(); group != p.cmd.Process.Pid {
				t.Errorf("%s %s: the foreground is %d, want the shell %d", start, end, group, p.cmd.Process.Pid)
			}
			if !eventually(func() bool { return strings.HasSuffix(p.seen(), undo) }) {
				t.Errorf("%s %s: the terminal was sent %q, want %q at the end", start, end, p.seen(), undo)
			}
		}
		// Passed on by a session that it does not control, the terminal is the
		// program's own affair.
		if p := onTerminal(w, "setsid --wait "+jailBin+" run --profile default "+payload); p.settings() == before {
			t.Errorf("%s: without a terminal of its own the jail leaves no trace: the test proves nothing", end)
		}
	}
}

// A program that undoes what it did gets nothing added to its output.
func TestTerminalAddsNothing(t *testing.T) {
	w := newWorld(t)
	for _, text := range []string{`plain\n`, `\033[31mred\033[0m\n`, `\033[?1049h\033[?25lfull\033[?25h\033[?1049l`, `\033]0;title\007\033[1;24r\033[r`} {
		script := fmt.Sprintf(`printf "%s"`, text)
		outside, inside := onTerminal(w, script), onTerminal(w, jailBin+" run --profile default sh -c '"+script+"'")
		if !eventually(func() bool { return inside.seen() == outside.seen() && inside.seen() != "" }) {
			t.Errorf("%s: in the jail %q, outside %q", text, inside.seen(), outside.seen())
		}
	}
}

// T5, at a terminal: the same with a program that has one, and a bystander that
// runs in the launcher's job.
func TestT5SignalsStayInsideAtATerminal(t *testing.T) {
	w := newWorld(t)
	for _, sig := range []unix.Signal{unix.SIGUSR1, unix.SIGTERM, unix.SIGSTOP} {
		hits, pid := filepath.Join(w.project, "hits"), filepath.Join(w.project, "pid")
		// The bystander does what every program does that gets a signal: it ends.
		arm := func(command string) bool {
			_ = os.Remove(hits)
			script := fmt.Sprintf("trap : USR1 TERM; (sh -c 'echo $$ >pid; exec sleep 61' || echo hit >hits) & sleep 0.2; %s; sleep 60", command)
			p := w.terminal("sh", "-c", script)
			defer p.close()
			time.Sleep(time.Second)
			n, err := strconv.Atoi(strings.TrimSpace(w.read(pid)))
			if err != nil {
				t.Fatal(err)
			}
			return exists(hits) || state(n) == "T" || state(n) == "" || state(n) == "Z"
		}
		payload := fmt.Sprintf("%s signal kill-0 %d 0", probeBin, int(sig))
		if !arm(payload) {
			t.Fatalf("%v: without jail, the bystander is not reached: the test is void", sig)
		}
		if arm(jailBin + " run --profile default --read " + binDir + " --time 2s " + payload) {
			t.Errorf("%v: the bystander is reached", sig)
		}
	}
}

// Only those of the standard descriptors that are the terminal are replaced.
func TestOnlyTheTerminalIsReplaced(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.project, "in"), "text\n")
	w.write(filepath.Join(w.project, "out"), "")
	for _, start := range w.starts("--profile", "default", "--read", "in", "--write", "out") {
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

func onlyTheTerminal(w *world, start, redirect, want string) {
	w.t.Helper()
	names := `(exec 3>/dev/tty) && exec 3>/dev/tty && for n in 0 1 2; do name=$(readlink /proc/$$/fd/$n); echo $name >&3; done; tty </dev/tty >&3`
	left, right, _ := strings.Cut(redirect, "|")
	command := fmt.Sprintf("%s sh -c '%s' %s", start, names, left)
	w.write(filepath.Join(w.project, "out"), "")
	if right != "" {
		command += " |" + right
	}
	p := onTerminal(w, command)
	var got []string
	time.Sleep(20 * time.Millisecond)
	for line := range strings.FieldsSeq(p.seen()) {
		switch {
		case strings.HasPrefix(line, "/dev/pts/0"), line == "/dev/tty":
			got = append(got, "tty")
		case strings.HasPrefix(line, "pipe:"):
			got = append(got, "pipe")
		case strings.HasPrefix(line, "/"):
			got = append(got, "file")
		}
	}
	want += " tty" // what tty(1) says of /dev/tty
	if want == "none tty" {
		want = ""
	}
	if strings.Join(got, " ") != want {
		w.t.Errorf("%s, %q: %q, want %q\n%s", start, redirect, strings.Join(got, " "), want, p.seen())
	}
}

// A change of the window's size arrives, with its signal.
func TestWindowSize(t *testing.T) {
	w := newWorld(t)
	for _, start := range w.starts("--profile", "default") {
		script := `trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.02; done`
		p := w.terminal(append(strings.Fields(start), "bash", "-c", script)...)
		p.shows("24 80", 1)
		p.resize(100, 30)
		p.shows("30 100", 1)
		if status := p.ends(); status != 0 {
			t.Errorf("%s: exit status %d", start, status)
		}
	}
}

// When the terminal goes away, so does the jail, whatever the program thinks of
// it. Under nohup it stays.
func TestHangUp(t *testing.T) {
	w := newWorld(t)
	mark := "hang-" + strings.ReplaceAll(w.canary, "canary-", "")[:8]
	sleeper := filepath.Join(w.project, mark)
	data, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sleeper, data, 0o755); err != nil {
		t.Fatal(err)
	}
	starts := w.starts("--profile", "default", "--write", ".")
	for _, script := range []string{"exec ./" + mark + " 60", `trap "" HUP; ./` + mark + ` 60; ./` + mark + ` 60`} {
		for i, prefix := range []string{"", "sh -c 'true; \"$@\"; true' sh ", ""} {
			start := starts[i/2] // the last time, by entering
			p := w.terminal("sh", "-c", fmt.Sprintf("exec %s%s sh -c '%s'", prefix, start, script))
			if !eventually(func() bool { return running(mark) > 0 }) {
				t.Fatalf("the program does not begin: %q", p.seen())
			}
			_ = p.slave.Close()
			_ = p.master.Close()
			if !within(5*time.Second, func() bool { return running(mark) == 0 }) {
				t.Errorf("%s %s: %d processes are left", start, script, running(mark))
			}
		}
	}
}

// What is printed last is not lost, and nothing is changed on the way.
func TestNothingPrintedIsLost(t *testing.T) {
	w := newWorld(t)
	starts := w.starts("--profile", "default")
	for i := range 10 {
		p := onTerminal(w, starts[i%2]+" sh -c 'stty -opost; seq 1 20000; printf last'")
		want := 0
		for i := 1; i <= 20000; i++ {
			want += len(strconv.Itoa(i)) + 1
		}
		eventually(func() bool { return len(p.seen()) >= want+4 })
		if seen := p.seen(); len(seen) != want+4 || !strings.HasSuffix(seen, "20000\nlast") {
			t.Fatalf("%d bytes, want %d; at the end %q", len(seen), want+4, seen[max(0, len(seen)-40):])
		}
	}
}
