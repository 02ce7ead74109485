package security

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// terminal opens a new pseudo terminal without echo and without lines, so that
// what is typed lies in its queue at once.
func (s *scene) terminal() (master, slave *os.File) {
	s.T.Helper()
	master, slave = s.OpenTerminal()
	settings, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	testenv.Must(s.T, err)
	settings.Lflag &^= unix.ECHO | unix.ICANON
	settings.Oflag &^= unix.OPOST
	testenv.Must(s.T, unix.IoctlSetTermios(int(slave.Fd()), unix.TCSETS, settings))
	s.T.Cleanup(func() { master.Close(); slave.Close() })
	return master, slave
}

// runOnTerminal runs a command on a terminal that an outer shell leads and
// keeps. What is in its queue afterwards, that shell would have read: it is the
// part "typed into the queue".
func (s *scene) runOnTerminal(argv ...string) *outcome {
	s.T.Helper()
	master, slave := s.terminal()
	var text safeBuffer
	go func() { _, _ = io.Copy(&text, master) }()
	// An interactive shell would set the process group; this one leads.
	outer := append([]string{"/bin/sh", "-c", `"$@"; echo "ended $?"; exec sleep 60`, "sh"}, argv...)
	cmd := s.command(outer...)
	cmd.Env = append(slices.Clone(cmd.Env), "PROBE_TERMINAL="+slave.Name())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	deadline := time.Now().Add(patience)
	for !strings.Contains(text.String(), "ended ") {
		if time.Now().After(deadline) {
			s.T.Fatalf("%q did not end within %v\n%s", argv, patience, text.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
	queued, err := unix.IoctlGetInt(int(slave.Fd()), unix.TIOCINQ)
	if err != nil {
		s.T.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	all := text.String()
	_, status, _ := strings.Cut(all, "ended ")
	var code int
	fmt.Sscanf(status, "%d", &code)
	o := read(code, all, "")
	if o.started {
		o.set("typed into the queue", queued > 0)
	}
	return o
}

// safeBuffer is a buffer that one goroutine fills and another reads.
type safeBuffer struct {
	mu   sync.Mutex
	text []byte
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	return len(p), nil
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text)
}
