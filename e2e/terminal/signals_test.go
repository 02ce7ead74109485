package terminal

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// bystander is a process of the user outside, in a process group that
// commands can be started in.
type bystander struct {
	w    *testenv.World
	pid  int
	hits string // the file where it notes signals
}

func newBystander(w *testenv.World) *bystander {
	w.T.Helper()
	dir, err := os.MkdirTemp(w.Root, "bystander.")
	if err != nil {
		w.T.Fatal(err)
	}
	b := &bystander{w: w, hits: filepath.Join(dir, "hits")}
	ready := filepath.Join(dir, "ready")
	// It starts no programs while it waits: with vfork(2) it could not be stopped while
	// its child, stopped before it, has not executed the program.
	script := fmt.Sprintf("trap 'echo hit >>%s' USR1 TERM HUP; (trap '' USR1 TERM HUP; : >%s; exec sleep 600) & while :; do wait; done", b.hits, ready)
	cmd := w.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		w.T.Fatal(err)
	}
	b.pid = cmd.Process.Pid
	w.T.Cleanup(func() {
		_ = unix.Kill(-b.pid, unix.SIGKILL)
		_ = cmd.Wait()
	})
	if !testenv.Eventually(func() bool { return testenv.Exists(ready) }) {
		w.T.Fatal("the bystander does not begin")
	}
	return b
}

// beside runs a command in the bystander's process group and returns its exit
// status, -1 when it did not end by itself.
func (b *bystander) beside(argv ...string) int {
	b.w.T.Helper()
	cmd := b.w.Command(argv...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: b.pid}
	if err := cmd.Start(); err != nil {
		b.w.T.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	// What stops the bystander may have stopped the command as well.
	testenv.Within(time.Minute, func() bool {
		select {
		case <-done:
			return true
		default:
			return testenv.State(b.pid) == "T"
		}
	})
	_ = cmd.Process.Kill()
	<-done
	return cmd.ProcessState.ExitCode()
}

// reached tells whether a signal came through. One that is wanted may take its
// time.
func (b *bystander) reached(wanted bool) bool {
	patience := 300 * time.Millisecond
	if wanted {
		patience = time.Minute
	}
	return testenv.Within(patience, func() bool { return testenv.Exists(b.hits) || testenv.State(b.pid) == "T" })
}

// T5: no signal leaves the jail through a process group, by any way, although
// the launcher is in the group of a bystander.
func TestT5SignalsStayInside(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	testenv.Need(t, "strace")
	strace := []string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=setsid,setpgid", "-e", "inject=setsid,setpgid:retval=0"}
	run := []string{testenv.JailBin, "run", "--profile", "default", "--read", testenv.BinDir, "--time", "2s"}
	off := slices.Concat(run, []string{"--landlock", "off"}) // its scope is a second guard
	for _, c := range []struct {
		way       string
		unguarded []string // the negative control
	}{
		// Without a session and a group of its own, the program is in the group of
		// the launcher; with numbers of processes, it can name it as well.
		{"kill-0", slices.Concat(strace, off)},
		{"kill-group", slices.Concat(off, []string{"--share", "pid"})},
		{"sigio", slices.Concat(off, []string{"--share", "pid"})},
		{"sigio-own", slices.Concat(strace, off, []string{"--share", "pid"})},
	} {
		for _, sig := range []syscall.Signal{unix.SIGUSR1, unix.SIGTERM, unix.SIGSTOP} {
			t.Run(fmt.Sprint(c.way, " ", unix.SignalName(sig)), func(t *testing.T) {
				t.Parallel()
				w := testenv.NewWorld(t)
				try := func(wanted bool, prefix []string) (bool, int) {
					b := newBystander(w)
					status := b.beside(append(slices.Clone(prefix), testenv.ProbeBin, "signal", c.way, strconv.Itoa(int(sig)), strconv.Itoa(b.pid))...)
					return b.reached(wanted), status
				}
				if reached, status := try(true, nil); !reached {
					t.Fatalf("without jail, the bystander is not reached; exit status %d", status)
				}
				if reached, status := try(false, run); reached || status < 0 {
					t.Errorf("the bystander is reached: %v; exit status %d", reached, status)
				}
				if os.Getuid() == 0 {
					return // a second guard: what root starts in a jail runs as nobody's user
				}
				if reached, status := try(true, c.unguarded); !reached {
					t.Errorf("with the guard off, the bystander is not reached: the test proves nothing; exit status %d", status)
				}
			})
		}
	}
}

// A terminal's signals go to the launcher's process group. All of the program's
// gets them, as it would without jail.
func TestSignalsOfATerminalReachTheGroup(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, c := range []struct {
		key  string
		want string
	}{{"\x03", "INT"}, {"\x1c", "QUIT"}} {
		script := `trap 'echo parent ` + c.want + ` >>seen' INT QUIT
			sh -c 'trap "echo child ` + c.want + ` >>seen; exit" INT QUIT; echo ready >>seen; while :; do sleep 0.02; done'
			:`
		seen := filepath.Join(w.Project, "seen")
		_ = os.Remove(seen)
		p := w.Terminal("sh", "-c", fmt.Sprintf("trap : INT QUIT; %s run --profile default --write . sh -c '%s' </dev/null >/dev/null 2>&1", testenv.JailBin, strings.ReplaceAll(script, "'", `'\''`)))
		if !testenv.Eventually(func() bool { return testenv.Exists(seen) }) {
			t.Fatal("the program does not begin")
		}
		time.Sleep(100 * time.Millisecond)
		p.Keys(c.key)
		if !testenv.Eventually(func() bool { return strings.Count(w.Read(seen), c.want) >= 2 }) {
			t.Errorf("%q: %s", c.key, w.Read(seen))
		}
		p.Close()
	}
}

// E9: the program begins with every signal at its default and none blocked,
// and with a umask that lets nobody else write. SIGHUP alone stays ignored, for
// nohup.
func TestE9SignalsAndUmask(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	none := strings.Repeat("0", 16)
	start := func(umask, ignored string, argv ...string) *testenv.Facts {
		t.Helper()
		script := "umask " + umask + `; exec env --block-signal=USR2,WINCH --ignore-signal=` + ignored + ` "$@"`
		r := w.Host(append([]string{"sh", "-c", script, "sh"}, argv...)...)
		if r.Status != 0 {
			t.Fatalf("exit status %d\n%s", r.Status, r.Stderr)
		}
		return testenv.ParseFacts(t, r.Stdout)
	}
	run := []string{testenv.JailBin, "run", "--profile", "default", "--read", testenv.BinDir, testenv.ProbeBin}
	all := "INT,QUIT,TERM,USR1,TSTP,TTIN,TTOU,CONT,PIPE,CHLD,WINCH,IO,RTMAX"
	if f := start("0", all, testenv.ProbeBin); f.Status["SigIgn"] == none || f.Status["SigBlk"] == none || f.Umask != 0 {
		t.Fatalf("without jail: ignored %s, blocked %s, umask %#o: the test is void", f.Status["SigIgn"], f.Status["SigBlk"], f.Umask)
	}
	f := start("0", all, run...)
	if f.Status["SigIgn"] != none || f.Status["SigBlk"] != none || f.Umask != 0o022 {
		t.Errorf("ignored %s, blocked %s, umask %#o", f.Status["SigIgn"], f.Status["SigBlk"], f.Umask)
	}
	for _, umask := range []struct {
		text string
		want int
	}{{"002", 0o002}, {"077", 0o077}, {"022", 0o022}, {"770", 0o022}} {
		if f := start(umask.text, "HUP", run...); f.Status["SigIgn"] != "0000000000000001" || f.Umask != umask.want {
			t.Errorf("umask %s is %#o in the jail, want %#o; ignored %s, want SIGHUP", umask.text, f.Umask, umask.want, f.Status["SigIgn"])
		}
	}
}

// nohup works: a hangup reaches neither the launcher nor the program.
func TestNohup(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	cmd := w.Command("nohup", testenv.JailBin, "run", "--profile", "default", "--write", ".", "sh", "-c", ": >begun; while [ ! -e go ]; do sleep 0.02; done")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !testenv.Eventually(func() bool { return testenv.Exists(filepath.Join(w.Project, "begun")) }) {
		t.Fatal("the program does not begin")
	}
	if err := cmd.Process.Signal(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	w.Write(filepath.Join(w.Project, "go"), "")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
