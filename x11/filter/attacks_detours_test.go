package filter

import "github.com/jail-project/jail/x11/wire"

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
	}
}
