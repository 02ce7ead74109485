package jail

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// catchSignals makes this process listen for what it passes on to the
// program. It is done while the child sets up, since it takes the runtime as long
// as that takes the child, and before the program can run, lest a signal
// that answers the program's first output is lost. A terminal and a shell
// send the signals for windows and job control to the program themselves.
func catchSignals() chan os.Signal {
	signals := make(chan os.Signal, 32)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGINT, syscall.SIGQUIT)
	return signals
}

// forward passes signals on to the program.
func (p *Process) forward(signals chan os.Signal) {
	for s := range signals {
		sig, ok := s.(syscall.Signal)
		if !ok || fromTerminal(sig) && inForeground() {
			continue
		}
		_ = p.Signal(sig) // the program may just have ended
	}
}

// fromTerminal lists the signals a terminal sends to its whole foreground
// group, which the program is a member of.
func fromTerminal(s syscall.Signal) bool {
	switch s {
	case syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP:
		return true
	}
	return false
}

// inForeground tells whether this process belongs to the foreground group
// of its terminal.
func inForeground() bool {
	tty, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(tty) }()
	group, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
