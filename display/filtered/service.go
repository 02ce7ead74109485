// Package filtered is the service that leads the programs of a jail to the host's X server
// (display.x11: filtered). It has the socket at which they connect, knows the cookie of the
// server, and sees no file but the server's socket.
package filtered

import (
	"context"
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/service"
	"github.com/jail-project/jail/x11/filter"
)

// Name is that of the service.
const Name = "display"

// questionRefused asks for one line for each kind of refusal, with its count. There is a
// copy of it in package launcher, which does not import this one.
const questionRefused = "refused"

// Run is the service's process, until its launcher is gone.
func Run() error {
	var listener *net.UnixListener
	var set *display.Setting
	passed, err := service.Serve(func(p service.Passed) (err error) {
		var ok bool
		if set, ok = display.DecodeSetting(p.Setting); !ok || len(p.Sockets) != 1 {
			return errors.New("the setting can't be read")
		}
		if listener, err = listen(p.Sockets[0]); err != nil {
			return err
		}
		// Its memory has the cookie.
		return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	})
	if err != nil {
		return err
	}
	f := filter.New(options(set))
	answer := func(question string, file *os.File) []byte {
		if file != nil {
			_ = file.Close()
		}
		if question == questionRefused {
			return lines(f.Report())
		}
		return nil
	}
	return passed.Run(answer, func() error { return f.Serve(context.Background(), listener) })
}

// listen makes a listener of a socket that listens already, whose path is one of the jail.
func listen(fd int) (*net.UnixListener, error) {
	file := os.NewFile(uintptr(fd), "display")
	defer func() { _ = file.Close() }()
	l, err := net.FileListener(file)
	if err != nil {
		return nil, err
	}
	listener, is := l.(*net.UnixListener)
	if !is {
		return nil, unix.ENOTSOCK
	}
	return listener, nil
}
