package filter

import (
	"errors"
	"io"
	"net"
	"sync"

	"golang.org/x/sys/unix"
)

// maxDescriptors is how many descriptors may wait on a connection for the request that takes
// them. libxcb sends 16 at a time at most.
const maxDescriptors = 32

var errDescriptors = errors.New("more descriptors than any request takes")

// socket is one end of a connection. It reads and writes descriptors beside the bytes, and
// allocates nothing for it. One goroutine at a time may read, and one may write. Calls block in
// the kernel, not in Go's poller: a message that goes through the filter wakes two threads, and
// costs two system calls for each instead of four.
type socket struct {
	fd  int
	oob []byte
	mu  sync.Mutex // of shut and close
}

// newSocket takes the socket of a connection, which is closed.
func newSocket(conn *net.UnixConn) (*socket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &socket{fd: -1, oob: make([]byte, unix.CmsgSpace(4*maxDescriptors))}
	if controlErr := raw.Control(func(fd uintptr) {
		if s.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0); err == nil {
			err = unix.SetNonblock(s.fd, false)
		}
	}); controlErr != nil {
		err = controlErr
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, conn.Close()
}

// shut ends reading and writing, also what waits for it (shutdown(2)).
func (s *socket) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		_ = unix.Shutdown(s.fd, unix.SHUT_RDWR)
	}
}

// close closes the socket. Precondition: nobody reads or writes, or will.
func (s *socket) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		unix.Close(s.fd)
	}
	s.fd = -1
}

// read reads some bytes, and appends descriptors that came with them to fds. The caller
// closes all of fds, also after an error.
func (s *socket) read(p []byte, fds []int) (int, []int, error) {
	for {
		n, oobn, flags, _, err := unix.Recvmsg(s.fd, p, s.oob, unix.MSG_CMSG_CLOEXEC)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, fds, err
		case oobn > 0:
			if fds, err = descriptors(s.oob[:oobn], fds); err != nil {
				return 0, fds, err
			}
			if flags&unix.MSG_CTRUNC != 0 || len(fds) > maxDescriptors {
				return 0, fds, errDescriptors
			}
		}
		if n == 0 {
			return 0, fds, io.EOF
		}
		return n, fds, nil
	}
}

// descriptors appends those that a control message has (SCM_RIGHTS of unix(7)).
func descriptors(oob []byte, fds []int) ([]int, error) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return fds, err
	}
	for i := range messages {
		if some, err := unix.ParseUnixRights(&messages[i]); err == nil {
			fds = append(fds, some...)
		}
	}
	return fds, nil
}

// write writes all of p, and the descriptors with its first bytes. It does not close them.
func (s *socket) write(p []byte, fds []int) error {
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	for len(p) > 0 {
		var n int
		var err error
		if oob != nil {
			n, err = unix.SendmsgN(s.fd, p, oob, nil, unix.MSG_NOSIGNAL)
		} else {
			n, err = unix.Write(s.fd, p)
		}
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		default:
			p, oob = p[n:], nil
		}
	}
	return nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}
