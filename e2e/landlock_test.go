package e2e

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// withStdin runs a command with a file as standard input.
func (w *world) withStdin(name string, argv ...string) *result {
	w.t.Helper()
	f, err := os.Open(name)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	cmd := w.command(argv...)
	cmd.Stdin = f
	return w.finish(cmd)
}

// F4: a file on standard input can't be opened with more rights. Package jail
// has the arm with Landlock switched off; by the command line that is refused.
func TestF4StandardInput(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(w.home, "Documents/diary.txt")
	text := w.read(file)
	for _, target := range []string{"/proc/self/fd/0", "/dev/stdin", "/dev/fd/0"} {
		if r := w.withStdin(file, "sh", "-c", "echo pwned >>"+target); r.status != 0 || w.read(file) == text {
			t.Fatalf("outside of a jail %s can't be written: %s", target, r.output())
		}
		w.write(file, text)
		for _, shown := range []string{w.project, "/"} {
			r := w.withStdin(file, jailBin, "run", "--profile", "default", "--read", shown, "sh", "-c", "cat "+target+"; echo pwned >>"+target)
			if r.status == 0 || w.read(file) != text || r.stdout != text {
				t.Errorf("--read %s: %s: exit status %d, the file holds %q\n%s", shown, target, r.status, w.read(file), r.output())
			}
			w.write(file, text)
		}
	}
	r := w.withStdin(file, jailBin, "run", "--profile", "default", "--landlock", "off", "touch", filepath.Join(w.project, "ran"))
	if r.status != 125 || !strings.Contains(r.stderr, "standard input is a file") || exists(filepath.Join(w.project, "ran")) {
		t.Errorf("a file without Landlock: exit status %d\n%s", r.status, r.output())
	}
	r = w.withStdin(w.home, jailBin, "run", "--profile", "default", "--write", w.project, "touch", filepath.Join(w.project, "ran"))
	if r.status != 125 || !strings.Contains(r.stderr, "standard input is a directory") || exists(filepath.Join(w.project, "ran")) {
		t.Errorf("a directory: exit status %d\n%s", r.status, r.output())
	}
}

// S6: every thread is restricted, and so is what was started before.
func TestS6Threads(t *testing.T) {
	need(t, "python3")
	w := newWorld(t)
	file := filepath.Join(w.home, "Documents/diary.txt")
	text := w.read(file)
	script := `
import threading, os
def reopen(i):
    try:
        os.close(os.open('/proc/self/fd/0', os.O_WRONLY))
        print('open', end=' ')
    except OSError as e:
        print(e.errno, end=' ')
    for l in open('/proc/thread-self/status'):
        if l.startswith(('Seccomp:', 'NoNewPrivs:')): print(l.split()[1], end=' ')
    print()
ts = [threading.Thread(target=reopen, args=(i,)) for i in range(4)]
[t.start() or t.join() for t in ts]
if os.fork() == 0: reopen(9)
else: os.wait()
`
	want := strings.Repeat("13 1 2 \n", 5)
	if r := w.withStdin(file, jailBin, "run", "--profile", "default", "python3", "-uc", script); r.stdout != want || w.read(file) != text {
		t.Errorf("threads could open, or are not filtered: %q, want %q\n%s", r.stdout, want, r.stderr)
	}
	if r := w.withStdin(file, "python3", "-uc", script); strings.Count(r.stdout, "open ") != 5 {
		t.Errorf("outside: %q", r.output())
	}
}

// S11, S12: what passes by Landlock in the network is stopped by the network's
// namespace or by the filter: datagrams, data in the first packet, multipath
// TCP. The oracle is a server on the host.
func TestS12Network(t *testing.T) {
	need(t, "python3")
	w := newWorld(t)
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp4", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	_, port, _ := net.SplitHostPort(tcp.Addr().String())
	reached := make(chan string, 16)
	go func() {
		for {
			c, err := tcp.Accept()
			if err != nil {
				return
			}
			reached <- "tcp"
			_ = c.Close()
		}
	}()
	go func() {
		for buf := make([]byte, 16); ; {
			if _, _, err := udp.ReadFrom(buf); err != nil {
				return
			}
			reached <- "udp"
		}
	}()
	arrives := func() bool {
		select {
		case <-reached:
			return true
		case <-time.After(300 * time.Millisecond):
			return false
		}
	}
	to := "('127.0.0.1', " + port + ")"
	for name, c := range map[string]struct {
		script string
		host   bool // whether it arrives with the host's network
	}{
		"connect":  {"socket.create_connection(" + to + ", 2)", true},
		"datagram": {"socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', " + to + ")", true},
		"fastopen": {"socket.socket().sendto(b'x', socket.MSG_FASTOPEN, " + to + ")", true},
	} {
		script := "import socket; " + c.script
		w.host("python3", "-c", script)
		if !arrives() {
			t.Fatalf("%s: nothing arrives without a jail", name)
		}
		w.jail("run", "--profile", "default", "python3", "-c", script)
		if arrives() {
			t.Errorf("%s: it arrives from a jail without a network", name)
		}
		w.jail("run", "--profile", "default", "--network", "host", "python3", "-c", script)
		if got := arrives(); got != c.host {
			t.Errorf("%s: from a jail with the host's network it arrives: %v", name, got)
		}
	}
}

// The layer can be asked about, and done without.
func TestLandlockIsShown(t *testing.T) {
	w := newWorld(t)
	if r := w.succeeds("explain", "--profile", "default", "landlock"); !strings.Contains(r.stdout, "landlock: restricts the program, with version ") {
		t.Errorf("explain says %q", r.stdout)
	}
	if r := w.succeeds("plan", "--profile", "default", "true"); !strings.Contains(r.stdout, "\nLandlock: version ") {
		t.Errorf("plan says %q", r.stdout)
	}
	if r := w.succeeds("plan", "--profile", "default", "--landlock", "off", "true"); !strings.Contains(r.stdout, "\nLandlock: not in use\n") {
		t.Errorf("plan without it says %q", r.stdout)
	}
	if r := w.jail("run", "--profile", "default", "--set", "landlock.version=99", "true"); r.status != 125 || !strings.Contains(r.stderr, "Landlock, and the profile wants 99") {
		t.Errorf("a version that no kernel has: exit status %d\n%s", r.status, r.output())
	}
}

// bubblewrap mounts, which Landlock forbids: it needs a jail without.
func TestBubblewrapInJail(t *testing.T) {
	need(t, "bwrap")
	w := newWorld(t)
	canary := filepath.Join(w.project, "ran")
	args := []string{"run", "--profile", "default", "--write", w.project, "--nested-userns", "--set", "syscalls.default=allow"}
	command := []string{"bwrap", "--bind", "/", "/", "--unshare-user", "touch", canary}
	for _, off := range []bool{false, true} {
		_ = os.Remove(canary)
		flags := args
		if off {
			flags = append(slices.Clip(flags), "--landlock", "off")
		}
		cmd := w.command(append(append([]string{jailBin}, flags...), command...)...)
		cmd.Stdin = strings.NewReader("")
		r := w.finish(cmd)
		if ran := exists(canary); ran != off {
			t.Errorf("landlock off %v: bubblewrap worked: %v, exit status %d\n%s", off, ran, r.status, r.output())
		}
	}
}
