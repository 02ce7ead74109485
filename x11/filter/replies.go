package filter

import (
	"errors"
	"time"

	"github.com/jail-project/jail/x11/wire"
)

var errReply = errors.New("the X server sent something impossible")

// replies passes on what the server sends, until it ends. When the client has gone, it goes on
// without writing anything, see retire.
func (c *client) replies() error {
	for {
		n, fds, err := c.receive()
		c.rfds = fds
		if err != nil {
			return err
		}
		c.rhave += n
		if err := c.deliver(); err != nil {
			return err
		}
	}
}

// receive reads from the server.
func (c *client) receive() (int, []int, error) {
	return c.host.read(c.rbuf[c.rhave:], c.rfds)
}

// window is the part of the buffer of replies that is looked at: up to at it is decided about,
// and up to sent it is written or dropped.
type window struct{ at, sent int }

// deliver decides about all that is in the buffer.
func (c *client) deliver() error {
	var w window
	for w.at < c.rhave {
		if c.rskip > 0 {
			n := min(c.rskip, c.rhave-w.at)
			w.at += n
			c.rskip -= n
			continue
		}
		need, err := c.message(&w)
		if err != nil {
			return err
		}
		if need > 0 {
			return c.rkeep(&w, need)
		}
	}
	return c.rkeep(&w, 0)
}

// rkeep writes what is decided, and moves the rest to the front of a buffer in which there is
// room for need bytes.
func (c *client) rkeep(w *window, need int) error {
	c.rflush(w)
	rest := c.rbuf[w.at:c.rhave]
	if need > len(c.rbuf) {
		if need > maxReply {
			return errReply
		}
		c.rbuf = make([]byte, need)
	}
	c.rhave = copy(c.rbuf, rest)
	return nil
}

// rflush writes what is decided, unless the client has gone. Descriptors go with the first
// bytes that are written after them; only replies that may carry some let them wait.
func (c *client) rflush(w *window) {
	if w.sent == w.at {
		return
	}
	if !c.gone.Load() && c.jail.write(c.rbuf[w.sent:w.at], c.rfds) != nil {
		c.gone.Store(true)
		c.jail.shut() // which ends the goroutine of the requests
	}
	closeAll(c.rfds)
	c.rfds = c.rfds[:0]
	w.sent = w.at
}

// message decides about the message at the front: an error, a reply or an event. If it needs
// more bytes for that, it returns how many.
func (c *client) message(w *window) (need int, err error) {
	b := c.rbuf[w.at:c.rhave]
	if len(b) < wire.MessageSize {
		return wire.MessageSize, nil
	}
	n := wire.MessageSize
	if b[0] == wire.Reply || b[0] == wire.GenericEvent {
		length := wire.U32(b[4:])
		if length > 1<<28 {
			return 0, errReply
		}
		n += 4 * int(length)
	}
	if b[0] == wire.KeymapNotify {
		// It comes whenever the pointer enters a window, whoever has the focus.
		clear(b[1:wire.MessageSize])
		w.at += n // it has no sequence number
		return 0, nil
	}
	seq := c.last + uint64(wire.U16(b[2:])-uint16(c.last)) //nolint:gosec // the low bits
	c.hidden += c.pending.skip(seq)
	if b[0] == wire.Reply {
		return c.reply(w, b, n, seq)
	}
	if b[0] == wire.GenericEvent {
		if need := c.d.needs(b, n); len(b) < need {
			return need, nil
		}
	}
	shown := true
	if b[0] == wire.Error {
		if e, ok := c.pending.failed(seq); ok && e.kind == injected {
			return 0, errReply
		}
	} else if !c.d.f.testOnlyEvents {
		shown = c.d.event(b)
	}
	c.last = seq
	c.number(b)
	c.pass(w, n, len(b), shown)
	return 0, nil
}

// number takes the requests of the filter's own from a sequence number.
func (c *client) number(b []byte) {
	if c.hidden > 0 {
		wire.PutU16(b[2:], uint16(c.last-c.hidden)) //nolint:gosec // the low bits
	}
}

// pass moves on by a message of n bytes, of which have are in the buffer. Of one that the
// client is not to see all have to be there.
func (c *client) pass(w *window, n, have int, shown bool) {
	if !shown {
		c.rflush(w)
	}
	have = min(have, n)
	w.at += have
	c.rskip = n - have
	if !shown {
		w.sent = w.at
	}
}

// reply decides about a reply.
func (c *client) reply(w *window, b []byte, n int, seq uint64) (need int, err error) {
	e, ok, err := c.pending.reply(seq, b[1] == 0, len(b) >= n)
	if err != nil {
		return 0, err
	}
	if !ok {
		return n, nil
	}
	c.last = seq
	if e.kind == injected {
		if n != wire.MessageSize {
			return 0, errReply
		}
		c.pass(w, n, len(b), false)
		c.hidden++
		return 0, nil
	}
	if e.kind == denied && n != wire.MessageSize {
		return 0, errReply
	}
	m := c.rewrite(b[:min(n, len(b))], e, n)
	c.number(b)
	if m == n {
		c.pass(w, n, len(b), true)
		return 0, nil
	}
	w.at += m // the reply has become shorter: what is left of it is dropped
	c.rflush(w)
	w.at += n - m
	w.sent = w.at
	return 0, nil
}

// whole tells whether the treatment of a reply needs all of it.
func (k replyKind) whole() bool {
	switch k {
	case queryTree, extensionList, xiPointer, xiDevices, keymap:
		return true
	}
	return false
}

// timed tells whether a reply says what the user does: the treatment depends on what the user
// does when it comes.
func (k replyKind) timed() bool {
	return k == pointer || k == xiPointer || k == xiDevices || k == keymap || k == xkbState
}

// isFresh tells whether a timed reply is not of another time. A client that reads nothing for a
// while, or sends a SyncAwait before, would get late what the server said early.
func (d *display) isFresh(e expected) bool {
	return d.now()-int64(e.arg) < int64(freshFor) //nolint:gosec // see expect
}

// freshFor is how long a timed reply may take.
const freshFor = time.Second

// rewrite changes a reply of n bytes such that it tells nothing of others. It returns how long
// the reply is then: less than n only if b is all of it.
func (c *client) rewrite(b []byte, e expected, n int) int {
	d := c.d
	switch e.kind {
	case denied:
		unpack(e.arg).answer(b)
	case queryTree:
		return d.ownChildren(b)
	case pointer:
		d.hidePointer(b, d.isFresh(e))
	case xiPointer:
		d.hideXIPointer(b, d.isFresh(e))
	case xiDevices:
		if !d.isFresh(e) || !d.hasPointer() {
			hideDevices(b)
		}
	case translate:
		d.hideChild(b[8:])
	case focus:
		d.hideFocus(b[8:])
	case keymap:
		if !d.isFresh(e) || !d.hasFocus() {
			clear(b[8:])
		}
	case xkbState:
		if !d.isFresh(e) || !d.hasFocus() {
			hideModifiers(b)
		}
	case selectionOwner:
		d.hideParent(b[8:])
	case extensionList:
		return d.visibleExtensions(b)
	case bigRequests:
		c.maximum.Store(min(4*int64(wire.U32(b[8:])), maxRequest))
	}
	return n
}

// maxRequest is the longest request of a client that has asked for BIG-REQUESTS. Servers have
// 16 MB at most unless they are told otherwise.
const maxRequest = 64 << 20

// ownChildren leaves the own windows in a reply to QueryTree.
func (d *display) ownChildren(b []byte) int {
	d.hideParent(b[12:])
	n := 0
	for at := wire.MessageSize; at+4 <= len(b) && at < wire.MessageSize+4*int(wire.U16(b[16:])); at += 4 {
		if id := wire.U32(b[at:]); d.isOwn(id) {
			wire.PutU32(b[wire.MessageSize+4*n:], id)
			n++
		}
	}
	wire.PutU16(b[16:], uint16(n)) //nolint:gosec // not more than there were
	wire.PutU32(b[4:], uint32(n))  //nolint:gosec // likewise
	return wire.MessageSize + 4*n
}

// visibleExtensions leaves the extensions that the jail sees in a reply to ListExtensions: byte
// 1 is their number, and the names follow, each after its length.
func (d *display) visibleExtensions(b []byte) int {
	to, count := wire.MessageSize, 0
	at := wire.MessageSize
	for range b[1] {
		if at >= len(b) || at+1+int(b[at]) > len(b) {
			break
		}
		name := b[at : at+1+int(b[at])]
		at += len(name)
		if d.sees(name[1:]) {
			to += copy(b[to:], name)
			count++
		}
	}
	end := min(wire.Pad(to), len(b)&^3)
	clear(b[to:end])
	b[1] = byte(count)
	wire.PutU32(b[4:], uint32(end-wire.MessageSize)/4) //nolint:gosec // not negative
	return end
}

// hideModifiers clears in a reply to XkbGetState what is pressed. The keyboard's layout (the
// group) stays.
func hideModifiers(b []byte) {
	clear(b[8:12])  // mods, baseMods, latchedMods, lockedMods
	clear(b[18:22]) // compatState, grabMods, compatGrabMods, lookupMods
	clear(b[22:26])
}
