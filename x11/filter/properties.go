package filter

import (
	"bytes"

	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

// deleteProperty is like changeProperty: of an own window, or of one that asked.
func (c *client) deleteProperty(r *request) verdict {
	r.value = wire.U32(r.b[4:])
	return when(c.d.isOwn(r.value) || c.d.grants.find(r.value, wire.U32(r.b[8:]), c.d.now()))
}

// getProperty lets a client read what it needs of others: some properties of the root window,
// the settings of the desktop, and who the window manager is. It deletes none of these.
func (c *client) getProperty(r *request) verdict {
	window, property := wire.U32(r.b[4:]), wire.U32(r.b[8:])
	if c.d.isOwn(window) {
		return pass
	}
	r.value = window
	r.head[1] = 0
	a := &c.d.atoms
	allowed := false
	switch {
	case c.d.isRoot(window):
		allowed = c.d.ofRoot(property)
		r.quiet = true
	case property == a[xsettings]:
		allowed = window == c.d.ask.selectionOwner(a[firstSettings])
	case a.is(property, supportingWMCheck, netWMName):
		allowed = window == c.d.checkWindow()
	case a.is(property, xdndTypeList, xdndActionList):
		allowed = c.d.drags.is(window, c.d.now())
	case a.is(property, xdndAware, xdndProxy):
		allowed = c.d.f.o.Drag.Out == Allow
	}
	if !allowed && !c.d.isRoot(window) {
		r.denied = rules.BadWindow
	}
	return when(allowed)
}

// listProperties tells nothing of windows that are not the jail's.
func (c *client) listProperties(r *request) verdict {
	r.value = wire.U32(r.b[4:])
	if c.d.isOwn(r.value) {
		return pass
	}
	if !c.d.isRoot(r.value) {
		r.denied = rules.BadWindow
	}
	return deny
}

// mark puts the name of the jail before a title. What is appended to a title stays behind it.
func (c *client) mark(r *request) verdict {
	const replace, appended = 0, 2
	n := int(wire.U32(r.b[20:]))
	switch prefix := c.d.f.prefix; {
	case r.b[16] != 8 || n > r.n-24:
		return deny
	case r.head[1] == appended || r.head[1] == replace && bytes.HasPrefix(r.b[24:24+n], prefix):
		return pass
	case r.head[1] != replace:
		return deny
	default:
		c.scratch = append(c.scratch[:0], r.head...)
		c.scratch = append(c.scratch, r.b[4:24]...)
		c.scratch = append(c.scratch, prefix...)
		c.scratch = append(c.scratch, r.b[24:24+n]...)
		c.scratch = append(c.scratch, make([]byte, wire.Pad(len(c.scratch))-len(c.scratch))...)
		wire.PutU32(c.scratch[20:], uint32(n+len(prefix))) //nolint:gosec // both are short
		return c.sized(r)
	}
}

// prefixFor is what mark puts before titles: the name in ASCII, which all encodings of titles
// have in common, without control characters.
func prefixFor(name string) []byte {
	b := []byte{'['}
	for _, r := range name {
		if r < ' ' || r > '~' {
			r = '?'
		}
		if b = append(b, byte(r)); len(b) > 64 {
			break
		}
	}
	return append(b, "] "...)
}

// selection makes a request mean the private selection of the jail where the policy wants it.
// Other selections than those for data belong to window managers and desktops: a client may
// know who owns the settings and whether there is a compositor.
func (c *client) selection(r *request, do rules.Special) verdict {
	at := 8
	if do == rules.GetSelection {
		at = 4
	}
	name := wire.U32(r.b[at:])
	s := c.d.find(name)
	if s == nil {
		known := c.d.atoms.is(name, firstSettings, compositor)
		r.quiet = do == rules.GetSelection
		if r.quiet && name == c.d.atoms[compositor] {
			r.kind = selectionOwner // that there is one is enough
		}
		return when(known && (do == rules.GetSelection || do == rules.SelectSelectionInput))
	}
	switch do {
	case rules.GetSelection:
		r.kind = selectionOwner
		name = c.d.toAsk(s)
	case rules.SetSelection:
		name = c.d.toSet(s, wire.U32(r.b[4:]))
	case rules.ConvertSelection:
		name = c.d.toConvert(s)
	default:
		if name = s.public; s.crossing.In == Deny {
			name = s.private
		}
	}
	wire.PutU32(r.b[at:], name)
	return pass
}

// sendEvent lets clients send events to each other, messages about their windows to the window
// manager, and answers to those who asked for a selection or dragged something here. An event
// that nobody of the jail wants goes to no window above.
func (c *client) sendEvent(r *request) verdict {
	target, e := wire.U32(r.b[4:]), r.b[12:44]
	kind := e[0] &^ wire.Synthetic
	r.head[1] = 0
	r.value = target
	message, first := wire.U32(e[8:]), wire.U32(e[12:])
	a := &c.d.atoms
	switch {
	case c.d.isOwn(target):
		// A client must not make the filter believe that something is dragged here.
		forged := kind == wire.ClientMessage && a.is(message, xdndEnter, xdndPosition, xdndDrop) && !c.d.isOwn(first)
		return when(!forged)
	case c.d.isRoot(target):
		return when(c.toManager(r, kind, e))
	case kind == wire.SelectionNotify:
		property := wire.U32(e[20:])
		return when(message == target && c.d.grants.find(target, property, c.d.now()))
	case kind == wire.ClientMessage && a.is(message, xdndStatus, xdndFinished):
		return when(c.d.drags.is(target, c.d.now()))
	case kind == wire.ClientMessage && a.is(message, xdndEnter, xdndPosition, xdndLeave, xdndDrop):
		return when(c.d.f.o.Drag.Out == Allow && c.d.isOwn(first))
	}
	return deny
}

// toManager tells whether an event may be sent to a root window, where the window manager
// reads it: by ICCCM and EWMH, about an own window.
func (c *client) toManager(r *request, kind byte, e []byte) bool {
	const redirect, notify = 1 << 20, 1 << 19 // SubstructureRedirect and SubstructureNotify
	wire.PutU32(r.b[8:], wire.U32(r.b[8:])&(redirect|notify))
	a := &c.d.atoms
	switch window, message := wire.U32(e[4:]), wire.U32(e[8:]); kind {
	case wire.ClientMessage:
		if message == a[netWMPing] {
			return c.d.isOwn(wire.U32(e[20:]))
		}
		if message == a[netActiveWindow] {
			wire.PutU32(e[12:], 1) // an application asks, not a pager, which would always get it
		}
		return c.d.isOwn(window) && c.d.toRoot(message)
	case wire.UnmapNotify:
		return c.d.isOwn(message)
	case wire.ConfigureRequest:
		return c.d.isOwn(message) && c.d.fits(wire.U32(e[12:]), rules.OwnOrNone)
	}
	return false
}
