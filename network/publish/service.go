package publish

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/service"
)

// Name is that of the service.
const Name = "publish"

// Main is the service's process. It writes an error to stderr and
// returns the exit status.
func Main(stderr io.Writer) int {
	if err := run(); err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func run() error {
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
	ended := make(chan error, 2)
	go func() {
		passed.Answer(func(string, *os.File) []byte { return nil })
		ended <- nil // the launcher is gone
	}()
	go func() { ended <- s.serve(listeners, ports) }()
	return <-ended
}

// open makes listeners of sockets.
func open(sockets []int) ([]*net.TCPListener, error) {
	var listeners []*net.TCPListener
	for i, fd := range sockets {
		f := os.NewFile(uintptr(fd), "socket "+strconv.Itoa(i))
		l, err := net.FileListener(f)
		if err != nil {
			return nil, err
		}
		tcp, ok := l.(*net.TCPListener)
		if !ok {
			return nil, syscall.ENOTSOCK
		}
		listeners = append(listeners, tcp)
		_ = f.Close()
	}
	return listeners, nil
}
