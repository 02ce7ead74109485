package filter

import (
	"time"

	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

func attacksOnInput() []attack {
	return []attack{
		{name: "keys of a window", off: []string{"ChangeWindowAttributes"}, try: func(c *scene) bool {
			c.attacker.send(req(2, 0, c.window, 1<<11, 1))
			return c.typed(wire.KeyPress)
		}},
		{name: "all keys by XI2", off: []string{"XISelectEvents"}, try: func(c *scene) bool {
			xi, _ := c.victim.extension("XInputExtension")
			c.attacker.ask(req(xi, 47, 2|2<<16))
			// XIAllDevices, RawKeyPress
			c.attacker.send(req(xi, 46, c.attacker.root, 1, 1<<16, 1<<13))
			return c.typed(wire.GenericEvent)
		}},
		{name: "keys of a window by XI2", off: []string{"XISelectEvents"}, try: func(c *scene) bool {
			xi, _ := c.victim.extension("XInputExtension")
			c.attacker.ask(req(xi, 47, 2|2<<16))
			c.attacker.send(req(xi, 46, c.window, 1, 1|1<<16, 1<<2)) // XIAllMasterDevices, KeyPress
			return c.typed(wire.GenericEvent)
		}},
		{name: "state of the keyboard", off: []string{"QueryKeymap"}, try: func(c *scene) bool {
			c.victim.key(keyA, true)
			m := c.attacker.ask(req(44, 0))
			return m != nil && m[8+keyA/8]&(1<<(keyA%8)) != 0
		}},
		{name: "state of the modifiers", off: []string{"XkbGetState"}, try: func(c *scene) bool {
			const shift = 50
			xkb, _ := c.victim.extension("XKEYBOARD")
			c.attacker.ask(req(xkb, 0, 1))
			c.victim.key(shift, true)
			defer c.victim.key(shift, false)
			m := c.attacker.ask(req(xkb, 4, 0x100)) // XkbUseCoreKbd
			return m != nil && m[0] == wire.Reply && m[8]&1 != 0
		}},
		{name: "grab of the keyboard", off: []string{"GrabKeyboard"}, try: func(c *scene) bool {
			c.attacker.ask(req(31, 0, c.own, 0, 1|1<<8))
			c.attacker.events = nil
			c.victim.key(keyA)
			mine := len(c.attacker.take(wire.KeyPress)) > 0
			return mine && len(c.victim.take(wire.KeyPress)) == 0
		}},
		{name: "grab of the keyboard by XI2", off: []string{"XIGrabDevice"}, try: func(c *scene) bool {
			xi, _ := c.victim.extension("XInputExtension")
			c.attacker.ask(req(xi, 47, 2|2<<16))
			m := c.attacker.ask(req(xi, 51, c.own, 0, 0, 3|1<<16|1<<24, 1|1<<16, 1<<2)) // device 3: the core keyboard
			return m != nil && m[0] == wire.Reply && m[8] == 0 && c.typed(wire.GenericEvent)
		}},
		{name: "grab of the pointer", off: []string{"GrabPointer"}, try: func(c *scene) bool {
			m := c.attacker.ask(req(26, 0, c.own, 4|1<<16|1<<24, 0, 0, 0))
			return m != nil && m[0] == wire.Reply && m[1] == 0
		}},
		{name: "grab of a key everywhere", off: []string{"GrabKey"}, try: func(c *scene) bool {
			c.attacker.send(req(33, 0, c.attacker.root, 1<<15|keyA<<16, 1|1<<8))
			return c.typed(wire.KeyPress)
		}},
		{name: "grab of the server", off: []string{"GrabServer"}, try: func(c *scene) bool {
			c.attacker.send(req(36, 0))
			c.attacker.sync()
			m := c.victim.answer(c.victim.send(req(43, 0)), 300*time.Millisecond)
			c.attacker.send(req(37, 0))
			c.attacker.conn.Close()
			return m == nil
		}},
		{name: "position of the pointer", off: []string{"QueryPointer"}, try: func(c *scene) bool {
			m := c.attacker.ask(req(38, 0, c.attacker.root))
			return m != nil && m[0] == wire.Reply && wire.U32(m[16:]) == xy(300, 200)
		}},
		{name: "position of the pointer in an own window", off: []string{"QueryPointer"}, try: func(c *scene) bool {
			m := c.attacker.ask(req(38, 0, c.own))
			return m != nil && m[0] == wire.Reply && wire.U32(m[20:]) == xy(300-800, 200-100)
		}},
		{name: "position of the pointer by XI2", off: []string{"XIQueryPointer"}, try: func(c *scene) bool {
			xi, _ := c.victim.extension("XInputExtension")
			c.attacker.ask(req(xi, 47, 2|2<<16))
			m := c.attacker.ask(req(xi, 40, c.attacker.root, 2))
			return m != nil && m[0] == wire.Reply && wire.U32(m[16:]) == 300<<16
		}},
		{name: "history of the pointer", off: []string{"GetMotionEvents"}, try: func(c *scene) bool {
			r := c.attacker
			id := r.id()
			r.send(req(1, 0, id, r.root, 0, xy(1280, 1024), 2<<16, 0, 0)) // unmapped
			c.victim.warp(310, 210)
			xtest, _ := c.victim.extension("XTEST")
			c.victim.send(req(xtest, 2, 6, 0, 0, 0, 0, xy(320, 220), 0, 0))
			c.victim.sync()
			m := r.ask(req(39, 0, id, 2, 0))
			return m != nil && m[0] == wire.Reply && wire.U32(m[8:]) > 0
		}},
		{name: "window at the pointer", off: []string{"TranslateCoordinates"}, try: func(c *scene) bool {
			m := c.attacker.ask(req(40, 0, c.attacker.root, c.attacker.root, xy(300, 200)))
			return m != nil && m[0] == wire.Reply && wire.U32(m[8:]) == c.window
		}},
		{name: "window with the focus", off: []string{"GetInputFocus"}, try: func(c *scene) bool {
			m := c.attacker.ask(req(43, 0))
			return m != nil && wire.U32(m[8:]) == c.window
		}},
		{name: "pointer moved", off: []string{"WarpPointer"}, try: func(c *scene) bool {
			c.attacker.send(req(41, 0, 0, c.own, 0, 0, xy(5, 5)))
			c.attacker.sync()
			return wire.U32(c.victim.ask(req(38, 0, c.victim.root))[16:]) != xy(300, 200)
		}},
		{name: "focus taken", off: []string{"SetInputFocus"}, try: func(c *scene) bool {
			c.attacker.send(req(42, 0, c.own, 0))
			c.attacker.sync()
			return wire.U32(c.victim.ask(req(43, 0))[8:]) != c.window
		}},
		{name: "key sent to a window", off: []string{"SendEvent"}, try: func(c *scene) bool {
			c.attacker.send(sentKey(c, c.window))
			return c.hurt(wire.KeyPress)
		}},
		{name: "key sent to the focus", off: []string{"SendEvent"}, try: func(c *scene) bool {
			c.attacker.send(sentKey(c, 1))
			return c.hurt(wire.KeyPress)
		}},
		{name: "key made by XTEST", change: show("XTEST", rules.Request{Name: "GetVersion", Size: 8, Reply: true, Denied: rules.BadAccess}, rules.Request{}, rules.Request{Name: "FakeInput", Size: 36}), try: func(c *scene) bool {
			xtest, _ := c.victim.extension("XTEST")
			for _, kind := range []uint32{2, 3} {
				c.attacker.send(req(xtest, 2, kind|keyA<<8, 0, 0, 0, 0, 0, 0, 0))
			}
			return c.hurt(wire.KeyPress)
		}},
		{name: "RECORD", change: show("RECORD", rules.Request{Name: "RecordQueryVersion", Size: 8, Reply: true, Denied: rules.BadAccess}), try: func(c *scene) bool {
			record, _ := c.victim.extension("RECORD")
			m := c.attacker.ask(req(record, 0, 1|13<<16))
			return m != nil && m[0] == wire.Reply
		}},
	}
}

// sentKey is a request SendEvent of a key press.
func sentKey(c *scene, to uint32) []byte {
	return req(25, 0, to, 1, 2|keyA<<8, 0, c.attacker.root, c.window, 0, 0, 0, 1<<8)
}
