package filter

import (
	"bytes"
	"testing"
	"time"

	"github.com/jail-project/jail/x11/wire"
)

// attacksByDetours are those that name own resources only.
func attacksByDetours() []attack {
	return []attack{
		{name: "message to the window manager by an own window", off: []string{"SendEvent"}, try: func(c *scene) bool {
			// A window manager selects StructureNotify of the windows that it manages, and believes
			// what an event says about the window that it is about.
			c.victim.send(req(2, 0, c.own, 1<<11, wire.StructureBit))
			c.victim.sync()
			c.attacker.send(req(25, 0, c.own, wire.StructureBit, 33|32<<8, c.window, c.victim.atom("_NET_CLOSE_WINDOW"), 0, 0, 0, 0, 0))
			return c.hurt(wire.ClientMessage)
		}},
		{name: "another window unmapped by an own one", off: []string{"SendEvent"}, try: func(c *scene) bool {
			c.victim.send(req(2, 0, c.own, 1<<11, wire.StructureBit))
			c.victim.sync()
			c.attacker.send(req(25, 0, c.own, wire.StructureBit, wire.UnmapNotify, c.own, c.window, 0, 0, 0, 0, 0))
			return c.hurt(wire.UnmapNotify)
		}},
		{name: "pixmap of an own window that is shaped", off: []string{"CompositeNameWindowPixmap"}, try: func(c *scene) bool {
			// A redirected window starts with a copy of what is on the screen, and its background
			// covers that within its shape only: here two corners.
			r := c.attacker
			composite, _ := c.victim.extension("Composite")
			shape, _ := c.victim.extension("SHAPE")
			r.ask(req(composite, 0, 0, 4))
			id, pixmap := r.id(), r.id()
			r.send(req(1, 0, id, r.root, xy(150, 150), xy(100, 100), 0, 0, 1<<1|1<<9, 0, 1))
			r.send(req(shape, 1, 0, id, 0, 0, xy(1, 1), xy(99, 99), xy(1, 1)))
			r.send(req(composite, 1, id, 1))
			r.send(req(8, 0, id))
			r.send(req(composite, 6, id, pixmap))
			return seen(r.image(pixmap, 100, 100))
		}},
		{name: "background of the screen in a child taken out", off: []string{"CreateWindow"}, try: func(c *scene) bool {
			r, v := c.attacker, c.victim
			v.send(req(2, 0, v.root, 1<<0, c.pixmap))
			v.sync()
			defer c.restore(req(2, 0, v.root, 1<<1, 0))
			id := r.id()
			r.send(req(1, 0, id, c.own, 0, xy(100, 100), 0, 0, 1<<0|1<<9, 1, 1)) // ParentRelative
			r.send(req(7, 0, id, r.root, xy(600, 500)))
			r.send(req(8, 0, id))
			return seen(r.image(id, 100, 100))
		}},
		// The keyboards behind the core keyboard have no focus of their own: their keys go to
		// the window at the pointer, whoever has the focus.
		{name: "keys of a device by XI2", off: []string{"XISelectEvents"}, try: func(c *scene) bool {
			xi, _ := c.victim.extension("XInputExtension")
			c.attacker.ask(req(xi, 47, 2|2<<16))
			c.attacker.send(req(xi, 46, c.own, 1, 0|1<<16, 1<<2|1<<3)) // XIAllDevices, KeyPress and KeyRelease
			c.attacker.sync()
			c.victim.warp(850, 150)
			return c.typed(wire.GenericEvent)
		}},
		{name: "keys of a device by XI2, from an invisible window", off: []string{"XISelectEvents"}, try: func(c *scene) bool {
			r := c.attacker
			xi, _ := c.victim.extension("XInputExtension")
			r.ask(req(xi, 47, 2|2<<16))
			id := r.id()
			r.send(req(1, 0, id, r.root, 0, xy(1280, 1024), 2<<16, 0, 1<<9, 1)) // InputOnly
			r.send(req(8, 0, id))
			r.send(req(xi, 46, id, 1, xtestKeyboard|1<<16, 1<<2))
			r.sync()
			return c.typed(wire.GenericEvent)
		}},
		{name: "keys of a device by a passive grab of XI2", off: []string{"XIPassiveGrabDevice"}, try: func(c *scene) bool {
			xi, _ := c.victim.extension("XInputExtension")
			c.attacker.ask(req(xi, 47, 2|2<<16))
			// Any key (0), with any modifiers; the modes are asynchronous.
			c.attacker.ask(req(xi, 54, 0, c.own, 0, 0, xtestKeyboard|1<<16, 1|1<<16|1<<24, 1, 1<<2, 1<<31))
			c.victim.warp(850, 150)
			return c.typed(wire.GenericEvent)
		}},
		{name: "keys of a device by XInput 1", off: []string{"SelectExtensionEvent"}, try: func(c *scene) bool {
			xi, first := c.victim.extension("XInputExtension")
			c.attacker.ask(req(xi, 3, xtestKeyboard))
			c.attacker.send(req(xi, 6, c.own, 1, xtestKeyboard<<8|uint32(first)+1)) // DeviceKeyPress
			c.attacker.sync()
			c.victim.warp(850, 150)
			return c.typed(first + 1)
		}},
		{name: "keys of a device by a passive grab of XInput 1", off: []string{"GrabDeviceKey"}, try: func(c *scene) bool {
			xi, first := c.victim.extension("XInputExtension")
			c.attacker.ask(req(xi, 3, xtestKeyboard))
			// One class of events, any modifiers, no modifier device, asynchronous, any key.
			c.attacker.send(req(xi, 15, c.own, 1|1<<15<<16, 0xff|xtestKeyboard<<8|1<<24, 1, xtestKeyboard<<8|uint32(first)+1))
			c.attacker.sync()
			c.victim.warp(850, 150)
			return c.typed(first + 1)
		}},
		{name: "position of the pointer in its axes", off: []string{"XIQueryDevice"}, try: func(c *scene) bool {
			xi, _ := c.victim.extension("XInputExtension")
			xtest, _ := c.victim.extension("XTEST")
			c.attacker.ask(req(xi, 47, 2|2<<16))
			c.victim.send(req(xtest, 2, 6, 0, 0, 0, 0, xy(321, 221), 0, 0))
			c.victim.sync()
			return bytes.Contains(c.attacker.ask(req(xi, 48, 0)), []byte{65, 1, 0, 0, 0, 0, 0, 0}) // 321
		}},
		// RENDER reads a window where others lie over it, and beyond its edges.
		{name: "picture of an own window", off: renderReads, try: func(c *scene) bool {
			return c.rendered(c.own, -650, 50, func(render byte, from, to uint32, x, y int) []byte {
				return req(render, 8, 1, from, 0, to, xy(x, y), 0, 0, xy(100, 100))
			})
		}},
		{name: "picture of an own window as a mask", off: renderReads, try: func(c *scene) bool {
			r := c.attacker
			render, _ := c.victim.extension("RENDER")
			white := r.id()
			r.send(req(render, 33, white, 0xffffffff, 0xffffffff))
			return c.rendered(c.own, -650, 50, func(render byte, from, to uint32, x, y int) []byte {
				r.send(req(render, 5, from, 1<<12, 1)) // CPComponentAlpha
				return req(render, 8, 1, white, from, to, 0, xy(x, y), 0, xy(100, 100))
			})
		}},
		{name: "picture of an own window in trapezoids", off: renderReads, try: func(c *scene) bool {
			return c.rendered(c.own, -650, 50, func(render byte, from, to uint32, x, y int) []byte {
				const end = 100 << 16
				return req(render, 10, 1, from, to, 0, xy(x, y), 0, end, 0, 0, 0, end, end, 0, end, end)
			})
		}},
		{name: "picture of an own window, made by another client", off: renderReads, try: func(c *scene) bool {
			friend := c.client(c.entrance)
			defer friend.conn.Close()
			render, _ := c.victim.extension("RENDER")
			from := friend.id()
			friend.send(req(render, 4, from, c.own, c.format(render), 0))
			friend.sync()
			return c.rendered(c.own, -650, 50, func(render byte, _, to uint32, x, y int) []byte {
				return req(render, 8, 1, from, 0, to, xy(x, y), 0, 0, xy(100, 100))
			})
		}},
		{name: "picture of a window of another client of the jail", off: renderReads, try: func(c *scene) bool {
			friend := c.client(c.entrance)
			defer friend.conn.Close()
			return c.rendered(friend.window(800, 100, 10, 10, 1<<1, 0), -650, 50, func(render byte, from, to uint32, x, y int) []byte {
				return req(render, 8, 1, from, 0, to, xy(x, y), 0, 0, xy(100, 100))
			})
		}},
	}
}

// xtestKeyboard is the device from which the keys of XTEST come.
const xtestKeyboard = 5

// TestLate lets the user go on to another window while the server has not done yet, or the
// client has not read yet, what was right before.
func TestLate(t *testing.T) {
	s := startServer(t)
	for name, try := range map[string]func(c *scene, away bool) bool{
		"grab behind SyncAwait": (*scene).lateGrab,
		"keys read late":        (*scene).lateKeys,
	} {
		for _, away := range []bool{true, false} {
			f := s.filter(Options{})
			late := attack{try: func(c *scene) bool { return try(c, away) }}
			if away && !s.attempt(late, "") {
				t.Errorf("%s: without a filter it does not work either", name)
			}
			if got := s.attempt(late, f.socket); got == away {
				t.Errorf("%s, the user has gone on: %v: it works: %v", name, away, got)
			}
			f.stop()
		}
	}
}

// TestGrabEnds lets a client of the jail grab the keyboard while it has the focus. It keeps the
// grab until the user goes to another window, by clicking or by the window manager.
func TestGrabEnds(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{})
	for name, grab := range map[string]func(c *scene, xi byte) []byte{
		"core":     func(c *scene, _ byte) []byte { return req(31, 0, c.own, 0, 1|1<<8) },
		"XInput 2": func(c *scene, xi byte) []byte { return req(xi, 51, c.own, 0, 0, 3|1<<16|1<<24, 1|1<<16, 1<<2) },
	} {
		c := s.victim()
		c.attacker = s.client(f.socket)
		c.own = c.attacker.window(800, 100, 200, 200, 1<<1, 0)
		xi, _ := c.victim.extension("XInputExtension")
		c.attacker.ask(req(xi, 47, 2|2<<16))
		c.focus(c.own)
		kind, status := byte(wire.KeyPress), 1
		if name != "core" {
			kind, status = wire.GenericEvent, 8
		}
		if m := c.attacker.ask(grab(c, xi)); m == nil || m[0] != wire.Reply || m[status] != 0 {
			t.Fatalf("%s: no grab: %x", name, m)
		}
		time.Sleep(4 * grabTime)
		if !c.typed(kind) {
			t.Errorf("%s: the jail has the focus, and the grab has ended", name)
		}
		c.focus(c.window)
		time.Sleep(6 * grabTime)
		c.victim.take(0)
		if c.typed(kind) || len(c.victim.take(wire.KeyPress)) == 0 {
			t.Errorf("%s: the jail gets what is typed into another window", name)
		}
		if !c.attacker.sync() {
			t.Errorf("%s: the client has ended", name)
		}
		c.attacker.conn.Close()
		c.victim.conn.Close()
		s.settle()
	}
}

// TestGrabBehindAwait: the request that ends a grab may be one that the server does not get to.
func TestGrabBehindAwait(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{})
	c := s.victim()
	c.attacker = s.client(f.socket)
	c.own = c.attacker.window(800, 100, 200, 200, 1<<1, 0)
	sync, _ := c.victim.extension("SYNC")
	c.attacker.ask(req(sync, 0, 3))
	counter := c.attacker.id()
	c.attacker.send(req(sync, 2, counter, 0, 0))
	c.focus(c.own)
	if m := c.attacker.ask(req(31, 0, c.own, 0, 1|1<<8)); m == nil || m[1] != 0 {
		t.Fatalf("no grab: %x", m)
	}
	c.attacker.send(req(sync, 7, counter, 0, 0, 1, 2, 0, 0)) // for ever
	c.focus(c.window)
	c.victim.take(0)
	for end := time.Now().Add(stallTime + answerTime); time.Now().Before(end); time.Sleep(grabTime) {
		c.victim.key(keyA)
		if len(c.victim.take(wire.KeyPress)) > 0 {
			return
		}
	}
	t.Error("the jail keeps the keyboard")
}

// focus is the user, who goes to a window.
func (c *scene) focus(window uint32) {
	c.victim.send(req(42, 0, window, 0))
	c.victim.sync()
}

func (c *scene) lateGrab(away bool) bool {
	r, friend := c.attacker, c.client(c.entrance)
	defer friend.conn.Close()
	sync, _ := c.victim.extension("SYNC")
	for _, x := range []*raw{r, friend} {
		x.ask(req(sync, 0, 3))
	}
	counter := r.id()
	r.send(req(sync, 2, counter, 0, 0))
	c.focus(c.own)
	r.send(req(sync, 7, counter, 0, 0, 1, 2, 0, 0)) // until it is 1
	grab := r.send(req(31, 0, c.own, 0, 1|1<<8))
	time.Sleep(300 * time.Millisecond)
	if away {
		c.focus(c.window)
	}
	friend.send(req(sync, 3, counter, 0, 1))
	m := r.answer(grab, answerTime)
	defer r.ask(req(32, 0))
	return m != nil && m[0] == wire.Reply && m[1] == 0
}

// lateKeys asks what is pressed behind so much that the answer waits until it is read.
func (c *scene) lateKeys(away bool) bool {
	r := c.attacker
	if !away {
		c.focus(c.own)
	}
	large := r.id()
	r.send(req(53, 24, large, c.own, xy(2000, 1500)))
	r.sync()
	r.hold.Lock()
	for range 2 {
		r.send(req(73, 2, large, 0, xy(2000, 1500), 0xffffffff))
	}
	time.Sleep(100 * time.Millisecond)
	c.victim.key(keyA, true)
	asked := r.send(req(44, 0))
	if away {
		time.Sleep(freshFor + 100*time.Millisecond)
		c.focus(c.own)
	}
	r.hold.Unlock()
	m := r.answer(asked, answerTime)
	c.victim.key(keyA, false)
	return m != nil && m[8+keyA/8]&(1<<(keyA%8)) != 0
}

// renderReads are the rows of RENDER by which something is read.
var renderReads = []string{"RenderComposite", "RenderTrapezoids"}

// rendered tells whether the victim is seen in a pixmap into which a picture of a window of the
// jail is drawn, from x, y of the window on.
func (c *scene) rendered(window uint32, x, y int, draw func(render byte, from, to uint32, x, y int) []byte) bool {
	r := c.attacker
	render, _ := c.victim.extension("RENDER")
	format := c.format(render)
	from, to, pixmap := r.id(), r.id(), r.id()
	r.send(req(53, 24, pixmap, window, xy(100, 100)))
	r.send(req(render, 4, from, window, format, 0))
	r.send(req(render, 4, to, pixmap, format, 0))
	r.send(draw(render, from, to, x, y))
	return seen(r.image(pixmap, 100, 100))
}

// TestPicturesOfPixmaps is what attacks with pictures of windows are not: the same with a
// pixmap works, also if its id, and that of the picture, were those of a window before.
func TestPicturesOfPixmaps(t *testing.T) {
	s := startServer(t)
	c := s.victim()
	render, _ := c.victim.extension("RENDER")
	format := c.format(render)
	f := s.filter(Options{})
	r := s.client(f.socket)
	for _, again := range []bool{false, true} {
		pixmap, gc, picture, window := r.id(), r.id(), r.id(), r.window(700, 700, 100, 100, 1<<1, 0)
		if again {
			r.send(req(4, 0, window))
			r.send(req(1, 0, pixmap, r.root, 0, xy(100, 100), 0, 0, 1<<1, 0))
			r.send(req(render, 4, picture, pixmap, format, 0))
			r.send(req(render, 7, picture))
			r.send(req(4, 0, pixmap))
			window = r.window(700, 700, 100, 100, 1<<1, 0)
		}
		to := r.id()
		r.send(req(53, 24, pixmap, window, xy(100, 100)))
		r.send(req(55, 0, gc, pixmap, 1<<2, colour))
		r.send(req(70, 0, pixmap, gc, 0, xy(100, 100)))
		r.send(req(render, 4, picture, pixmap, format, 0))
		r.send(req(render, 4, to, window, format, 0))
		r.send(req(render, 8, 1, picture, 0, to, 0, 0, 0, xy(100, 100)))
		if !seen(r.image(window, 100, 100)) {
			t.Errorf("again: %v: the picture of a pixmap is not drawn: %x", again, r.take(wire.Error))
		}
	}
	if n := f.Report(); len(n) > 0 {
		t.Errorf("denied: %v", n)
	}
}
