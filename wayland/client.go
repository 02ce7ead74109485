// Package wayland speaks as much of the Wayland protocol as it takes to have a compositor
// treat the clients of a socket as those of a sandbox (security-context-v1). It knows
// nothing of jails, and needs no C library and no goroutine: the launcher does this before
// a program starts.
package wayland

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Objects and opcodes of the core protocol (wayland.xml).
const (
	displayObject = 1
	displaySync   = 0
	displayGlobal = 1 // wl_display.get_registry

	displayError   = 0
	registryBind   = 0
	registryGlobal = 0
	callbackDone   = 0
)

const (
	// patience is how long a compositor may take to answer.
	patience = 5 * time.Second
	// mostSaid bounds what is read until an answer is there.
	mostSaid = 1 << 20
)

var errSilent = errors.New("the compositor does not answer")

// conn is a connection to a compositor. Objects get their numbers one after the other.
type conn struct {
	fd     int
	last   uint32
	data   []byte // received and not read
	said   int    // bytes received in all
	byWhen time.Time
}

// dial connects to a compositor by the path of its socket.
func dial(path string) (*conn, error) {
	fd, err := Connect(path)
	if err != nil {
		return nil, err
	}
	return &conn{fd: fd, last: displayObject, byWhen: time.Now().Add(patience)}, nil
}

// Connect opens a connection to a compositor. The descriptor is the caller's to close.
func Connect(path string) (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	// A queue that is full makes connect(2) wait; the time to send bounds that (socket(7),
	// SO_SNDTIMEO).
	limit := unix.NsecToTimeval(int64(patience))
	err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit)
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
	}
	if errors.Is(err, unix.EAGAIN) {
		err = errSilent
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (c *conn) close() { _ = unix.Close(c.fd) }

// object is the number of a new object.
func (c *conn) object() uint32 {
	c.last++
	return c.last
}

// send sends a request, with descriptors beside its first byte.
func (c *conn) send(r request, fds ...int) error {
	data := r.bytes()
	if len(data) > mostMessage {
		return fmt.Errorf("a request of %d bytes is too long", len(data))
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	for len(data) > 0 {
		n, err := unix.SendmsgN(c.fd, data, rights, nil, unix.MSG_NOSIGNAL)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return errSilent
		case err != nil:
			return fmt.Errorf("send to the compositor: %w", err)
		}
		data, rights = data[n:], nil
	}
	return nil
}

// receive returns the next event.
func (c *conn) receive() (message, error) {
	for {
		m, rest, found, err := next(c.data)
		if err != nil || found {
			c.data = rest
			return m, err
		}
		if err := c.fill(); err != nil {
			return message{}, err
		}
	}
}

// fill waits for more bytes, with a bound for the time and for how many there are.
func (c *conn) fill() error {
	left := time.Until(c.byWhen)
	if left <= 0 {
		return errSilent
	}
	ready, err := unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}, int(left/time.Millisecond)+1)
	if errors.Is(err, unix.EINTR) || err == nil && ready == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	var buffer [4096]byte
	// No descriptors are asked for: those that come with a message are dropped by the
	// kernel, which has no room for them (unix(7), MSG_CTRUNC).
	n, err := unix.Read(c.fd, buffer[:])
	switch {
	case errors.Is(err, unix.EINTR):
		return nil
	case err != nil:
		return fmt.Errorf("read from the compositor: %w", err)
	case n == 0:
		return errors.New("the compositor has closed the connection")
	}
	if c.said += n; c.said > mostSaid {
		return errMalformed
	}
	c.data = append(c.data, buffer[:n]...)
	return nil
}

// sync waits until the compositor has done what it was asked, and hands each event of an
// object to a function.
func (c *conn) sync(object uint32, event func(message) error) error {
	callback := c.object()
	if err := c.send(newRequest(displayObject, displaySync).word(callback)); err != nil {
		return err
	}
	for {
		m, err := c.receive()
		switch {
		case err != nil:
			return err
		case m.object == displayObject && m.opcode == displayError:
			return errorOf(m.body)
		case m.object == callback && m.opcode == callbackDone:
			return nil
		case m.object == object && event != nil:
			if err := event(m); err != nil {
				return err
			}
		}
	}
}

// find looks for an object that the compositor offers. It returns the number of the registry
// too; a global without an interface for none.
func (c *conn) find(face string) (registry uint32, found global, err error) {
	registry = c.object()
	if err := c.send(newRequest(displayObject, displayGlobal).word(registry)); err != nil {
		return 0, global{}, err
	}
	err = c.sync(registry, func(m message) error {
		if m.opcode != registryGlobal {
			return nil
		}
		g, err := globalOf(m.body)
		if g.face == face {
			found = g
		}
		return err
	})
	return registry, found, err
}
