package relay

import (
	"bufio"
	"errors"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/network/flow"
	"github.com/jail-project/jail/network/front"
	"github.com/jail-project/jail/network/rules"
)

// requestTime is how long a program may take to ask the proxy for a connection.
const requestTime = 10 * time.Second

// proxy serves a program that asks for a connection by CONNECT of HTTP, or by SOCKS5. What
// is decided is the same as without a proxy. The connection counts as open until it ends.
func (r *Relay) proxy(c *net.TCPConn) {
	in := bufio.NewReader(c)
	made := r.request(c, in)
	if made == nil {
		r.open.Add(-1)
		return
	}
	var early []byte
	if n := in.Buffered(); n > 0 {
		early, _ = in.Peek(n)
	}
	fd, err := flow.Descriptor(c)
	if err == nil && r.loop.Do(func() { r.pass(made, fd, early) }) {
		return
	}
	r.open.Add(-1)
	r.drop(made)
	if err == nil {
		flow.Reset(fd)
	}
}

// drop closes a connection to the outside that is not passed on.
func (r *Relay) drop(c *conn) {
	if !r.loop.Do(func() { r.loop.Forget(c.out) }) {
		flow.Reset(c.out)
	}
}

// request reads what the program asks for, connects, and says so. When it returns nil, the
// program was told why, and the connection is closed.
func (r *Relay) request(c *net.TCPConn, in *bufio.Reader) *conn {
	_ = c.SetDeadline(time.Now().Add(r.times.request))
	request, err := front.Read(in, c)
	if err != nil {
		if refusal, ok := errors.AsType[*front.Refusal](err); ok {
			r.report.refused("a request to the proxy: " + refusal.Text)
			_ = refusal.Reply(c)
		}
		finish(c)
		return nil
	}
	t, err := targetOf(&request)
	if err != nil {
		r.report.refused("a request to the proxy: " + err.Error())
		_ = request.Refuse(c, front.NotAllowed, err.Error())
		finish(c)
		return nil
	}
	made, err := r.connectNow(t)
	_ = c.SetWriteDeadline(time.Now().Add(r.times.request))
	if err != nil {
		_ = request.Refuse(c, reasonOf(err), "jail: "+t.String()+": "+err.Error())
		finish(c)
		return nil
	}
	if request.Accept(c) != nil {
		r.drop(made)
		_ = c.Close()
		return nil
	}
	_ = c.SetDeadline(time.Time{})
	return made
}

// connectNow waits for connect. The loop must not call it.
func (r *Relay) connectNow(t target) (made *conn, err error) {
	done := make(chan struct{})
	if !r.loop.Do(func() {
		r.connect(t, func(c *conn, failed error) {
			made, err = c, failed
			close(done)
		})
	}) {
		return nil, flow.ErrClosed
	}
	<-done
	return made, err
}

// targetOf is what a request asks for.
func targetOf(q *front.Request) (target, error) {
	if q.Addr.IsValid() {
		return target{addr: q.Addr.Unmap(), port: q.Port}, nil
	}
	name, err := rules.Canonical(q.Host)
	return target{name: name, port: q.Port}, err
}

func reasonOf(err error) front.Reason {
	switch {
	case errors.Is(err, errRefused):
		return front.NotAllowed
	case errors.Is(err, unix.ECONNREFUSED):
		return front.ConnectionRefused
	}
	return front.Unreachable
}

// finish closes a connection such that what was written last still arrives: with bytes
// left unread, the kernel would reset it.
func finish(c *net.TCPConn) {
	const most = 64 << 10
	_ = c.CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.CopyN(io.Discard, c, most)
	_ = c.Close()
}
