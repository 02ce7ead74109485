package testenv

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Pty is a terminal and the person in front of it.
type Pty struct {
	w      *World
	Master *os.File
	Slave  *os.File // kept open, so that what was printed last is not lost
	Cmd    *Command

	mutex sync.Mutex
	out   strings.Builder
}

// Terminal starts a command on a new terminal, as the leader of its session.
func (w *World) Terminal(argv ...string) *Pty {
	w.T.Helper()
	master, slave := w.OpenTerminal()
	p := &Pty{w: w, Master: master, Slave: slave, Cmd: w.Command(argv...)}
	p.Cmd.Env = append(slices.Clone(p.Cmd.Env), "PROBE_TERMINAL="+slave.Name()) // see probe.h
	p.Resize(80, 24)
	p.Cmd.Stdin, p.Cmd.Stdout, p.Cmd.Stderr = slave, slave, slave
	p.Cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	go p.listen()
	if err := p.Cmd.Start(); err != nil {
		w.T.Fatal(err)
	}
	w.T.Cleanup(p.Close)
	return p
}

// OpenTerminal makes a terminal, of which the test closes both ends.
func (w *World) OpenTerminal() (master, slave *os.File) {
	w.T.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	Must(w.T, err)
	var number int
	w.control(master, func(fd int) (err error) {
		if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		}
		return err
	})
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	Must(w.T, err)
	return master, slave
}

// control makes a call with a file's descriptor. File.Fd would make the file
// block, and a read that blocks keeps a terminal from being closed.
func (w *World) control(file *os.File, call func(fd int) error) {
	w.T.Helper()
	conn, err := file.SyscallConn()
	if err != nil {
		w.T.Fatal(err)
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = call(int(fd)) }); err != nil || failed != nil {
		w.T.Fatal(err, failed)
	}
}

func (p *Pty) listen() {
	buf := make([]byte, 4096)
	for {
		n, err := p.Master.Read(buf)
		p.mutex.Lock()
		p.out.Write(buf[:n])
		p.mutex.Unlock()
		if err != nil {
			return
		}
	}
}

// Seen is everything that was printed, as it came.
func (p *Pty) Seen() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.out.String()
}

// Keys types.
func (p *Pty) Keys(text string) {
	p.w.T.Helper()
	if _, err := p.Master.WriteString(text); err != nil {
		p.w.T.Fatal(err)
	}
}

// Shows waits until a text was printed, as often as it says.
func (p *Pty) Shows(text string, times int) {
	p.w.T.Helper()
	if !Eventually(func() bool { return strings.Count(p.Seen(), text) >= times }) {
		p.w.T.Fatalf("the terminal does not show %q, %d times; it shows\n%q", text, times, p.Seen())
	}
}

// Resize gives the terminal another size.
func (p *Pty) Resize(columns, lines int) {
	p.w.T.Helper()
	size := &unix.Winsize{Col: uint16(columns), Row: uint16(lines)}
	p.w.control(p.Master, func(fd int) error { return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, size) })
}

// Settings are those of the terminal's line.
func (p *Pty) Settings() unix.Termios {
	p.w.T.Helper()
	t, err := unix.IoctlGetTermios(int(p.Slave.Fd()), unix.TCGETS)
	if err != nil {
		p.w.T.Fatal(err)
	}
	return *t
}

// Foreground is the process group in the foreground.
func (p *Pty) Foreground() int {
	p.w.T.Helper()
	var pgid int
	p.w.control(p.Master, func(fd int) (err error) {
		pgid, err = unix.IoctlGetInt(fd, unix.TIOCGPGRP)
		return err
	})
	return pgid
}

// Ends waits for the end of the command.
func (p *Pty) Ends() int {
	p.w.T.Helper()
	done := make(chan struct{})
	go func() { _ = p.Cmd.Wait(); close(done) }()
	select {
	case <-done:
		return p.Cmd.ProcessState.ExitCode()
	case <-time.After(time.Minute):
		p.w.T.Fatalf("the command does not end; the terminal shows\n%q", p.Seen())
		return -1
	}
}

// Close takes the terminal away.
func (p *Pty) Close() {
	_ = p.Master.Close()
	_ = p.Slave.Close()
	_ = unix.Kill(-p.Cmd.Process.Pid, unix.SIGKILL) // also what was stopped
	if p.Cmd.ProcessState == nil {
		_ = p.Cmd.Process.Kill()
		_ = p.Cmd.Wait()
	}
}

// OnTerminal runs a command under a shell that stays, and waits for its end.
func OnTerminal(w *World, command string) *Pty {
	w.T.Helper()
	done := filepath.Join(w.Project, "done")
	_ = os.Remove(done)
	p := w.Terminal("sh", "-c", command+"; echo $? >done; sleep 60")
	if !Eventually(func() bool { return Exists(done) }) {
		w.T.Fatalf("%s: does not end; the terminal shows %q", command, p.Seen())
	}
	return p
}
