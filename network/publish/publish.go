// Package publish is the service that leads connections from ports of the host into a
// jail. It listens at sockets of the host, which are passed in, and is in the network
// namespace of the jail itself, so that it can connect to nothing else.
package publish

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/network/pair"
)

const (
	mostConnections = 4096
	reserved        = 128 // descriptors for all else
	// connectTime is how long connecting may take: all is on one machine, but a program
	// that accepts nothing lets its queue run full.
	connectTime = 30 * time.Second
)

// server leads connections into one jail.
type server struct {
	most    int64 // connections at a time
	open    atomic.Int64
	tracked pair.Tracked
	addrs   []string // of the jail's loopback, in the order in which they are tried
}

func newServer() *server {
	return &server{most: pair.Affordable(mostConnections, pair.PerPair, reserved), addrs: []string{"127.0.0.1", "::1"}}
}

// serve accepts the connections of each listener, and leads them to the port of the same
// index, until one of the listeners fails.
func (s *server) serve(listeners []*net.TCPListener, ports []uint16) error {
	ended := make(chan error)
	for i, l := range listeners {
		go func() { ended <- s.accept(l, ports[i]) }()
	}
	return <-ended
}

// accept takes connections. Those beyond the limit are reset at once: kept waiting, their
// clients could not tell them from those to a program that does not answer.
func (s *server) accept(l *net.TCPListener, port uint16) error {
	for {
		c, err := l.AcceptTCP()
		switch {
		case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOMEM), errors.Is(err, unix.ENOBUFS):
			time.Sleep(10 * time.Millisecond)
			continue
		case err != nil:
			return err
		}
		if s.open.Add(1) > s.most {
			s.open.Add(-1)
			pair.Reset(c)
			continue
		}
		go func() {
			defer s.open.Add(-1)
			s.lead(c, port)
		}()
	}
}

// lead connects to a port of the jail. A client learns of nobody listening there by a reset.
func (s *server) lead(c *net.TCPConn, port uint16) {
	in, err := s.connect(port)
	if err != nil {
		pair.Reset(c)
		return
	}
	remove := s.tracked.Add(c, in)
	defer remove()
	pair.Both(c, in)
}

// connect connects to a port of the jail's loopback. A program that listens at localhost
// may have only one of its addresses.
func (s *server) connect(port uint16) (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	var failure error
	for _, addr := range s.addrs {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(addr, strconv.Itoa(int(port))))
		if err == nil {
			return c.(*net.TCPConn), nil //nolint:forcetypeassert // the network is tcp
		}
		failure = errors.Join(failure, err)
		if !errors.Is(err, unix.ECONNREFUSED) {
			break
		}
	}
	return nil, failure
}
