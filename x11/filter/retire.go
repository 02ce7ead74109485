package filter

import (
	"time"

	"github.com/jail-project/jail/x11/wire"
)

// end shuts both connections of a client at once. It is for servers that have ended and for
// clients that do not behave.
func (c *client) end() {
	c.gone.Store(true)
	c.pending.close()
	c.jail.shut()
	c.host.shut()
}

// close closes both sockets. Precondition: both goroutines have ended, or never began.
func (c *client) close() {
	c.mu.Lock() // see roundTrip
	defer c.mu.Unlock()
	c.closed = true
	for _, s := range []*socket{c.jail, c.host} {
		if s != nil {
			s.close()
		}
	}
}

// retire ends a connection to the server, whose client has gone. The server gives its base to
// the next program that connects, and so the base must not be the jail's any more by then: not
// for requests to come, and not for those that connections of the jail have already sent and
// the server has not read. So each connection of the jail is asked for a reply first, while
// the server still keeps the base for this one.
func (d *display) retire(c *client) {
	d.setBase(c.base, false)
	c.complete()
	d.mu.Lock()
	all := make([]*client, 0, len(d.clients))
	for o := range d.clients {
		all = append(all, o)
	}
	d.mu.Unlock()
	for _, o := range all {
		o.roundTrip()
	}
	d.mu.Lock()
	delete(d.clients, c)
	d.mu.Unlock()
	c.end()
	<-c.finished
	c.close()
	closeAll(c.fds)
	closeAll(c.attach)
	closeAll(c.rfds)
}

// kill ends the client that made a resource, as if it had gone. The server would do it at once,
// and give its base to somebody while the jail still has it.
func (d *display) kill(id uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.clients {
		if c.base == id&^d.mask {
			c.gone.Store(true)
			c.jail.shut()
		}
	}
}

// complete ends a request that the client has left half sent, with zeros. The server needs
// whole requests until the last reply is there.
func (c *client) complete() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flush() != nil {
		return
	}
	for c.skip > 0 {
		zeros := make([]byte, min(c.skip, bufferSize))
		if c.host.write(zeros, nil) != nil {
			return
		}
		c.skip -= len(zeros)
	}
	_ = c.boundary()
}

// stallTime is how long a client may leave a request half sent while another connection of the
// jail is to end, and how long what it asked before may delay a request for which it counts
// what the user does now.
const stallTime = 5 * time.Second

// roundTrip returns when the server has done all that the client asked before, or when the
// connection to the server has ended.
func (c *client) roundTrip() {
	passed := make(chan struct{})
	c.mu.Lock()
	half := c.skip > 0
	var err error
	if c.closed {
		close(passed)
	} else if half {
		c.waiting = append(c.waiting, passed)
	} else {
		err = c.sync(passed)
	}
	c.mu.Unlock()
	if err != nil {
		c.end()
	}
	var stalled <-chan time.Time
	if half {
		stalled = time.After(stallTime)
	}
	select {
	case <-passed:
		return
	case <-c.finished:
		return
	case <-stalled:
	}
	c.mu.Lock()
	still := len(c.waiting) > 0
	c.mu.Unlock()
	if still {
		c.d.f.log("a client left a request half sent while another one ended")
		c.end()
	}
	select {
	case <-passed:
	case <-c.finished:
	}
}

// sync sends a request of the filter's own, whose reply the client does not see; then passed
// is closed, if it is not nil. Precondition: mu is held, and the server has got whole requests
// only.
func (c *client) sync(passed chan struct{}) error {
	if err := c.inject(injected, passed, getInputFocus[:]); err != nil {
		return err
	}
	c.pushed = c.seq
	return nil
}

// inject sends a request of the filter's own. The preconditions are those of sync.
func (c *client) inject(kind replyKind, passed chan struct{}, b []byte) error {
	e := expected{seq: c.seq + 1, kind: kind}
	if !c.pending.push(e, passed) {
		if err := c.pending.wait(e.seq); err != nil {
			return err
		}
		c.pending.push(e, passed)
	}
	c.seq++
	return c.host.write(b, nil)
}

// whenNow is for what depends on what the user does now. The request has to be the next one
// that the server does: one behind a SyncAwait, or behind much that is slow, would be done when
// the user does something else.
func (c *client) whenNow(allowed func() bool) verdict {
	return when(allowed() && c.settled() && allowed())
}

// settled waits until the server has done all that the client asked. It returns false if that
// takes too long. Precondition: mu is held, between two requests.
func (c *client) settled() bool {
	passed := make(chan struct{})
	if c.flush() != nil || c.sync(passed) != nil {
		return false
	}
	select {
	case <-passed:
		return true
	case <-c.finished:
	case <-time.After(stallTime):
	}
	return false
}

// getInputFocus is a request that has a reply and no effect.
var getInputFocus = [4]byte{0: wire.ReqGetInputFocus, 2: 1}

// boundary serves those that have waited for the end of a request.
func (c *client) boundary() error {
	if len(c.waiting) == 0 {
		return nil
	}
	if err := c.flush(); err != nil {
		return err
	}
	for _, passed := range c.waiting {
		if err := c.sync(passed); err != nil {
			return err
		}
	}
	c.waiting = nil
	return nil
}
