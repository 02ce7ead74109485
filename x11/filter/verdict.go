package filter

import (
	"sync"
	"time"

	"github.com/jail-project/jail/x11/wire"
)

// pointed is where the pointer was when it last was in a window of the jail.
type pointed struct {
	mu   sync.Mutex
	in   bool  // what was found out last
	at   int64 // when, by display.now
	x, y uint16
}

// pointedFor is for how long it counts whether the pointer is in a window of the jail: a
// client may ask for the position often, and each look is a question to the server.
const pointedFor = int64(50 * time.Millisecond)

// maxDepth is how deep the window of a client may lie in those of a window manager.
const maxDepth = 8

// hasFocus tells whether what the user types goes to a window of the jail.
func (d *display) hasFocus() bool {
	id, err := d.ask.focus()
	switch {
	case err != nil:
		return false
	case d.isOwn(id):
		return true
	case id == wire.PointerRoot || d.isRoot(id):
		return d.look() // no window manager: input goes to where the pointer is
	}
	return false
}

// look asks the server whether the pointer is in a window of the jail. A window manager may
// have put that into windows of its own.
func (d *display) look() bool {
	for _, window := range d.roots {
		for range maxDepth {
			child, err := d.ask.childAtPointer(window)
			if err != nil || child == 0 {
				break
			}
			if d.isOwn(child) {
				return true
			}
			window = child
		}
	}
	return false
}

// hasPointer is look, but asks not more often than pointedFor says.
func (d *display) hasPointer() bool {
	p := &d.pointed
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := d.now(); p.at == 0 || now-p.at > pointedFor {
		p.in = d.look()
		p.at = d.now()
	}
	return p.in
}

// isUsed tells whether the user works with the jail: it has the focus, or got input just now.
func (d *display) isUsed() bool { return d.since(&d.input.any) || d.hasFocus() }

// hidePointer changes a reply to QueryPointer such that it tells no more than what the jail
// knows: where the pointer last was in one of its windows. A reply that is not fresh counts as
// one of when the pointer was elsewhere.
func (d *display) hidePointer(b []byte, fresh bool) {
	d.hideChild(b[12:])
	x, y := wire.U16(b[16:]), wire.U16(b[18:])
	p := &d.pointed
	if fresh && d.hasPointer() {
		p.mu.Lock()
		p.x, p.y = x, y
		p.mu.Unlock()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	wire.PutU16(b[16:], p.x)
	wire.PutU16(b[18:], p.y)
	wire.PutU16(b[20:], wire.U16(b[20:])-x+p.x)
	wire.PutU16(b[22:], wire.U16(b[22:])-y+p.y)
	clear(b[24:26])
	wire.PutU32(b[12:], 0)
}

// hideXIPointer is hidePointer for XIQueryPointer, whose coordinates are fixed-point numbers
// (FP1616). What follows byte 36 is which modifiers and buttons are down.
func (d *display) hideXIPointer(b []byte, fresh bool) {
	if len(b) < 56 {
		return
	}
	d.hideChild(b[12:])
	if fresh && d.hasPointer() {
		return
	}
	d.pointed.mu.Lock()
	x, y := uint32(d.pointed.x)<<16, uint32(d.pointed.y)<<16
	d.pointed.mu.Unlock()
	wire.PutU32(b[24:], wire.U32(b[24:])-wire.U32(b[16:])+x)
	wire.PutU32(b[28:], wire.U32(b[28:])-wire.U32(b[20:])+y)
	wire.PutU32(b[16:], x)
	wire.PutU32(b[20:], y)
	wire.PutU32(b[12:], 0)
	clear(b[36:])
}

// hideDevices takes from a reply to XIQueryDevice where the pointer is: a device is 12 bytes, its
// name, and its classes.
func hideDevices(b []byte) {
	at := wire.MessageSize
	for range wire.U16(b[8:]) {
		if at+12 > len(b) {
			return
		}
		classes := int(wire.U16(b[at+6:]))
		if at += 12 + wire.Pad(int(wire.U16(b[at+8:]))); at > len(b) {
			return
		}
		at += hideAxes(b[at:], classes)
	}
}

// hideAxes clears the values of the first two axes among n classes of a device, and returns how
// long the classes are. Others are those of wheels, from which toolkits compute differences.
func hideAxes(b []byte, n int) int {
	const valuator, size = 2, 44
	at := 0
	for range n {
		if at+4 > len(b) {
			break
		}
		length := 4 * int(wire.U16(b[at+2:]))
		if wire.U16(b[at:]) == valuator && at+size <= len(b) && wire.U16(b[at+6:]) < 2 {
			clear(b[at+28 : at+36])
		}
		at += length
	}
	return at
}

// hideChild replaces a foreign window by none.
func (d *display) hideChild(b []byte) {
	if id := wire.U32(b); id != 0 && !d.isOwn(id) && d.f.o.Drag.Out != Allow {
		wire.PutU32(b, 0)
	}
}

// hideFocus replaces a foreign window that has the focus by PointerRoot.
func (d *display) hideFocus(b []byte) {
	if id := wire.U32(b); id > wire.PointerRoot && !d.isOwn(id) && !d.isRoot(id) {
		wire.PutU32(b, wire.PointerRoot)
	}
}

// hideParent replaces a foreign window by the root window: windows that a window manager makes
// around those of the jail are none of its business.
func (d *display) hideParent(b []byte) {
	if id := wire.U32(b); id != 0 && !d.isOwn(id) && !d.isRoot(id) {
		wire.PutU32(b, d.roots[0])
	}
}
