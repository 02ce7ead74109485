package relay

import (
	"net/netip"
	"time"

	"github.com/jail-project/jail/network/flow"
	"github.com/jail-project/jail/network/hello"
	"github.com/jail-project/jail/network/rules"
)

const (
	// helloTime is how long a program may take from the first to the last byte of a hello.
	helloTime = 30 * time.Second
	// mostHeld is how many bytes of unfinished hellos are kept at a time, which one
	// program could make hello.Limit for each connection.
	mostHeld = 16 << 20
)

// conn is a connection of the program's that is passed on.
type conn struct {
	out    int // to the outside
	target target
	to     netip.Addr // to which out is
	asked  string     // the name in the TLS hello of a connection to an address, or ""
	judged *rules.Set // by which it was allowed

	relay     *Relay
	flow      flow.Flow
	inspector hello.Inspector
	received  []byte // of a hello that is not complete
	held      int    // how many bytes of hellos this one is charged with
}

// pass passes bytes on between the program and the outside until both have ended. What
// the outside sends is passed on at once; what the program sends first is looked at. early
// is what was read of that before.
func (r *Relay) pass(c *conn, in int, early []byte) {
	c.relay = r
	c.flow = flow.Flow{In: in, Out: c.out, Early: early, First: c.first, Passed: c.forget, Ended: c.ended}
	r.conns[c] = struct{}{}
	if !r.stillAllowed(c) {
		r.loop.Reset(&c.flow)
		return
	}
	r.loop.Pass(&c.flow)
}

func (c *conn) ended() {
	delete(c.relay.conns, c)
	c.forget()
	c.relay.open.Add(-1)
}

// forget is called when nothing is kept of a hello any more.
func (c *conn) forget() {
	c.relay.held.Add(-int64(c.held))
	c.received, c.held = nil, 0
}

// first lets all of a TLS hello pass, or anything that is none, but no hello for a server that
// the rules do not allow.
func (c *conn) first(piece []byte) ([]byte, flow.Verdict) {
	result := c.inspector.Add(piece)
	switch {
	case len(piece) == 0, result.Status == hello.NotTLS:
	case result.Status == hello.NeedMore:
		return nil, c.wait(piece)
	case result.Status == hello.Refused:
		c.refuse(result.Reason)
		return nil, flow.Refuse
	case !c.mayName(&result):
		return nil, flow.Refuse
	}
	all := piece
	if len(c.received) > 0 {
		c.received = append(c.received, piece...)
		all = c.received
		c.relay.loop.Limit(&c.flow, 0, nil)
	}
	// The bytes are still held until the other side takes them: forget comes then.
	c.received, c.inspector = nil, hello.Inspector{}
	return all, flow.Pass
}

// wait keeps a piece of a hello.
func (c *conn) wait(piece []byte) flow.Verdict {
	r := c.relay
	if len(c.received) == 0 {
		r.loop.Limit(&c.flow, r.times.hello, func() { c.refuse("TLS that was not complete after " + r.times.hello.String()) })
	}
	c.received = append(c.received, piece...)
	c.held += len(piece)
	if r.held.Add(int64(len(piece))) > mostHeld {
		r.report.refused("TLS of too many connections that was not complete")
		return flow.Refuse
	}
	return flow.More
}

func (c *conn) refuse(reason string) { c.relay.report.refused(c.target.String() + ": " + reason) }

// mayName tells whether the program may ask the server at the other end for a name. A
// connection to a name is for that name alone.
func (c *conn) mayName(h *hello.Result) bool {
	t := &c.target
	switch {
	case !h.HasName && t.name == "":
		return true
	case !h.HasName:
		c.refuse("TLS without the name of the server")
		return false
	}
	name, err := rules.Canonical(h.ServerName)
	if err != nil {
		c.refuse("TLS for a server whose name is none: " + err.Error())
		return false
	}
	if t.name != "" {
		if name != t.name {
			c.refuse("TLS for another server, " + name)
			return false
		}
		return true
	}
	return c.relay.asks(c, name)
}
