package filter

import (
	"sync"

	"github.com/jail-project/jail/x11/wire"
)

// eventKind says what is looked at in an event. The zero value is nothing.
type eventKind uint8

const (
	eventOther eventKind = iota
	eventKey
	eventButton
	eventReparent
	eventConfigure
	eventProperty
	eventSelectionRequest
	eventSelectionName // SelectionClear and SelectionNotify
	eventMessage
	eventGeneric
	eventXFixesSelection
	eventXkb
)

// coreEvents are the kinds of the events of the core protocol.
func coreEvents() (kinds [128]eventKind) {
	kinds[wire.KeyPress] = eventKey
	kinds[wire.ButtonPress] = eventButton
	kinds[wire.ReparentNotify] = eventReparent
	kinds[wire.ConfigureNotify] = eventConfigure
	kinds[wire.PropertyNotify] = eventProperty
	kinds[wire.SelectionRequest] = eventSelectionRequest
	kinds[wire.SelectionClear] = eventSelectionName
	kinds[wire.SelectionNotify] = eventSelectionName
	kinds[wire.ClientMessage] = eventMessage
	kinds[wire.GenericEvent] = eventGeneric
	return kinds
}

// event looks at an event, and takes from it what the client is not to know. It returns
// whether the client sees the event at all. Of a generic event it gets what needs says.
func (d *display) event(b []byte) bool {
	sent := b[0]&wire.Synthetic != 0
	switch d.events[b[0]&^wire.Synthetic] {
	case eventOther:
	case eventKey:
		if !sent {
			d.used(wire.U16(b[28:])&pasting != 0)
		}
	case eventButton:
		if !sent {
			d.used(b[1] == middle)
		}
	case eventReparent:
		d.hideParent(b[12:])
	case eventConfigure:
		if id := wire.U32(b[12:]); !d.isOwn(id) {
			wire.PutU32(b[12:], 0)
		}
	case eventProperty:
		return !d.isRoot(wire.U32(b[4:])) || d.ofRoot(wire.U32(b[8:]))
	case eventSelectionRequest:
		if sent {
			return d.isOwn(wire.U32(b[12:]))
		}
		return d.requested(b)
	case eventSelectionName:
		d.publicName(b[12:], b[0]&^wire.Synthetic == wire.SelectionClear)
	case eventMessage:
		return d.dragged(b)
	case eventGeneric:
		d.generic(b)
	case eventXFixesSelection:
		d.publicName(b[12:], false)
		d.hideParent(b[8:])
	case eventXkb:
		return d.keyboard(b)
	}
	return true
}

// What an input means: these modifiers, Shift and Control, and this button.
const (
	pasting = 1<<0 | 1<<2
	middle  = 2
)

// used notes an input of the user in a window of the jail.
func (d *display) used(paste bool) {
	now := d.now()
	d.input.any.Store(now)
	if paste {
		d.input.key.Store(now)
	}
}

// Events of XInput 2.
const deviceChanged = 1

// needs returns how many bytes of a generic event of n bytes are looked at.
func (d *display) needs(b []byte, n int) int {
	if b[1] == d.xinput && wire.U16(b[8:]) == deviceChanged {
		return n
	}
	return min(n, 80)
}

// generic notes the input that XInput 2 tells of (XI2proto.txt, DeviceEvent). DeviceChanged
// comes when the user takes another mouse, wherever the pointer is.
func (d *display) generic(b []byte) {
	const keyPress, buttonPress = 2, 4
	if b[1] == d.xinput && wire.U16(b[8:]) == deviceChanged {
		n := wire.MessageSize + 4*int(wire.U32(b[4:]))
		hideAxes(b[wire.MessageSize:min(n, len(b))], int(wire.U16(b[16:])))
		return
	}
	if b[1] != d.xinput || len(b) < 80 {
		return
	}
	switch detail, modifiers := wire.U32(b[16:]), wire.U32(b[72:]); wire.U16(b[8:]) {
	case keyPress:
		d.used(modifiers&pasting != 0)
	case buttonPress:
		d.used(detail == middle)
	}
}

// publicName makes an event tell of the public selection where it tells of the private one.
func (d *display) publicName(b []byte, lost bool) {
	if s := d.find(wire.U32(b)); s != nil {
		if lost && wire.U32(b) == s.private {
			s.held.Store(false)
		}
		wire.PutU32(b, s.public)
	}
}

// keyboard decides about an event of XKEYBOARD. What is pressed elsewhere stays a secret; the
// layout of the keyboard does not.
func (d *display) keyboard(b []byte) bool {
	const stateNotify, actionMessage, accessXNotify = 2, 9, 10
	const groups = 0xf0 // in the mask of what has changed
	switch b[1] {
	case actionMessage, accessXNotify:
		return d.hasFocus()
	case stateNotify:
		if d.hasFocus() {
			return true
		}
		changed := wire.U16(b[26:]) & groups
		wire.PutU16(b[26:], changed)
		clear(b[9:13])
		clear(b[19:26])
		clear(b[28:30])
		return changed != 0
	}
	return true
}

// drags is the window of another program from which something is dragged over the jail.
type drags struct {
	mu     sync.Mutex
	window uint32
	at     int64
}

// dragFor is for how long the window of a drag counts after its last message.
const dragFor = int64(30e9)

func (g *drags) is(window uint32, now int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return window != 0 && g.window == window && now-g.at < dragFor
}

func (g *drags) set(window uint32, now int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.window, g.at = window, now
}

// dragged decides about a message from another client: those by which something is dragged
// into the jail come only if the policy lets things in.
func (d *display) dragged(b []byte) bool {
	if !d.atoms.is(wire.U32(b[8:]), xdndEnter, xdndPosition, xdndLeave, xdndDrop) {
		return true
	}
	source := wire.U32(b[12:])
	if d.isOwn(source) {
		return true
	}
	if d.f.o.Drag.In == Deny {
		return false
	}
	d.drags.set(source, d.now())
	return true
}
