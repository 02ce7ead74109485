package filter

import (
	"testing"

	"github.com/jail-project/jail/x11/wire"
)

// TestObscuredWindow reads an own window that lies under the victim's, in all the ways in which
// the server could give out what is on the screen at that place. There is no rule to switch
// off: the server does not give it. But the protocol says that it may (GetImage), so a server
// that does is to be noticed. A jail cannot name the pixmap of a window, but here it can.
func TestObscuredWindow(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{}, open("CompositeNameWindowPixmap"))
	c := s.victim()
	r := s.client(f.socket)
	composite, _ := c.victim.extension("Composite")
	r.ask(req(composite, 0, 0, 4))
	below := func() uint32 {
		id := r.window(150, 150, 100, 100, 1<<1, 0)
		r.send(req(12, 0, id, 1<<6, 1)) // to the bottom
		r.sync()
		return id
	}
	gc := r.id()
	r.send(req(55, 0, gc, below(), 1<<15, 1)) // IncludeInferiors
	for name, read := range map[string]func(id uint32) []byte{
		"GetImage": func(id uint32) []byte { return r.image(id, 100, 100) },
		"CopyArea": func(id uint32) []byte {
			pixmap := r.id()
			r.send(req(53, 24, pixmap, id, xy(100, 100)))
			r.send(req(62, 0, id, pixmap, gc, 0, 0, xy(100, 100)))
			return r.image(pixmap, 100, 100)
		},
		"CopyArea to itself": func(id uint32) []byte {
			r.send(req(62, 0, id, id, gc, 0, xy(1, 1), xy(99, 99)))
			return r.image(id, 100, 100)
		},
		"redirected": func(id uint32) []byte {
			pixmap := r.id()
			r.send(req(composite, 1, id, 1))
			r.send(req(composite, 6, id, pixmap))
			return r.image(pixmap, 100, 100)
		},
		"redirected before it is shown": func(uint32) []byte {
			id, pixmap := r.id(), r.id()
			r.send(req(1, 0, id, r.root, xy(150, 150), xy(100, 100), 0, 0, 1<<9, 1))
			r.send(req(composite, 1, id, 1))
			r.send(req(8, 0, id))
			r.send(req(composite, 6, id, pixmap))
			return r.image(pixmap, 100, 100)
		},
		"redirected and larger": func(id uint32) []byte {
			pixmap := r.id()
			r.send(req(composite, 1, id, 1))
			r.send(req(12, 0, id, 1<<2|1<<3, 200, 200))
			r.send(req(composite, 6, id, pixmap))
			return r.image(pixmap, 200, 200)
		},
		"moved": func(id uint32) []byte {
			r.send(req(12, 0, id, 1<<0|1<<6, 800, 0))
			r.send(req(12, 0, id, 1<<0|1<<6, 150, 0))
			return r.image(id, 100, 100)
		},
		"with a bit gravity": func(id uint32) []byte {
			r.send(req(2, 0, id, 1<<4, 10)) // Static
			r.send(req(12, 0, id, 1<<0|1<<1|1<<2|1<<3|1<<6, 160, 160, 50, 50, 0))
			r.send(req(12, 0, id, 1<<0|1<<1|1<<2|1<<3, 150, 150, 100, 100))
			return r.image(id, 100, 100)
		},
		"with backing store": func(id uint32) []byte {
			r.send(req(2, 0, id, 1<<6, 2))
			return r.image(id, 100, 100)
		},
		"a new pixmap": func(id uint32) []byte {
			pixmap := r.id()
			r.send(req(53, 24, pixmap, id, xy(400, 300)))
			return r.image(pixmap, 400, 300)
		},
		"a border without a picture": func(uint32) []byte {
			id := r.id()
			r.send(req(1, 0, id, r.root, xy(150, 150), xy(10, 10), 50, 0, 1|1<<9, 0, 1))
			r.send(req(8, 0, id))
			return r.image(id, 10, 10)
		},
		"by a child that shows its parent": func(id uint32) []byte {
			child := r.id()
			r.send(req(1, 0, child, id, 0, xy(100, 100), 0, 0, 1, 1))
			r.send(req(8, 0, child))
			return r.image(child, 100, 100)
		},
	} {
		id := below()
		image := read(id)
		if image == nil && name != "GetImage" {
			t.Logf("%s: no picture; errors: %x", name, r.take(wire.Error))
		}
		if seen(image) {
			t.Errorf("%s: the victim is seen", name)
		}
		r.send(req(4, 0, id))
		r.sync()
	}
	if !seen(c.victim.image(c.window, 400, 300)) {
		t.Error("the victim is not there to be seen")
	}
}
