package flow

import (
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// listener is a socket at which connections are accepted.
type listener struct {
	fd     int
	accept func(fd int)
}

const (
	// mostAccepted is how many connections are accepted before others have their turn.
	mostAccepted = 64
	// acceptAgain is after how long accepting is tried again when it fails.
	acceptAgain = 10 * time.Millisecond
)

// Listen accepts the connections of a listening socket, which it owns from then on. What it
// accepts belongs to the function that it is given to. The connections get the options of the
// listener (tcp(7)), such as the probes that find out that a host is gone.
func (l *Loop) Listen(fd int, accept func(fd int)) error {
	if err := unix.SetNonblock(fd, true); err != nil {
		return err
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	probe(fd)
	one := &listener{fd, accept}
	if err := l.watch(fd, unix.EPOLLIN, func(uint32) { l.acceptSome(one) }); err != nil {
		return err
	}
	l.listeners = append(l.listeners, one)
	return nil
}

// acceptSome takes what waits. No error is for good: there may be descriptors or memory again,
// or it is about one connection alone (accept(2)).
func (l *Loop) acceptSome(one *listener) {
	for range mostAccepted {
		fd, _, err := unix.Accept4(one.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case err == nil:
			one.accept(fd)
		case errors.Is(err, unix.EAGAIN):
			return
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED):
		default:
			l.leave(one)
			return
		}
	}
}

// leave has a listener not watched for a while. If it was for no events, an error would still
// be told all the time (epoll_ctl(2)).
func (l *Loop) leave(one *listener) {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(one.fd), Pad: l.watched[one.fd].number}
	_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, one.fd, nil)
	l.after(acceptAgain, func() {
		if unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, one.fd, &event) != nil {
			l.leave(one)
		}
	})
}

// Affordable is how many flows there may be at a time, most at the most, by the limit on
// open files: each takes so many descriptors, and some are reserved for all else.
func Affordable(most int64, each, reserved uint64) int64 {
	var limit unix.Rlimit
	if unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &limit) != nil || limit.Cur < reserved+each {
		return 1
	}
	return min(most, int64((limit.Cur-reserved)/each)) //nolint:gosec // divided
}

// Conn makes a connection of package net of a descriptor that no loop has, and that is closed.
func Conn(fd int) (*net.TCPConn, error) {
	f := os.NewFile(uintptr(fd), "connection")
	defer func() { _ = f.Close() }()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		_ = c.Close()
		return nil, unix.ENOTSOCK
	}
	return tcp, nil
}

// Descriptor takes the descriptor out of a connection, which is closed by that.
func Descriptor(c *net.TCPConn) (fd int, err error) {
	defer func() { _ = c.Close() }()
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, err
	}
	if failed := raw.Control(func(own uintptr) { fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }); failed != nil {
		return -1, failed
	}
	return fd, err
}
