// Package security asks an X server for a cookie whose clients it does not trust, by its
// extension SECURITY (Security Extension Specification, version 7.1; Xsecurity(7)). It is
// what `xauth generate DISPLAY . untrusted` does, without a program. Every failure is an
// error: no cookie takes the place of the one that was asked for.
package security

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/display"
)

// Requests of the extension, the values that come with the second, and the level of trust
// (X11/extensions/secur.h, securproto.h).
const (
	queryVersion  = 0
	generate      = 1
	revoke        = 2
	valueTimeout  = 1 << 0
	valueTrust    = 1 << 1
	noTimeout     = 0
	untrusted     = 1
	extensionName = "SECURITY"
)

// CookieSize is how long the data of a cookie is.
const CookieSize = 16

// Authorization is a cookie that a server knows as long as it is not revoked.
type Authorization struct {
	Cookie display.Cookie
	server *conn
	major  byte
	id     uint32
}

// ErrTrusted is for a server that trusts the clients of the cookie that it made.
var ErrTrusted = errors.New("the X server trusts clients of the cookie that it was to make for others")

// Authorize has the server at a path make a cookie. cookie is one that it trusts.
func Authorize(path string, cookie display.Cookie) (*Authorization, error) {
	c, err := dial(path, cookie)
	if err != nil {
		return nil, err
	}
	a := &Authorization{server: c}
	if err = a.make(); err == nil {
		err = a.verify(path)
	}
	if err != nil {
		a.Revoke()
		return nil, err
	}
	return a, nil
}

// Offered tells whether the server at a path has the extension.
func Offered(path string, cookie display.Cookie) (bool, error) {
	c, err := dial(path, cookie)
	if err != nil {
		return false, err
	}
	defer c.close()
	major, err := c.extension(extensionName)
	return major != 0, err
}

func (a *Authorization) make() error {
	major, err := a.server.extension(extensionName)
	if err != nil {
		return err
	}
	if major == 0 {
		return errors.New("the X server has no extension SECURITY")
	}
	version := []byte{major, queryVersion, 0, 0, 1, 0, 0, 0}
	if _, err := a.server.ask(version); err != nil {
		return fmt.Errorf("ask for the version of SECURITY: %w", err)
	}
	name := display.CookieName
	request := []byte{major, generate, 0, 0}
	request = binary.LittleEndian.AppendUint16(request, uint16(len(name)))
	request = binary.LittleEndian.AppendUint16(request, 0) // bytes of data that the server might take into account
	request = binary.LittleEndian.AppendUint32(request, valueTimeout|valueTrust)
	request = append(request, padded(name)...)
	request = binary.LittleEndian.AppendUint32(request, noTimeout)
	request = binary.LittleEndian.AppendUint32(request, untrusted)
	reply, err := a.server.ask(request)
	if err != nil {
		return fmt.Errorf("ask for an untrusted cookie: %w", err)
	}
	size := int(binary.LittleEndian.Uint16(reply[12:]))
	if size != CookieSize || len(reply) < 32+size {
		return fmt.Errorf("the X server made a cookie of %d bytes", size)
	}
	a.major, a.id = major, binary.LittleEndian.Uint32(reply[8:])
	a.Cookie = display.Cookie{Name: name, Data: reply[32 : 32+size]}
	return nil
}

// verify connects as the program will: from clients that it does not trust a server hides
// SECURITY itself.
func (a *Authorization) verify(path string) error {
	c, err := dial(path, a.Cookie)
	if err != nil {
		return fmt.Errorf("try the untrusted cookie: %w", err)
	}
	defer c.close()
	major, err := c.extension(extensionName)
	if err == nil && major != 0 {
		err = ErrTrusted
	}
	return err
}

// Revoke has the server forget the cookie, and end what is connected with it. nil is none.
func (a *Authorization) Revoke() {
	if a == nil {
		return
	}
	if a.id != 0 {
		request := []byte{a.major, revoke, 0, 0}
		// An answer makes sure that the server has read it before the connection ends.
		_ = a.server.send(binary.LittleEndian.AppendUint32(request, a.id))
		_, _ = a.server.ask([]byte{getInputFocus, 0, 0, 0})
	}
	a.server.close()
}

// Requests of the core protocol (X11/Xproto.h).
const (
	getInputFocus  = 43
	queryExtension = 98
)

// conn is a connection that has one request under way at most.
type conn struct{ fd int }

// patience is how many seconds a server may take for an answer.
const patience = 5

func dial(path string, cookie display.Cookie) (*conn, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	c := &conn{fd}
	wait := unix.Timeval{Sec: patience}
	err = errors.Join(unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait))
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
	}
	if err == nil {
		err = c.setUp(cookie)
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("connect to the X server: %w", err)
	}
	return c, nil
}

// setUp is the exchange that begins a connection (X Window System Protocol, section 8).
func (c *conn) setUp(cookie display.Cookie) error {
	setup := []byte{'l', 0, 11, 0, 0, 0}
	setup = binary.LittleEndian.AppendUint16(setup, uint16(len(cookie.Name)))
	setup = binary.LittleEndian.AppendUint16(setup, uint16(len(cookie.Data)))
	setup = append(setup, 0, 0)
	setup = append(append(setup, padded(cookie.Name)...), padded(string(cookie.Data))...)
	if err := c.write(setup); err != nil {
		return err
	}
	head, err := c.read(8)
	if err != nil {
		return err
	}
	rest, err := c.read(4 * int(binary.LittleEndian.Uint16(head[6:])))
	switch {
	case err != nil:
		return err
	case head[0] == 0:
		return fmt.Errorf("it refuses: %q", rest[:min(int(head[1]), len(rest))])
	case head[0] != 1:
		return errors.New("it wants another kind of authorization")
	}
	return nil
}

// extension returns the major opcode of an extension, 0 for none.
func (c *conn) extension(name string) (byte, error) {
	request := []byte{queryExtension, 0, 0, 0}
	request = append(binary.LittleEndian.AppendUint16(request, uint16(len(name))), 0, 0)
	reply, err := c.ask(append(request, padded(name)...))
	if err != nil {
		return 0, fmt.Errorf("ask for the extension %s: %w", name, err)
	}
	if reply[8] == 0 {
		return 0, nil
	}
	return reply[9], nil
}

// ask sends a request and returns its reply, events left out.
func (c *conn) ask(request []byte) ([]byte, error) {
	if err := c.send(request); err != nil {
		return nil, err
	}
	for {
		reply, err := c.read(32)
		if err != nil {
			return nil, err
		}
		switch reply[0] {
		case 0:
			return nil, fmt.Errorf("the X server answers with the error %d", reply[1])
		case 1:
			const most = 1 << 10 // four times, in bytes
			more := binary.LittleEndian.Uint32(reply[4:])
			if more > most {
				return nil, errors.New("the X server answers at too great a length")
			}
			rest, err := c.read(4 * int(more))
			return append(reply, rest...), err
		}
	}
}

// send fills in the length of a request.
func (c *conn) send(request []byte) error {
	binary.LittleEndian.PutUint16(request[2:], uint16(len(request)/4))
	return c.write(request)
}

// write needs one call: a socket takes more than a request has.
func (c *conn) write(b []byte) error {
	n, err := unix.Write(c.fd, b)
	if err == nil && n < len(b) {
		err = unix.EAGAIN
	}
	return err
}

func (c *conn) read(n int) ([]byte, error) {
	b := make([]byte, n)
	for at := 0; at < n; {
		got, err := unix.Read(c.fd, b[at:])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return nil, errors.New("the X server does not answer")
		case err != nil:
			return nil, err
		case got == 0:
			return nil, errors.New("the X server ended the connection")
		}
		at += got
	}
	return b, nil
}

func (c *conn) close() { _ = unix.Close(c.fd) }

// padded is a text of a request, up to a multiple of four bytes.
func padded(text string) []byte { return append([]byte(text), make([]byte, -len(text)&3)...) }
