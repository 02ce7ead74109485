package filter

import (
	"bufio"
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// server is an X server of a test, as the host's.
type server struct {
	t       *testing.T
	display string // :N
	socket  string
	cookie  []byte
	auth    string // an Xauthority file
	pid     int
}

// signal sends a signal to the server.
func (s *server) signal(n syscall.Signal) { _ = syscall.Kill(s.pid, n) }

// xauthority writes a file with one entry of the family Wild.
func xauthority(t *testing.T, display string, cookie []byte) string {
	t.Helper()
	var b []byte
	b = binary.BigEndian.AppendUint16(b, 65535)
	for _, s := range []string{"", display, "MIT-MAGIC-COOKIE-1", string(cookie)} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
		b = append(b, s...)
	}
	file := filepath.Join(t.TempDir(), "xauthority")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// startServer starts Xvfb.
func startServer(t *testing.T) *server {
	t.Helper()
	testenv.Need(t, "Xvfb")
	s := &server{t: t, cookie: make([]byte, 16)}
	crand.Read(s.cookie)
	s.auth = xauthority(t, "", s.cookie)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-noreset", "-nolisten", "tcp", "-nolisten", "local", "-auth", s.auth, "-screen", "0", "1280x1024x24")
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	s.pid = cmd.Process.Pid
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.Remove(s.socket)
	})
	r.SetReadDeadline(time.Now().Add(30 * time.Second))
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb did not start: %v", err)
	}
	number := strings.TrimSpace(line)
	s.display, s.socket = ":"+number, "/tmp/.X11-unix/X"+number
	return s
}

// dial connects to the server, as Options.Dial.
func (s *server) dial() (*net.UnixConn, error) {
	return net.DialUnix("unix", nil, &net.UnixAddr{Name: s.socket, Net: "unix"})
}

// filtered is a filter that runs, and the display that it serves.
type filtered struct {
	*Filter
	display string
	socket  string
	stop    func()
}

// filter starts a filter before the server.
func (s *server) filter(o Options, change ...func(*Filter)) *filtered {
	s.t.Helper()
	o.Dial, o.Cookie = s.dial, s.cookie
	if o.Log == nil {
		o.Log = func(line string) { s.t.Log("filter: " + line) }
	}
	var l *net.UnixListener
	var socket, display string
	for try := 0; l == nil; try++ {
		// Xlib finds the sockets of local displays in this directory only.
		display = fmt.Sprintf(":%d", 10000+rand.IntN(20000))
		socket = "/tmp/.X11-unix/X" + display[1:]
		var err error
		if l, err = net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"}); err != nil && try > 20 {
			s.t.Fatal(err)
		}
	}
	f := New(o)
	for _, c := range change {
		c(f)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Serve(ctx, l) }()
	stop := func() {
		cancel()
		select {
		case err := <-done:
			done <- err
		case <-time.After(20 * time.Second):
			s.t.Error("Serve does not end")
		}
	}
	s.t.Cleanup(func() {
		stop()
		_ = os.Remove(socket)
	})
	return &filtered{Filter: f, display: display, socket: socket, stop: stop}
}

// command is a program with a display. Through a filter it has no cookie.
func (s *server) command(display string, argv ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	s.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	auth := s.auth
	if display != s.display {
		auth = "/dev/null"
	}
	cmd.Env = append(os.Environ(), "DISPLAY="+display, "XAUTHORITY="+auth, "GDK_BACKEND=x11", "QT_QPA_PLATFORM=xcb", "LC_ALL=C.UTF-8")
	cmd.WaitDelay = time.Second
	return cmd
}

// run is what a program prints.
func (s *server) run(display string, argv ...string) (string, error) {
	testenv.Need(s.t, argv[0])
	out, err := s.command(display, argv...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%v: %w: %s", argv, err, out)
	}
	return string(out), err
}

// syncBuffer is written by a program and read by a test.
type syncBuffer struct {
	mu sync.Mutex
	b  []byte
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b = append(s.b, p...)
	return len(p), nil
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.b)
}
