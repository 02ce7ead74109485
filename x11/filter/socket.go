package filter

import (
	"errors"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxDescriptors is how many descriptors may wait on a connection for the request that takes
// them. libxcb sends 16 at a time at most.
const maxDescriptors = 32

var errDescriptors = errors.New("more descriptors than any request takes")

// socket is one end of a connection. It reads and writes descriptors beside the bytes, and
// allocates nothing for it. One goroutine at a time may read, and one may write.
type socket struct {
	conn *net.UnixConn
	raw  syscall.RawConn

	// Of a read: what RawConn's callback needs, which takes no arguments.
	into   []byte
	oob    []byte
	n      int
	oobn   int
	flags  int
	err    error
	reader func(fd uintptr) bool
}

func newSocket(conn *net.UnixConn) (*socket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, raw: raw, oob: make([]byte, unix.CmsgSpace(4*maxDescriptors))}
	s.reader = s.receive
	return s, nil
}

// read reads some bytes, and appends descriptors that came with them to fds. The caller
// closes all of fds, also after an error.
func (s *socket) read(p []byte, fds []int) (int, []int, error) {
	s.into = p
	err := s.raw.Read(s.reader)
	s.into = nil
	switch {
	case err != nil:
		return 0, fds, err
	case s.err != nil:
		return 0, fds, s.err
	case s.oobn > 0:
		if fds, err = descriptors(s.oob[:s.oobn], fds); err != nil {
			return 0, fds, err
		}
		if s.flags&unix.MSG_CTRUNC != 0 || len(fds) > maxDescriptors {
			return 0, fds, errDescriptors
		}
	}
	if s.n == 0 {
		return 0, fds, io.EOF
	}
	return s.n, fds, nil
}

// receive is what read does when the socket is readable.
func (s *socket) receive(fd uintptr) bool {
	for {
		s.n, s.oobn, s.flags, _, s.err = unix.Recvmsg(int(fd), s.into, s.oob, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
		if !errors.Is(s.err, unix.EINTR) {
			return !errors.Is(s.err, unix.EAGAIN)
		}
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
	if len(fds) > 0 {
		n, _, err := s.conn.WriteMsgUnix(p, unix.UnixRights(fds...), nil)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	_, err := s.conn.Write(p)
	return err
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}
