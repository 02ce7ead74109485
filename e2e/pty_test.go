package e2e

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pty is a terminal and the person in front of it.
type pty struct {
	w      *world
	master *os.File
	slave  *os.File // kept open, so that what was printed last is not lost
	cmd    *exec.Cmd

	mutex sync.Mutex
	out   strings.Builder
}

// terminal starts a command on a new terminal, as the leader of its session.
func (w *world) terminal(argv ...string) *pty {
	w.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	var number int
	w.control(master, func(fd int) (err error) {
		if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		}
		return err
	})
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	p := &pty{w: w, master: master, slave: slave, cmd: w.command(argv...)}
	p.resize(80, 24)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	go p.listen()
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.close)
	return p
}

// control makes a call with a file's descriptor. File.Fd would make the file
// block, and a read that blocks keeps a terminal from being closed.
func (w *world) control(file *os.File, call func(fd int) error) {
	w.t.Helper()
	conn, err := file.SyscallConn()
	if err != nil {
		w.t.Fatal(err)
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = call(int(fd)) }); err != nil || failed != nil {
		w.t.Fatal(err, failed)
	}
}

func (p *pty) listen() {
	buf := make([]byte, 4096)
	for {
		n, err := p.master.Read(buf)
		p.mutex.Lock()
		p.out.Write(buf[:n])
		p.mutex.Unlock()
		if err != nil {
			return
		}
	}
}

// seen is everything that was printed, as it came.
func (p *pty) seen() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.out.String()
}

// keys types.
func (p *pty) keys(text string) {
	p.w.t.Helper()
	if _, err := p.master.WriteString(text); err != nil {
		p.w.t.Fatal(err)
	}
}

// shows waits until a text was printed, as often as it says.
func (p *pty) shows(text string, times int) {
	p.w.t.Helper()
	if !within(10*time.Second, func() bool { return strings.Count(p.seen(), text) >= times }) {
		p.w.t.Fatalf("the terminal does not show %q, %d times; it shows\n%q", text, times, p.seen())
	}
}

func (p *pty) resize(columns, lines int) {
	p.w.t.Helper()
	size := &unix.Winsize{Col: uint16(columns), Row: uint16(lines)}
	p.w.control(p.master, func(fd int) error { return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, size) })
}

// settings are those of the terminal's line.
func (p *pty) settings() unix.Termios {
	p.w.t.Helper()
	t, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return *t
}

// foreground is the process group in the foreground.
func (p *pty) foreground() int {
	p.w.t.Helper()
	var pgid int
	p.w.control(p.master, func(fd int) (err error) {
		pgid, err = unix.IoctlGetInt(fd, unix.TIOCGPGRP)
		return err
	})
	return pgid
}

// ends waits for the end of the command.
func (p *pty) ends() int {
	p.w.t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.cmd.Wait() }()
	select {
	case <-done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(15 * time.Second):
		p.w.t.Fatalf("the command does not end; the terminal shows\n%q", p.seen())
		return -1
	}
}

// close takes the terminal away.
func (p *pty) close() {
	_ = p.master.Close()
	_ = p.slave.Close()
	_ = unix.Kill(-p.cmd.Process.Pid, unix.SIGKILL) // also what was stopped
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}
