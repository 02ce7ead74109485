package relay

import (
	"net"

	"github.com/jail-project/jail/network/pair"
)

// queue is a listener for connections that another one has accepted.
type queue struct {
	waiting chan net.Conn
}

const mostWaiting = 16

func newQueue() *queue { return &queue{waiting: make(chan net.Conn, mostWaiting)} }

// put adds a connection; where too many wait, it is reset.
func (q *queue) put(c *net.TCPConn) {
	select {
	case q.waiting <- c:
	default:
		pair.Reset(c)
	}
}

// Accept returns the next connection.
func (q *queue) Accept() (net.Conn, error) {
	c, open := <-q.waiting
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}

// Close makes Accept end; nothing may be put after that.
func (q *queue) Close() error {
	close(q.waiting)
	return nil
}

// Addr is there for net.Listener.
func (q *queue) Addr() net.Addr { return &net.TCPAddr{} }
