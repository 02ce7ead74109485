package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail"
)

// forwarder passes signals on to the program. A signal that comes before it
// listens ends the launcher, and with it the jail.
type forwarder struct{ signals chan os.Signal }

func catchSignals() *forwarder {
	f := &forwarder{signals: make(chan os.Signal, 32)}
	signal.Notify(f.signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGINT, syscall.SIGQUIT, syscall.SIGCONT, syscall.SIGWINCH)
	return f
}

// forwardSignals starts passing signals on to the program, in the
// background: to make the runtime listen takes longer than many a program runs.
func forwardSignals(p *jail.Process) {
	go func() {
		f := catchSignals()
		for s := range f.signals {
			sig, ok := s.(syscall.Signal)
			if !ok || fromTerminal(sig) && inForeground() {
				continue
			}
			_ = p.Signal(sig) // the program may just have ended
		}
	}()
}

// fromTerminal lists the signals a terminal sends to its whole foreground
// group, which the program is a member of.
func fromTerminal(s syscall.Signal) bool {
	switch s {
	case syscall.SIGINT, syscall.SIGQUIT, syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGHUP:
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
