package relay

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/network/front"
	"github.com/jail-project/jail/network/pair"
	"github.com/jail-project/jail/network/rules"
)

// requestTime is how long a program may take to ask the proxy for a connection.
const requestTime = 10 * time.Second

// proxy serves a program that asks for a connection by CONNECT of HTTP, or by SOCKS5. What
// is decided is the same as without a proxy.
func (r *Relay) proxy(ctx context.Context, c *net.TCPConn) {
	_ = c.SetDeadline(time.Now().Add(r.times.request))
	in := bufio.NewReader(c)
	request, err := front.Read(in, c)
	if err != nil {
		if refusal, ok := errors.AsType[*front.Refusal](err); ok {
			r.report.refused("a request to the proxy: " + refusal.Text)
			_ = refusal.Reply(c)
		}
		finish(c)
		return
	}
	t, err := targetOf(&request)
	if err != nil {
		r.report.refused("a request to the proxy: " + err.Error())
		_ = request.Refuse(c, front.NotAllowed, err.Error())
		finish(c)
		return
	}
	_ = c.SetDeadline(time.Time{})
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	f, err := r.connect(ctx, t)
	_ = c.SetWriteDeadline(time.Now().Add(r.times.request))
	if err != nil {
		_ = request.Refuse(c, reasonOf(err), "jail: "+t.String()+": "+err.Error())
		finish(c)
		return
	}
	if request.Accept(c) != nil {
		pair.Close(c, f.out)
		return
	}
	_ = c.SetDeadline(time.Time{})
	f.in = c
	early := make([]byte, in.Buffered())
	_, _ = in.Read(early) // no more than that is in it
	r.relay(f, early)
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
