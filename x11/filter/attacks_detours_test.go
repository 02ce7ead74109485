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
	}
}
