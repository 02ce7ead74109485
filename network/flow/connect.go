package flow

import (
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Times of making a connection.
const (
	// connectTime is how long it may take in all.
	connectTime = 30 * time.Second
	// head is how long an address has before the next one is tried as well (RFC 8305,
	// section 5: Connection Attempt Delay).
	head = 250 * time.Millisecond
	// MostAttempts is how many addresses are tried. Each takes a descriptor.
	MostAttempts = 6
	// keepAlive is after how many idle seconds a connection is probed (TCP_KEEPIDLE of
	// tcp(7)), which finds out that a host is gone.
	keepAlive = 60
)

// allEvents are what a connection is watched for. They are told when they come (EPOLLET), so
// a call that would have to wait is made once.
const allEvents = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLPRI | 1<<31 // EPOLLET, which unix has as a negative number

// errTooLong is why a connection is given up, after connectTime.
var errTooLong = errors.New("no answer within 30 seconds")

// connecting is a connection that is being made.
type connecting struct {
	loop     *Loop
	addrs    []netip.AddrPort // that are left
	attempts []int            // sockets
	failure  error
	timers   [2]*timer // for the next address, for all
	done     func(fd int, to netip.AddrPort, err error)
}

// Connect connects to the first of some addresses that answers. Each gets a head start over the next,
// both families early. The function is told of the connection, which belongs to it then, or
// of the errors of all attempts; at once, if that is how long it takes.
func (l *Loop) Connect(addrs []netip.AddrPort, done func(fd int, to netip.AddrPort, err error)) {
	if len(addrs) > 1 {
		addrs = inTurns(addrs)
		addrs = addrs[:min(len(addrs), MostAttempts)]
	}
	c := &connecting{loop: l, addrs: addrs, done: done}
	l.connecting[c] = struct{}{}
	c.timers[1] = l.after(connectTime, func() { c.fail(errors.Join(c.failure, errTooLong)) })
	c.next()
}

// next tries the next address, and all that fail at once.
func (c *connecting) next() {
	c.loop.stop(c.timers[0])
	for len(c.addrs) > 0 {
		to := c.addrs[0]
		c.addrs = c.addrs[1:]
		if err := c.attempt(to); err != nil {
			c.failure = errors.Join(c.failure, &connectError{to, err})
			continue
		}
		if len(c.addrs) > 0 {
			c.timers[0] = c.loop.after(head, c.next)
		}
		return
	}
	if len(c.attempts) == 0 {
		c.fail(c.failure)
	}
}

// attempt begins to connect to an address.
func (c *connecting) attempt(to netip.AddrPort) error {
	fd, err := connect(to)
	if err != nil {
		return err
	}
	if err = c.loop.watch(fd, allEvents, func(events uint32) { c.settled(fd, to, events) }); err != nil {
		_ = unix.Close(fd)
		return err
	}
	c.attempts = append(c.attempts, fd)
	return nil
}

// connect makes a socket and begins to connect it.
func connect(to netip.AddrPort) (int, error) {
	family, at := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Addr: to.Addr().As16(), Port: int(to.Port())})
	if to.Addr().Unmap().Is4() {
		family, at = unix.AF_INET, &unix.SockaddrInet4{Addr: to.Addr().Unmap().As4(), Port: int(to.Port())}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if to.Addr().IsLoopback() {
		SendAtOnce(fd)
	} else {
		probe(fd)
	}
	if err = unix.Connect(fd, at); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// probe has the kernel look whether the host at the other end is still there.
func probe(fd int) {
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, keepAlive)
}

// settled is told of events of an attempt.
func (c *connecting) settled(fd int, to netip.AddrPort, events uint32) {
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err == nil && errno != 0:
		err = unix.Errno(errno)
	case err == nil && events&unix.EPOLLOUT == 0:
		return
	case err == nil && isItself(fd, to):
		err = unix.ECONNREFUSED
	}
	for i, one := range c.attempts {
		if one == fd {
			c.attempts = append(c.attempts[:i], c.attempts[i+1:]...)
			break
		}
	}
	if err != nil {
		c.loop.close(fd)
		c.failure = errors.Join(c.failure, &connectError{to, err})
		c.next()
		return
	}
	s := c.loop.watched[fd]
	s.handle, s.pending = nil, events
	c.finish(fd, to, nil)
}

// isItself tells whether a connection is to itself: to a port of this host at which nobody
// listens, and that the kernel has just given to this end.
func isItself(fd int, to netip.AddrPort) bool {
	at, ok := LocalAddress(fd)
	return ok && at.Port() == to.Port() && at.Addr().Unmap() == to.Addr().Unmap()
}

// LocalAddress is the address of a socket on this side (getsockname(2)); false is that it has
// none of the internet.
func LocalAddress(fd int) (netip.AddrPort, bool) {
	at, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, false
	}
	switch at := at.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port)), true //nolint:gosec // a port
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(at.Addr), uint16(at.Port)), true //nolint:gosec // a port
	}
	return netip.AddrPort{}, false
}

// fail ends all attempts.
func (c *connecting) fail(err error) { c.finish(-1, netip.AddrPort{}, err) }

// finish ends the attempts that are left.
func (c *connecting) finish(fd int, to netip.AddrPort, err error) {
	if _, is := c.loop.connecting[c]; !is {
		return
	}
	delete(c.loop.connecting, c)
	for _, t := range c.timers {
		c.loop.stop(t)
	}
	for _, one := range c.attempts {
		c.loop.close(one)
	}
	c.done(fd, to, err)
}

// connectError says which address could not be connected to.
type connectError struct {
	to  netip.AddrPort
	err error
}

func (e *connectError) Error() string { return "connect to " + e.to.String() + ": " + e.err.Error() }

func (e *connectError) Unwrap() error { return e.err }

// SendAtOnce has a socket on loopback not pace what it sends, as some congestion controls
// do by which hosts are set up: there is nothing to gain, and it halves what is carried.
// Sockets that a listener accepts take it over (TCP_CONGESTION of tcp(7)). Each kernel has
// this congestion control; without it, all works as well.
func SendAtOnce(fd int) {
	_ = unix.SetsockoptString(fd, unix.SOL_TCP, unix.TCP_CONGESTION, "reno")
}

// inTurns orders addresses such that both families are tried early (RFC 8305, section 4).
func inTurns(addrs []netip.AddrPort) []netip.AddrPort {
	var families [2][]netip.AddrPort
	first := -1
	for _, addr := range addrs {
		family := 0
		if addr.Addr().Unmap().Is4() {
			family = 1
		}
		if first < 0 {
			first = family
		}
		families[family] = append(families[family], addr)
	}
	ordered := make([]netip.AddrPort, 0, len(addrs))
	for i := range addrs {
		for _, family := range [...]int{max(first, 0), 1 - max(first, 0)} {
			if i < len(families[family]) {
				ordered = append(ordered, families[family][i])
			}
		}
	}
	return ordered
}
