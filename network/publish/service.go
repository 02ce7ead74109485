package publish

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/network/pair"
	"github.com/jail-project/jail/service"
)

// Name is that of the service.
const Name = "publish"

// Run is the service's process, until its launcher is gone.
func Run() error {
	var listeners []*net.TCPListener
	var ports []uint16
	var s *server
	passed, err := service.Serve(func(p service.Passed) (err error) {
		var ok bool
		if ports, ok = network.DecodePorts(p.Setting, len(p.Sockets)); !ok {
			return errors.New("the setting can't be read")
		}
		s = newServer() // asks for a limit, which the filter forbids later
		if listeners, err = open(p.Sockets); err != nil {
			return err
		}
		// This process is in the user namespace of the jail. Where that shares the host's
		// PID namespace, a program of the jail could use ptrace on it.
		return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	})
	if err != nil {
		return err
	}
	return passed.Run(func(string, *os.File) []byte { return nil }, func() error { return s.serve(listeners, ports) })
}

// open makes listeners of sockets.
func open(sockets []int) ([]*net.TCPListener, error) {
	var listeners []*net.TCPListener
	for _, fd := range sockets {
		l, err := pair.Listener(fd)
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}
