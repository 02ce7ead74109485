// Package publish is the service that leads connections from ports of the host into a
// jail. It listens at sockets of the host, which are passed in, and is in the network
// namespace of the jail itself, so that it can connect to nothing else.
package publish

import (
	"net/netip"

	"github.com/jail-project/jail/network/flow"
)

const (
	mostConnections = 4096
	// perConnection is how many descriptors a connection takes: both sides, of which that in
	// the jail is tried at two addresses.
	perConnection = 3
	reserved      = 128 + 2*flow.MostPipes // descriptors for all else
)

// server leads connections into one jail.
type server struct {
	loop  *flow.Loop
	most  int64 // connections at a time
	open  int64
	addrs []netip.Addr // of the jail's loopback, in the order in which they are tried
}

func newServer() (*server, error) {
	loop, err := flow.NewLoop()
	return &server{
		loop: loop, most: flow.Affordable(mostConnections, perConnection, reserved),
		addrs: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()},
	}, err
}

// serve accepts the connections of each listening socket, and leads them to the port of the
// same index.
func (s *server) serve(listeners []int, ports []uint16) error {
	for i, fd := range listeners {
		if err := s.loop.Listen(fd, func(c int) { s.accept(c, ports[i]) }); err != nil {
			return err
		}
	}
	return s.loop.Run()
}

// accept takes a connection. Those beyond the limit are reset at once: kept waiting, their
// clients could not tell them from those to a program that does not answer.
func (s *server) accept(fd int, port uint16) {
	if s.open == s.most {
		flow.Reset(fd)
		return
	}
	s.open++
	s.lead(fd, port)
}

// lead connects to a port of the jail's loopback: a program that listens at localhost may have
// only one of its addresses. A client learns of nobody listening there by a reset.
func (s *server) lead(fd int, port uint16) {
	var at []netip.AddrPort
	for _, addr := range s.addrs {
		at = append(at, netip.AddrPortFrom(addr, port))
	}
	s.loop.Connect(at, func(in int, _ netip.AddrPort, err error) {
		if err != nil {
			s.open--
			flow.Reset(fd)
			return
		}
		s.loop.Pass(&flow.Flow{In: fd, Out: in, Ended: func() { s.open-- }})
	})
}
