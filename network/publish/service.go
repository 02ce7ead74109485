package publish

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/service"
)

// Name is that of the service.
const Name = "publish"

// Run is the service's process, until its launcher is gone.
func Run() error {
	var listeners []int
	var ports []uint16
	var s *server
	passed, err := service.Serve(func(p service.Passed) (err error) {
		var ok bool
		if ports, ok = network.DecodePorts(p.Setting, len(p.Sockets)); !ok {
			return errors.New("the setting can't be read")
		}
		if s, err = newServer(); err != nil { // it asks for a limit, which the filter forbids later
			return err
		}
		listeners = p.Sockets
		// This process is in the user namespace of the jail. Where that shares the host's
		// PID namespace, a program of the jail could use ptrace on it.
		return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	})
	if err != nil {
		return err
	}
	return passed.Run(func(string, *os.File) []byte { return nil }, func() error { return s.serve(listeners, ports) })
}
