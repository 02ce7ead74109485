package filter

import (
	"slices"
	"testing"
	"time"

	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

// scene is a host with a program of the user, the victim, that has the focus, and an attacker.
type scene struct {
	*server
	victim   *raw
	window   uint32 // the victim's, 400x300 at 100,100
	pixmap   uint32 // the victim's, 100x100
	attacker *raw
	entrance string // the socket by which the attacker came
	own      uint32 // the attacker's window, at 800,100
}

const (
	secret = "the secret title"
	keyA   = 38 // the keycode of A, which is what is typed
)

func (s *server) victim() *scene {
	s.t.Helper()
	v := s.client(s.socket)
	c := &scene{server: s, victim: v}
	// KeyPress, KeyRelease, ButtonPress, ExposureMask and StructureNotify.
	c.window = v.window(100, 100, 400, 300, 1<<1|1<<11, colour, 0xf|1<<15|1<<17)
	v.setProperty(c.window, wire.AtomWMName, wire.AtomString, secret)
	c.pixmap = v.id()
	gc := v.id()
	v.send(req(53, 24, c.pixmap, c.window, xy(100, 100)))
	v.send(req(55, 0, gc, c.pixmap, 1<<2, colour))
	v.send(req(70, 0, c.pixmap, gc, 0, xy(100, 100)))
	list := make([]byte, 4)
	wire.PutU32(list, c.window)
	v.setProperty(v.root, v.atom("_NET_CLIENT_LIST"), wire.AtomWindow, string(list))
	v.send(req(22, 0, c.window, v.atom("CLIPBOARD"), 0))
	v.warp(300, 200)
	v.send(req(42, 0, c.window, 0))
	v.sync()
	return c
}

// attack is something that a jail tries. try returns whether it worked.
type attack struct {
	name string
	// off names the rows without whose rule it works through the filter as well. If there are
	// none, change does that; if there is neither, the attack cannot work with one rule less.
	off    []string
	change func(*Filter)
	try    func(c *scene) bool
}

// open makes a filter pass some requests on as they are.
func open(names ...string) func(*Filter) {
	return func(f *Filter) {
		f.testOnlyRow = func(r rules.Request) rules.Request {
			if slices.Contains(names, r.Name) {
				r.IDs, r.Do = nil, rules.Nothing
			}
			return r
		}
	}
}

// show makes a filter show one more extension.
func show(name string, requests ...rules.Request) func(*Filter) {
	return func(f *Filter) {
		f.extensions = append(slices.Clone(f.extensions), rules.NewExtension(name, requests))
	}
}

// typed lets the user type into the victim, and tells whether the attacker learnt of it: kind
// is the event by which it would.
func (c *scene) typed(kind byte) bool {
	c.attacker.sync()
	c.attacker.events = nil
	c.victim.key(keyA)
	return len(c.attacker.take(kind)) > 0
}

// hurt tells whether the victim got an event.
func (c *scene) hurt(kind byte) bool {
	c.attacker.sync()
	return len(c.victim.take(kind)) > 0
}

func (c *scene) nameOf(window uint32) string { return c.victim.property(window, wire.AtomWMName) }

func TestAttacks(t *testing.T) {
	s := startServer(t)
	for _, a := range slices.Concat(attacksOnScreens(), attacksOnInput(), attacksOnOthers(), attacksByDetours()) {
		t.Run(a.name, func(t *testing.T) {
			s.t = t
			if !s.attempt(a, "") {
				t.Errorf("without a filter it does not work either")
			}
			f := s.filter(Options{Name: "j"})
			if s.attempt(a, f.socket) {
				t.Errorf("it works through the filter")
			}
			f.stop()
			if a.change == nil {
				a.change = open(a.off...)
			}
			f = s.filter(Options{Name: "j"}, a.change)
			if !s.attempt(a, f.socket) {
				t.Errorf("it does not work without the rule either")
			}
			f.stop()
		})
	}
}

// attempt tries an attack in a new scene.
func (s *server) attempt(a attack, socket string) bool {
	if socket == "" {
		socket = s.socket
	}
	c := s.victim()
	c.entrance = socket
	c.attacker = s.client(socket)
	c.own = c.attacker.window(800, 100, 200, 200, 1<<1, 0)
	c.victim.take(0)
	defer func() {
		c.attacker.conn.Close()
		c.victim.conn.Close()
		s.settle()
	}()
	return a.try(c)
}

// settle waits until no window is left, and makes the keyboard as it was.
func (s *server) settle() {
	r := s.client(s.socket)
	defer r.conn.Close()
	for end := time.Now().Add(answerTime); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if m := r.ask(req(15, 0, r.root)); m != nil && wire.U16(m[16:]) == 0 {
			break
		}
	}
	r.key(keyA, false)
}

func attacksOnScreens() []attack {
	return []attack{
		{name: "picture of the screen", off: []string{"GetImage"}, try: func(c *scene) bool {
			return seen(c.attacker.image(c.attacker.root, 600, 500))
		}},
		{name: "picture of a window", off: []string{"GetImage"}, try: func(c *scene) bool {
			return seen(c.attacker.image(c.window, 100, 100))
		}},
		{name: "picture of a pixmap", off: []string{"GetImage"}, try: func(c *scene) bool {
			return seen(c.attacker.image(c.pixmap, 100, 100))
		}},
		{name: "window without background", off: []string{"CreateWindow"}, try: func(c *scene) bool {
			return seen(c.attacker.image(c.attacker.window(150, 150, 100, 100, 0), 100, 100))
		}},
		{name: "window with the background None", off: []string{"CreateWindow"}, try: func(c *scene) bool {
			return seen(c.attacker.image(c.attacker.window(150, 150, 100, 100, 1, 0), 100, 100))
		}},
		{name: "background taken away", off: []string{"ChangeWindowAttributes"}, try: func(c *scene) bool {
			r := c.attacker
			id := r.id()
			r.send(req(1, 0, id, r.root, xy(150, 150), xy(100, 100), 0, 0, 1<<1|1<<9, 0, 1))
			r.send(req(2, 0, id, 1, 0))
			r.send(req(8, 0, id))
			return seen(r.image(id, 100, 100))
		}},
		{name: "copy of the screen", off: []string{"CopyArea"}, try: func(c *scene) bool {
			r := c.attacker
			gc := r.id()
			r.send(req(55, 0, gc, c.own, 1<<15, 1)) // IncludeInferiors
			r.send(req(62, 0, r.root, c.own, gc, xy(150, 150), 0, xy(100, 100)))
			return seen(r.image(c.own, 100, 100))
		}},
		{name: "copy of a pixmap", off: []string{"CopyArea"}, try: func(c *scene) bool {
			r := c.attacker
			gc := r.id()
			r.send(req(55, 0, gc, c.own, 0))
			r.send(req(62, 0, c.pixmap, c.own, gc, 0, 0, xy(100, 100)))
			return seen(r.image(c.own, 100, 100))
		}},
		{name: "pixmap as a tile", off: []string{"CreateGC"}, try: func(c *scene) bool {
			r := c.attacker
			gc := r.id()
			r.send(req(55, 0, gc, c.own, 1<<8|1<<10, 1, c.pixmap)) // FillTiled
			r.send(req(70, 0, c.own, gc, 0, xy(100, 100)))
			return seen(r.image(c.own, 100, 100))
		}},
		{name: "pixmap as a background", off: []string{"CreateWindow"}, try: func(c *scene) bool {
			return seen(c.attacker.image(c.attacker.window(600, 500, 100, 100, 1, c.pixmap), 100, 100))
		}},
		{name: "picture by RENDER", off: []string{"RenderCreatePicture"}, try: func(c *scene) bool {
			r := c.attacker
			render, _ := c.victim.extension("RENDER")
			format := c.format(render)
			from, to := r.id(), r.id()
			r.send(req(render, 4, from, r.root, format, 1<<8, 1)) // CPSubwindowMode
			r.send(req(render, 4, to, c.own, format, 0))
			r.send(req(render, 8, 1, from, 0, to, xy(150, 150), 0, 0, xy(100, 100)))
			return seen(r.image(c.own, 100, 100))
		}},
		{name: "pixmap of a window by Composite", off: []string{"CompositeRedirectWindow", "CompositeNameWindowPixmap"}, try: func(c *scene) bool {
			r := c.attacker
			composite, _ := c.victim.extension("Composite")
			id := r.id()
			r.send(req(composite, 1, c.window, 0))
			r.send(req(composite, 6, c.window, id))
			return seen(r.image(id, 100, 100))
		}},
		{name: "overlay window", off: []string{"CompositeGetOverlayWindow"}, try: func(c *scene) bool {
			composite, _ := c.victim.extension("Composite")
			m := c.attacker.ask(req(composite, 7, c.attacker.root))
			return m != nil && m[0] == wire.Reply
		}},
		{name: "damage of the screen", off: []string{"DamageCreate"}, try: func(c *scene) bool {
			damage, first := c.victim.extension("DAMAGE")
			c.attacker.ask(req(damage, 0, 1, 1))
			c.attacker.send(req(damage, 1, c.attacker.id(), c.attacker.root, 0))
			c.attacker.sync()
			c.victim.send(req(61, 0, c.window, 0, xy(10, 10)))
			c.victim.sync()
			return len(c.attacker.take(first)) > 0
		}},
		{name: "cursor", off: []string{"XFixesGetCursorImage"}, try: func(c *scene) bool {
			xfixes, _ := c.victim.extension("XFIXES")
			c.attacker.ask(req(xfixes, 0, 5, 0))
			m := c.attacker.ask(req(xfixes, 4))
			return m != nil && m[0] == wire.Reply
		}},
	}
}

// format is the picture format of the windows of the screen.
func (c *scene) format(render byte) uint32 {
	m := c.victim.ask(req(render, 1))
	for i := range int(wire.U32(m[8:])) { // id, type, depth, ..., red shift at 8, ..., alpha mask at 22
		f := m[32+28*i:]
		if f[5] == 24 && wire.U16(f[8:]) == 16 && wire.U16(f[22-2:]) == 0 {
			return wire.U32(f)
		}
	}
	return 0
}
