package filter

import (
	"math/bits"

	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

// Bits of the mask of attributes of a window.
const (
	backPixmap = 1 << 0
	backPixel  = 1 << 1
	eventMask  = 1 << 11
)

// inputOnly is the class of a window that shows nothing.
const inputOnly = 2

// createWindow gives each window a background. A window without shows what was on the screen
// when it appears: the window of another program, which GetImage of the own one would read.
func (c *client) createWindow(r *request) verdict {
	mask := wire.U32(r.b[28:])
	c.note(r, rules.CreateWindow)
	if wire.U16(r.b[22:]) == inputOnly {
		return pass
	}
	switch {
	case mask&backPixel != 0:
		return pass // it is stronger than a pixmap
	case mask&backPixmap != 0:
		// ParentRelative (1) shows the background of the parent. That may be the root window,
		// later if not now, and its background may be none.
		if wire.U32(r.b[32:]) <= 1 {
			c.fill(r.b[28:], r.b[32:])
		}
		return pass
	}
	c.copyRequest(r)
	wire.PutU32(c.scratch[28:], mask|backPixel)
	return c.insert(r, 32)
}

// fill turns the value for a pixmap as background into one for a pixel, in the same place.
func (c *client) fill(mask, value []byte) {
	wire.PutU32(mask, wire.U32(mask)&^backPixmap|backPixel)
	wire.PutU32(value, 0)
}

// copyRequest copies a whole request, without what BIG-REQUESTS adds to it.
func (c *client) copyRequest(r *request) {
	c.scratch = append(c.scratch[:0], r.head...)
	c.scratch = append(c.scratch, r.b[4:r.n]...)
}

// insert puts four zeros into the copy of a request.
func (c *client) insert(r *request, at int) verdict {
	c.scratch = append(c.scratch, 0, 0, 0, 0)
	copy(c.scratch[at+4:], c.scratch[at:])
	clear(c.scratch[at : at+4])
	return c.sized(r)
}

// sized corrects the length of the copy of a request. None becomes longer than a request
// without BIG-REQUESTS may be.
func (c *client) sized(r *request) verdict {
	if len(c.scratch) > 0xffff*4 || int64(len(c.scratch)) > c.maximum.Load() {
		r.denied = rules.BadLength
		return deny
	}
	wire.PutU16(c.scratch[2:], uint16(len(c.scratch)/4)) //nolint:gosec // compared above
	return substitute
}

// changeAttributes keeps the background that createWindow has given. Of a root window, and of
// some windows of other programs, a client may learn of changed properties and of their end.
func (c *client) changeAttributes(r *request) verdict {
	window, mask := wire.U32(r.b[4:]), wire.U32(r.b[8:])
	if 12+4*bits.OnesCount32(mask) > r.n {
		r.denied = rules.BadLength
		return deny
	}
	if c.d.isOwn(window) {
		if v := wire.U32(r.b[12:]); mask&(backPixmap|backPixel) == backPixmap && v <= 1 {
			c.fill(r.b[8:], r.b[12:])
		}
		return pass
	}
	r.value = window
	if mask&eventMask == 0 || !c.d.isRoot(window) && !c.d.grants.has(window, c.d.now()) && !c.isManager(window) {
		return deny
	}
	at := 12 + 4*bits.OnesCount32(mask&(eventMask-1))
	events := wire.U32(r.b[at:]) & (wire.PropertyChangeBit | wire.StructureBit)
	c.scratch = append(c.scratch[:0], newRequest(r.head[0], window, eventMask, events)...)
	return c.sized(r)
}

// isManager tells whether a window is one by which window managers and desktops tell programs
// about themselves: the check window of EWMH, or the owner of the settings.
func (c *client) isManager(window uint32) bool {
	return window == c.d.checkWindow() || window == c.d.ask.selectionOwner(c.d.atoms[firstSettings])
}

func (d *display) checkWindow() uint32 {
	return d.ask.windowProperty(d.roots[0], d.atoms[supportingWMCheck])
}

// changeProperty lets a client set what it wants of its own windows, but marks titles, and
// answer who has asked for a selection.
func (c *client) changeProperty(r *request) verdict {
	window, property := wire.U32(r.b[4:]), wire.U32(r.b[8:])
	a := &c.d.atoms
	if !c.d.isOwn(window) {
		r.value = window
		return when(c.d.grants.find(window, property, c.d.now()))
	}
	switch {
	case c.d.f.o.MarkTitles && (property == wire.AtomWMName || property == wire.AtomWMIconName || a.is(property, netWMName, netWMIconName, visibleName, visibleIconName)):
		if len(r.b) < r.n {
			r.need = r.n
			return more
		}
		return c.mark(r)
	case property == wire.AtomWMTransient && r.n >= 28:
		// It says over which window this one is to stay.
		if len(r.b) < 28 {
			r.need = 28
			return more
		}
		r.value = wire.U32(r.b[24:])
		return when(c.d.fits(r.value, rules.OwnOrRootOrNone))
	case property == wire.AtomWMHints:
		return c.hints(r)
	case a.is(property, netWMPid):
		// Outside of the jail the number means another process, which a window manager could end.
		r.quiet = true
		return deny
	}
	return pass
}

// hints takes a foreign group from the property WM_HINTS (ICCCM, 4.1.2.4): a dialog that is
// transient for the root window stays over all windows of its group.
func (c *client) hints(r *request) verdict {
	const replace, flags, group, end, groupHint = 0, 24, 56, 60, 1 << 6
	switch {
	case r.head[1] != replace:
		return deny // the group could come later than the flags
	case r.n < end:
		return pass
	case len(r.b) < end:
		r.need = end
		return more
	}
	if !c.d.fits(wire.U32(r.b[group:]), rules.OwnOrRootOrNone) {
		wire.PutU32(r.b[flags:], wire.U32(r.b[flags:])&^groupHint)
		wire.PutU32(r.b[group:], 0)
	}
	return pass
}
