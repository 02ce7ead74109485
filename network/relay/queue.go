package relay

import (
	"net"
	"sync"
)

// queue is a listener for connections that another one has accepted.
type queue struct {
	waiting chan *net.TCPConn
	closed  chan struct{}
	close   func()
}

const mostWaiting = 16

func newQueue() *queue {
	q := &queue{waiting: make(chan *net.TCPConn, mostWaiting), closed: make(chan struct{})}
	q.close = sync.OnceFunc(func() { close(q.closed) })
	return q
}

// put adds a connection; where too many wait, it is reset.
func (q *queue) put(c *net.TCPConn) {
	select {
	case q.waiting <- c:
	default:
		_ = c.SetLinger(0)
		_ = c.Close()
	}
}

// Accept returns the next connection, and an error when the queue was closed.
func (q *queue) Accept() (net.Conn, error) {
	select {
	case c := <-q.waiting:
		return c, nil
	case <-q.closed:
		return nil, net.ErrClosed
	}
}

// Close makes Accept end.
func (q *queue) Close() error {
	q.close()
	return nil
}

// Addr is there for net.Listener.
func (q *queue) Addr() net.Addr { return &net.TCPAddr{} }
