package e2e

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
)

// bystander is a process of the user outside, in a process group that
// commands can be started in.
type bystander struct {
	w    *world
	pid  int
	hits string // the file where it notes signals
}

func newBystander(w *world) *bystander {
	w.t.Helper()
	dir, err := os.MkdirTemp(w.root, "bystander.")
	if err != nil {
		w.t.Fatal(err)
	}
	b := &bystander{w: w, hits: filepath.Join(dir, "hits")}
	ready := filepath.Join(dir, "ready")
	script := fmt.Sprintf("trap 'echo hit >>%s' USR1 TERM HUP; : >%s; while :; do sleep 0.02; done", b.hits, ready)
	cmd := w.command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	b.pid = cmd.Process.Pid
	w.t.Cleanup(func() {
		_ = unix.Kill(-b.pid, unix.SIGKILL)
		_ = cmd.Wait()
	})
	if !eventually(func() bool { return exists(ready) }) {
		w.t.Fatal("the bystander does not begin")
	}
	return b
}

// beside runs a command in the bystander's process group and returns its exit
// status, -1 when it did not end by itself.
func (b *bystander) beside(argv ...string) int {
	b.w.t.Helper()
	cmd := b.w.command(argv...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: b.pid}
	if err := cmd.Start(); err != nil {
		b.w.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	// What stops the bystander may have stopped the command as well.
	within(20*time.Second, func() bool {
		select {
		case <-done:
			return true
		default:
			return state(b.pid) == "T"
		}
	})
	_ = cmd.Process.Kill()
	<-done
	return cmd.ProcessState.ExitCode()
}

// reached tells whether a signal came through.
func (b *bystander) reached() bool {
	for range 15 {
		if exists(b.hits) || state(b.pid) == "T" {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// state is the one letter of proc_pid_stat(5), "" for a process that is gone.
func state(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return rest[:1]
}

// T5: no signal leaves the jail through a process group, by any way, although
// the launcher is in the group of a bystander.
func TestT5SignalsStayInside(t *testing.T) {
	need(t, "strace")
	strace := []string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=setsid,setpgid", "-e", "inject=setsid,setpgid:retval=0"}
	run := []string{jailBin, "run", "--profile", "default", "--read", binDir, "--time", "2s"}
	off := slices.Concat(run, []string{"--landlock", "off"}) // its scope is a second guard
	for _, c := range []struct {
		way   string
		teeth []string
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
				w := newWorld(t)
				arm := func(prefix []string) (bool, int) {
					b := newBystander(w)
					status := b.beside(append(slices.Clone(prefix), probeBin, "signal", c.way, strconv.Itoa(int(sig)), strconv.Itoa(b.pid))...)
					return b.reached(), status
				}
				if reached, status := arm(nil); !reached {
					t.Fatalf("without jail, the bystander is not reached; exit status %d", status)
				}
				if reached, status := arm(run); reached || status < 0 {
					t.Errorf("the bystander is reached: %v; exit status %d", reached, status)
				}
				if os.Getuid() == 0 {
					return // a second guard: what root starts in a jail runs as nobody's user
				}
				if reached, status := arm(c.teeth); !reached {
					t.Errorf("with the guard off, the bystander is not reached: the test proves nothing; exit status %d", status)
				}
			})
		}
	}
}

// A terminal's signals go to the launcher's process group. All of the program's
// gets them, as it would without jail.
func TestSignalsOfATerminalReachTheGroup(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		key  string
		want string
	}{{"\x03", "INT"}, {"\x1c", "QUIT"}} {
		script := `trap 'echo parent ` + c.want + ` >>seen' INT QUIT
			sh -c 'trap "echo child ` + c.want + ` >>seen; exit" INT QUIT; echo ready >>seen; while :; do sleep 0.02; done'
			:`
		seen := filepath.Join(w.project, "seen")
		_ = os.Remove(seen)
		p := w.terminal("sh", "-c", fmt.Sprintf("trap : INT QUIT; %s run --profile default --write . sh -c '%s' </dev/null >/dev/null 2>&1", jailBin, strings.ReplaceAll(script, "'", `'\''`)))
		if !eventually(func() bool { return exists(seen) }) {
			t.Fatal("the program does not begin")
		}
		time.Sleep(100 * time.Millisecond)
		p.keys(c.key)
		if !eventually(func() bool { return strings.Count(w.read(seen), c.want) >= 2 }) {
			t.Errorf("%q: %s", c.key, w.read(seen))
		}
		p.close()
	}
}

// E9: the program begins with every signal at its default and none blocked,
// and with a umask that lets nobody else write. SIGHUP alone stays ignored, for
// nohup.
func TestE9SignalsAndUmask(t *testing.T) {
	w := newWorld(t)
	none := strings.Repeat("0", 16)
	start := func(umask, ignored string, argv ...string) *facts {
		t.Helper()
		script := "umask " + umask + `; exec env --block-signal=USR2,WINCH --ignore-signal=` + ignored + ` "$@"`
		r := w.host(append([]string{"sh", "-c", script, "sh"}, argv...)...)
		if r.status != 0 {
			t.Fatalf("exit status %d\n%s", r.status, r.stderr)
		}
		return parseFacts(t, r.stdout)
	}
	run := []string{jailBin, "run", "--profile", "default", "--read", binDir, probeBin}
	all := "INT,QUIT,TERM,USR1,TSTP,TTIN,TTOU,CONT,PIPE,CHLD,WINCH,IO,RTMAX"
	if f := start("0", all, probeBin); f.Status["SigIgn"] == none || f.Status["SigBlk"] == none || f.Umask != 0 {
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
	w := newWorld(t)
	cmd := w.command("nohup", jailBin, "run", "--profile", "default", "--write", ".", "sh", "-c", ": >begun; while [ ! -e go ]; do sleep 0.02; done")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !eventually(func() bool { return exists(filepath.Join(w.project, "begun")) }) {
		t.Fatal("the program does not begin")
	}
	if err := cmd.Process.Signal(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	w.write(filepath.Join(w.project, "go"), "")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
