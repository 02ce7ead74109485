// Package terminal stands between the terminal that jail was started from and
// the one that the program gets in the jail.
//
// Find looks at the caller's terminal before a launch. A Relay then copies what
// is typed and what is printed, takes the caller's terminal over and gives it back as
// jobs of a shell do, and leaves it as it was. A plan makes the terminal of the jail, and
// a Job sends signals for the Relay. Without a terminal, nothing of the package runs.
package terminal

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Terminal is the controlling terminal of this process, as it was found.
type Terminal struct {
	// Descriptors tells which of standard input, output and error are the
	// terminal.
	Descriptors [3]bool
	// Foreground: the program has the terminal from the beginning. Otherwise it gets it
	// when it reads from it, which stops it like a job in the background: another
	// process may read the keys, as less(1) does at the end of a pipe.
	Foreground bool
	Settings   unix.Termios
	Size       unix.Winsize

	fd int // an open file of our own: others would feel it if theirs did not block
}

// Find returns the terminal that this process was started from, nil when none
// of its standard descriptors is one.
func Find() (*Terminal, error) {
	t := &Terminal{}
	for fd := range t.Descriptors {
		t.Descriptors[fd] = controls(fd)
	}
	if t.Descriptors == [3]bool{} {
		return nil, nil //nolint:nilnil // no terminal is a usual answer and no error
	}
	var err error
	// The only name of a controlling terminal that the user may always open:
	// its device belongs to another user after su(1).
	if t.fd, err = unix.Open("/dev/tty", unix.O_RDWR|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("open /dev/tty: %w", err)
	}
	settings, err := unix.IoctlGetTermios(t.fd, unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("read the terminal's settings: %w", err)
	}
	t.Settings = *settings
	if size, err := unix.IoctlGetWinsize(t.fd, unix.TIOCGWINSZ); err == nil {
		t.Size = *size
	}
	t.Foreground = t.Descriptors[0] && t.Descriptors[1] && t.ours()
	return t, nil
}

// controls tells whether a descriptor is the controlling terminal: the kernel
// names the process group in the foreground to nobody else, but for the
// owner of a pseudo-terminal's other side (ioctl_tty(2)).
func controls(fd int) bool {
	if _, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err != nil {
		return false
	}
	_, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	return err != nil
}

// ours tells whether this process is in the foreground of the terminal.
func (t *Terminal) ours() bool {
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// raw is what the settings become while the terminal of the jail does all that
// they ask for.
func raw(s unix.Termios) unix.Termios {
	s.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	s.Oflag &^= unix.OPOST
	s.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	s.Cc[unix.VMIN], s.Cc[unix.VTIME] = 1, 0
	return s
}

// transient tells an error after which trying again later makes sense.
func transient(err error) bool {
	return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)
}
