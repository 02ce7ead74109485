package filter

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/x11/wire"
)

// client is one connection of the jail, and the one to the server that belongs to it. Two
// goroutines pass on, one in each direction.
type client struct {
	d    *display
	base uint32
	jail *socket
	host *socket

	pending *pending
	maximum atomic.Int64 // of the length of a request

	// What the goroutine of the requests has. mu is held while requests are looked at and
	// written, not while it waits for the client, so that others can send a request of the
	// filter's own between two requests (roundTrip).
	mu      sync.Mutex
	buf     []byte
	have    int             // bytes in buf
	seq     uint64          // of the last request to the server, counted from 1
	pushed  uint64          // the last one of those that is answered
	pos     int             // so many bytes of buf are decided about
	sent    int             // so many are written, or dropped
	skip    int             // so many bytes of a request that is passed on are still to come
	drop    int             // likewise of one that is not
	closed  bool            // the sockets are
	big     bool            // BigReqEnable was asked for
	fds     []int           // came from the client, for requests to come
	attach  []int           // go to the server with the next bytes
	scratch []byte          // takes the place of a request
	waiting []chan struct{} // for the next boundary between requests
	made    made
	grabs   map[string]struct{} // requests that end grabs of the keyboard; not nil: watch runs

	// What the goroutine of the replies has.
	last     uint64 // the sequence number of the last message of the server
	hidden   uint64 // how many requests were the filter's own, so far
	rbuf     []byte
	rhave    int
	rskip    int
	rfds     []int
	gone     atomic.Bool   // nothing is written to the client any more
	finished chan struct{} // closed when the connection to the server has ended
}

const (
	bufferSize = 256 << 10
	maxWhole   = 512 << 10 // of a request that is looked at as a whole
	maxReply   = 1 << 20   // likewise of a reply
)

// serve passes on what a client of the jail sends and gets, until one side ends.
func (f *Filter) serve(conn *net.UnixConn) error {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(setupTime))
	if err := wire.ReadHello(conn); err != nil {
		return refuse(conn, err)
	}
	d, err := f.display()
	if err != nil {
		return refuse(conn, err)
	}
	c, setup, err := d.newClient(conn)
	if err != nil {
		return refuse(conn, err)
	}
	done := make(chan error, 1)
	go func() {
		done <- c.replies()
		c.pending.close()
		close(c.finished)
		c.jail.shut()
	}()
	if err = c.jail.write(setup.Raw, nil); err == nil {
		err = c.requests()
	}
	c.gone.Store(true)
	c.jail.shut()
	d.retire(c)
	if other := <-done; ended(err) {
		err = other
	}
	if ended(err) {
		return nil
	}
	return err
}

// ended tells whether an error is the ordinary end of a connection.
func ended(err error) bool {
	for _, ordinary := range []error{io.EOF, net.ErrClosed, errClosed, unix.ECONNRESET, unix.EPIPE} {
		if errors.Is(err, ordinary) {
			return true
		}
	}
	return err == nil
}

// refuse tells a client why it cannot connect, in the words of the protocol.
func refuse(conn *net.UnixConn, err error) error {
	if !errors.Is(err, io.EOF) {
		_, _ = conn.Write(wire.Failure("jail: "+err.Error()+"\n", errors.Is(err, wire.ErrByteOrder)))
	}
	return err
}

// newClient connects to the server for a client of the jail.
func (d *display) newClient(conn *net.UnixConn) (*client, *wire.Setup, error) {
	server, setup, err := d.f.dial()
	if err != nil {
		return nil, nil, err
	}
	c := &client{
		d: d, base: setup.Base, pending: newPending(),
		buf: make([]byte, bufferSize), rbuf: make([]byte, bufferSize/2), scratch: make([]byte, 0, 256),
		finished: make(chan struct{}),
	}
	c.maximum.Store(int64(setup.Max))
	if setup.Mask != d.mask {
		err = wire.ErrSetup
	}
	if err == nil {
		c.host, err = newSocket(server)
	}
	if err == nil {
		c.jail, err = newSocket(conn)
	}
	if err == nil && !d.add(c) {
		err = errClosed
	}
	if err != nil {
		_ = server.Close()
		c.close()
		return nil, nil, err
	}
	return c, setup, nil
}
