package filter

import (
	"strings"
	"time"

	"github.com/jail-project/jail/x11/wire"
)

func attacksOnOthers() []attack {
	return []attack{
		{name: "title read", off: []string{"GetProperty"}, try: func(c *scene) bool {
			return c.attacker.property(c.window, wire.AtomWMName) == secret
		}},
		{name: "properties listed", off: []string{"ListProperties"}, try: func(c *scene) bool {
			m := c.attacker.ask(req(21, 0, c.window))
			return m != nil && m[0] == wire.Reply && wire.U16(m[8:]) > 0
		}},
		{name: "list of windows", off: []string{"GetProperty"}, try: func(c *scene) bool {
			return c.attacker.property(c.attacker.root, c.victim.atom("_NET_CLIENT_LIST")) != ""
		}},
		{name: "changes of the list of windows", try: func(c *scene) bool {
			list := c.victim.atom("_NET_CLIENT_LIST")
			c.attacker.send(req(2, 0, c.attacker.root, 1<<11, wire.PropertyChangeBit))
			c.attacker.sync()
			c.victim.setProperty(c.victim.root, list, wire.AtomWindow, "four")
			for _, m := range c.attacker.take(wire.PropertyNotify) {
				if wire.U32(m[8:]) == list {
					return true
				}
			}
			return false
		}, change: func(f *Filter) { f.testOnlyEvents = true }},
		{name: "tree of windows", off: []string{"QueryTree"}, try: func(c *scene) bool {
			m := c.attacker.ask(req(15, 0, c.attacker.root))
			for at := 32; m != nil && at+4 <= len(m); at += 4 {
				if wire.U32(m[at:]) == c.window {
					return true
				}
			}
			return false
		}},
		{name: "geometry", off: []string{"GetGeometry"}, try: func(c *scene) bool {
			m := c.attacker.ask(req(14, 0, c.window))
			return m != nil && m[0] == wire.Reply
		}},
		{name: "attributes", off: []string{"GetWindowAttributes"}, try: func(c *scene) bool {
			m := c.attacker.ask(req(3, 0, c.window))
			return m != nil && m[0] == wire.Reply
		}},
		{name: "new windows announced", off: []string{"ChangeWindowAttributes"}, try: func(c *scene) bool {
			c.attacker.send(req(2, 0, c.attacker.root, 1<<11, 1<<19)) // SubstructureNotify
			c.attacker.sync()
			c.victim.window(10, 10, 10, 10, 0)
			return len(c.attacker.take(16)) > 0 // CreateNotify
		}},
		{name: "title changed", off: []string{"ChangeProperty"}, try: func(c *scene) bool {
			c.attacker.setProperty(c.window, wire.AtomWMName, wire.AtomString, "PWND")
			return c.nameOf(c.window) != secret
		}},
		{name: "title deleted", off: []string{"DeleteProperty"}, try: func(c *scene) bool {
			c.attacker.send(req(19, 0, c.window, wire.AtomWMName))
			c.attacker.sync()
			return c.nameOf(c.window) != secret
		}},
		{name: "window moved", off: []string{"ConfigureWindow"}, try: func(c *scene) bool {
			c.attacker.send(req(12, 0, c.window, 1, 0))
			c.attacker.sync()
			return wire.U16(c.victim.ask(req(14, 0, c.window))[12:]) != 100
		}},
		{name: "window unmapped", off: []string{"UnmapWindow"}, try: func(c *scene) bool {
			c.attacker.send(req(10, 0, c.window))
			return c.hurt(wire.UnmapNotify)
		}},
		{name: "window destroyed", off: []string{"DestroyWindow"}, try: func(c *scene) bool {
			c.attacker.send(req(4, 0, c.window))
			return c.hurt(17)
		}},
		{name: "window taken", off: []string{"ReparentWindow"}, try: func(c *scene) bool {
			c.attacker.send(req(7, 0, c.window, c.own, 0))
			return c.hurt(wire.ReparentNotify)
		}},
		{name: "window in a foreign one", off: []string{"CreateWindow"}, try: func(c *scene) bool {
			id := c.attacker.id()
			c.attacker.send(req(1, 0, id, c.window, 0, xy(9, 9), 0, 0, 0))
			c.attacker.sync()
			return wire.U16(c.victim.ask(req(15, 0, c.window))[16:]) > 0
		}},
		{name: "drawing into a window", off: []string{"PolyFillRectangle"}, try: func(c *scene) bool {
			gc := c.attacker.id()
			c.attacker.send(req(55, 0, gc, c.own, 1<<2, 0x777777))
			c.attacker.send(req(70, 0, c.window, gc, 0, xy(400, 300)))
			c.attacker.sync()
			return !seen(c.victim.image(c.window, 400, 300))
		}},
		{name: "client killed", off: []string{"KillClient"}, try: func(c *scene) bool {
			c.attacker.send(req(113, 0, c.window))
			c.attacker.sync()
			return !c.victim.sync()
		}},
		{name: "message to the window manager about another", off: []string{"SendEvent"}, try: func(c *scene) bool {
			c.victim.send(req(2, 0, c.victim.root, 1<<11, 1<<19))
			c.victim.sync()
			c.attacker.send(req(25, 0, c.attacker.root, 1<<19, 33|32<<8, c.window, c.victim.atom("_NET_CLOSE_WINDOW"), 0, 0, 0, 0, 0))
			return c.hurt(wire.ClientMessage)
		}},
		{name: "clipboard read", try: func(c *scene) bool {
			r := c.attacker
			name, property := c.victim.atom("CLIPBOARD"), r.atom("WHERE")
			go c.serveClipboard()
			r.send(req(24, 0, c.own, name, wire.AtomString, property, 0))
			m := r.await(wire.SelectionNotify)
			return m != nil && wire.U32(m[20:]) != 0 && strings.Contains(r.property(c.own, property), secret)
		}, change: func(f *Filter) { f.o.Clipboard.In = Allow }},
		{name: "clipboard replaced", try: func(c *scene) bool {
			name := c.victim.atom("CLIPBOARD")
			c.attacker.send(req(22, 0, c.own, name, 0))
			c.attacker.sync()
			return wire.U32(c.victim.ask(req(23, 0, name))[8:]) == c.own
		}, change: func(f *Filter) { f.o.Clipboard.Out = Allow }},
		{name: "answer nobody asked for", off: []string{"ChangeProperty"}, try: func(c *scene) bool {
			r := c.attacker
			// The attacker asks itself in the name of the victim.
			r.send(req(25, 0, c.own, 0, 30, 0, c.own, c.window, wire.AtomPrimary, wire.AtomString, wire.AtomWMName, 0))
			r.sync()
			r.setProperty(c.window, wire.AtomWMName, wire.AtomString, "PWND")
			return c.nameOf(c.window) != secret
		}},
		{name: "auto-repeat", off: []string{"ChangeKeyboardControl"}, try: func(c *scene) bool {
			defer c.restore(req(102, 0, 1<<7, 1))
			c.attacker.send(req(102, 0, 1<<7, 0))
			c.attacker.sync()
			return c.victim.ask(req(103, 0))[1] == 0
		}},
		{name: "hosts", off: []string{"ChangeHosts"}, try: func(c *scene) bool {
			defer c.restore(req(109, 1, 0|4<<16, 0x0100007f))
			c.attacker.send(req(109, 0, 0|4<<16, 0x0100007f))
			c.attacker.sync()
			return wire.U16(c.victim.ask(req(110, 0))[8:]) > 0
		}},
		{name: "access control", off: []string{"SetAccessControl"}, try: func(c *scene) bool {
			defer c.restore(req(111, 1))
			c.attacker.send(req(111, 0))
			c.attacker.sync()
			return c.victim.ask(req(110, 0))[1] == 0
		}},
		{name: "keys mapped anew", off: []string{"ChangeKeyboardMapping"}, try: func(c *scene) bool {
			was := wire.U32(c.victim.ask(req(101, 0, keyA|1<<8))[32:])
			defer c.restore(req(100, 1, keyA|1<<8, was))
			c.attacker.send(req(100, 1, keyA|1<<8, 0x7a))
			c.attacker.sync()
			return wire.U32(c.victim.ask(req(101, 0, keyA|1<<8))[32:]) != was
		}},
		{name: "screen saver", off: []string{"SetScreenSaver"}, try: func(c *scene) bool {
			was := c.victim.ask(req(108, 0))
			defer c.restore(req(107, 0, wire.U32(was[8:]), uint32(was[12])|uint32(was[13])<<8))
			c.attacker.send(req(107, 0, xy(77, 77), 0))
			c.attacker.sync()
			return wire.U16(c.victim.ask(req(108, 0))[8:]) == 77
		}},
		{name: "shape of a window", off: []string{"ShapeRectangles"}, try: func(c *scene) bool {
			shape, _ := c.victim.extension("SHAPE")
			c.attacker.send(req(shape, 1, 0, c.window, 0, 0, xy(1, 1)))
			c.attacker.sync()
			return c.victim.ask(req(shape, 5, c.window))[8] != 0
		}},
		{name: "segment of System V", off: []string{"ShmAttach"}, try: func(c *scene) bool {
			shm, _ := c.victim.extension("MIT-SHM")
			segment := sysvSegment(c.t)
			c.attacker.send(req(shm, 1, c.attacker.id(), segment, 0))
			return len(c.attacker.take(wire.Error)) == 0
		}},
	}
}

// restore undoes what an attack did to the display.
func (c *scene) restore(b []byte) {
	c.victim.send(b)
	c.victim.sync()
}

// serveClipboard answers one request for the clipboard with the secret.
func (c *scene) serveClipboard() {
	end := time.After(answerTime)
	for {
		select {
		case m, ok := <-c.victim.in:
			if !ok {
				return
			}
			if m[0] != wire.SelectionRequest {
				continue
			}
			window, property := wire.U32(m[12:]), wire.U32(m[24:])
			b := req(18, 0, window, property, wire.AtomString, 8, uint32(len(secret)))
			b = append(b, secret...)
			wire.PutU16(b[2:], uint16(len(b)/4))
			c.victim.send(b)
			c.victim.send(req(25, 0, window, 0, 31, 0, window, wire.U32(m[16:]), wire.U32(m[20:]), property, 0, 0))
			return
		case <-end:
			return
		}
	}
}
