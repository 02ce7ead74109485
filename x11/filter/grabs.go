package filter

import (
	"time"

	"github.com/jail-project/jail/x11/wire"
)

// grabTime is how often it is looked whether a client that grabbed the keyboard still has the
// focus. A window manager may leave the focus to nobody for a moment, so once is not enough.
const grabTime = 150 * time.Millisecond

// hold notes a grab of the keyboard, which is passed on now. A jail gets one only while it has
// the focus, but the server lets it keep the grab when the user goes on to another window.
func (c *client) hold(r *request) {
	var ungrab []byte
	const deviceOne, grabTwo, ungrabTwo, ungrabOne = 13, 51, 52, 14
	switch {
	case r.head[0] != c.d.xinput:
		ungrab = newRequest(wire.ReqUngrabKeyboard, 0)
	case r.head[1] == grabTwo:
		ungrab = newRequest(c.d.xinput, 0, uint32(wire.U16(r.b[16:])))
		ungrab[1] = ungrabTwo
	case r.head[1] == deviceOne:
		ungrab = newRequest(c.d.xinput, 0, uint32(r.b[15]))
		ungrab[1] = ungrabOne
	}
	if c.grabs == nil {
		c.grabs = map[string]struct{}{}
		go c.watch()
	}
	c.grabs[string(ungrab)] = struct{}{}
}

// watch ends the grabs of the keyboard when the user has gone to another program. That the
// client ends them itself is not enough: the server ignores it with a wrong time.
func (c *client) watch() {
	tick := time.NewTicker(grabTime)
	defer tick.Stop()
	for away := 0; ; {
		select {
		case <-c.finished:
			return
		case <-tick.C:
		}
		if away++; c.d.hasFocus() {
			away = 0
		}
		if away < 2 {
			continue
		}
		passed := make(chan struct{})
		ok, err := c.release(passed)
		if ok && c.passes(passed) {
			return
		}
		if ok || err != nil || time.Duration(away)*grabTime > stallTime {
			c.d.f.log("a client kept the keyboard")
			c.end()
			return
		}
	}
}

// passes waits until the server has done a request of the filter's own. It returns false if that
// takes too long, as behind a SyncAwait.
func (c *client) passes(passed chan struct{}) bool {
	select {
	case <-passed:
	case <-c.finished:
	case <-time.After(stallTime):
		return false
	}
	return true
}

// release ends the grabs of the keyboard, unless a request is half sent.
func (c *client) release(passed chan struct{}) (ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		close(passed)
		return true, nil
	}
	if c.skip > 0 {
		return false, nil
	}
	for ungrab := range c.grabs {
		if err := c.inject(silent, nil, []byte(ungrab)); err != nil {
			return false, err
		}
	}
	c.grabs = nil
	return true, c.sync(passed)
}
