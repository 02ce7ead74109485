package filter

import (
	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

// made are the resources of a connection of which RENDER must read nothing: windows, and
// pictures of them. Only the connection itself makes resources with its base, and the server
// does so in the order of its requests. So what is noted here is true when the server gets to
// the next request, however long that takes; of what other connections made, it may not be. An
// id stays noted if its window ends with the parent. Xlib gives it to something else at the
// earliest when it has used up all others.
type made struct {
	windows, views ids
}

// ids is a set of resource ids of one base, in parts of which only those exist that are needed.
type ids map[uint32]*[64]uint64

func (s ids) has(id uint32) bool {
	part := s[id/4096]
	return part != nil && part[id/64%64]>>(id%64)&1 != 0
}

func (s *ids) set(id uint32, in bool) {
	part := (*s)[id/4096]
	switch {
	case in && part == nil:
		if *s == nil {
			*s = ids{}
		}
		part = new([64]uint64)
		(*s)[id/4096] = part
		fallthrough
	case in:
		part[id/64%64] |= 1 << (id % 64)
	case part != nil:
		part[id/64%64] &^= 1 << (id % 64)
	}
}

// note keeps made up to date.
func (c *client) note(r *request, do rules.Special) {
	id := wire.U32(r.b[4:])
	if !c.makes(id) {
		return // another connection's, or the server refuses it
	}
	switch do {
	case rules.CreateWindow:
		c.made.windows.set(id, true)
	case rules.DestroyWindow:
		c.made.windows.set(id, false)
	case rules.CreatePicture:
		if drawable := wire.U32(r.b[8:]); !c.makes(drawable) || c.made.windows.has(drawable) {
			c.made.views.set(id, true)
		}
	case rules.FreePicture:
		c.made.views.set(id, false)
	}
}

// makes tells whether an id is one that this connection chooses.
func (c *client) makes(id uint32) bool { return id&^c.d.mask == c.base }

// fits tells whether an id is what a request of this connection needs.
func (c *client) fits(id uint32, class rules.Class) bool {
	switch class {
	case rules.SourceOrNone:
		return id == 0 || c.fits(id, rules.Source)
	case rules.Source:
		return c.makes(id) && !c.made.views.has(id)
	}
	return c.d.fits(id, class)
}
