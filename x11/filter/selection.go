package filter

import (
	"sync"
	"sync/atomic"

	"github.com/jail-project/jail/x11/wire"
)

const selectionCount = 4

// selection is one of those by which programs exchange data. A jail has a private selection
// beside each public one: its programs own and ask for that one instead, as long as the policy
// does not let them use the public one. They see only the name of the public one.
type selection struct {
	public, private uint32
	crossing        Crossing
	what            string
	// hostOwner is who owned the public selection when the jail last took the private one; 1
	// if it has not. Whoever took the public one since then has something newer.
	hostOwner atomic.Uint32
	held      atomic.Bool // the jail took the private one

	mu       sync.Mutex
	answered [2]struct { // in and out: what the user answered last, and when
		yes bool
		at  int64
	}
}

// find returns the selection of that public or private name, or nil.
func (d *display) find(name uint32) *selection {
	for i := range d.selections {
		if s := &d.selections[i]; s.public == name || s.private == name {
			return s
		}
	}
	return nil
}

// allows decides by a mode.
func (d *display) allows(s *selection, out bool) bool {
	mode := s.crossing.In
	if out {
		mode = s.crossing.Out
	}
	switch mode {
	case Allow:
		return true
	case OnKey:
		return d.since(&d.input.key)
	case Ask:
		return d.asks(s, out)
	case Deny:
	}
	return false
}

// asks puts a question to the user. An answer counts for a moment, since a paste is several requests.
func (d *display) asks(s *selection, out bool) bool {
	if d.f.o.Ask == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &s.answered[0]
	if out {
		a = &s.answered[1]
	}
	if now := d.now(); a.at == 0 || now-a.at > int64(recent) {
		a.yes = d.f.o.Ask(Question{Jail: d.f.o.Name, What: s.what, Out: out})
		a.at = d.now()
	}
	return a.yes
}

// toSet returns the name of the selection that a client owns when it asks for s.
func (d *display) toSet(s *selection, owner uint32) uint32 {
	if owner != 0 && d.allows(s, true) {
		s.held.Store(false)
		return s.public
	}
	if owner == 0 && !s.held.Load() && d.isOwn(d.ask.selectionOwner(s.public)) {
		return s.public
	}
	if s.crossing.In != Deny {
		s.hostOwner.Store(d.ask.selectionOwner(s.public))
	}
	s.held.Store(owner != 0)
	return s.private
}

// toAsk returns the name of the selection of which a client asks who owns it: the public one
// if its data may come in, at least sometimes, and is newer than the jail's own.
func (d *display) toAsk(s *selection) uint32 {
	switch {
	case s.held.Load() && (s.crossing.In == Deny || d.ask.selectionOwner(s.public) == s.hostOwner.Load()):
		return s.private
	case s.crossing.In == Deny && (s.crossing.Out == Deny || !d.isOwn(d.ask.selectionOwner(s.public))):
		return s.private
	}
	return s.public
}

// toConvert returns the name of the selection that a client gets when it asks for s.
func (d *display) toConvert(s *selection) uint32 {
	name := d.toAsk(s)
	if name == s.private || d.isOwn(d.ask.selectionOwner(s.public)) || d.allows(s, false) {
		return name
	}
	d.f.denied("ConvertSelection " + s.what)
	return s.private
}

// grant lets the jail write one property of one window of another program, which has asked
// the jail for a selection and waits for it.
type grant struct {
	window, property uint32
	made, used       int64 // by display.now
}

// grants are few: old ones make room for new ones.
type grants struct {
	mu  sync.Mutex
	all [32]grant
}

// A grant ends some time after it was used last, and in any case after some more.
const (
	grantIdle = int64(10e9)
	grantMost = int64(300e9)
)

func (g *grant) valid(now int64) bool {
	return g.window != 0 && now-g.used < grantIdle && now-g.made < grantMost
}

func (g *grants) add(window, property uint32, now int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	oldest := &g.all[0]
	for i := range g.all {
		if g.all[i].window == window && g.all[i].property == property {
			oldest = &g.all[i]
			break
		}
		if g.all[i].used < oldest.used {
			oldest = &g.all[i]
		}
	}
	*oldest = grant{window: window, property: property, made: now, used: now}
}

func (g *grants) has(window uint32, now int64) bool { return g.find(window, 0, now) }

// find tells whether a window, and unless it is 0 a property of it, is granted.
func (g *grants) find(window, property uint32, now int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.all {
		if e := &g.all[i]; e.window == window && (property == 0 || e.property == property) && e.valid(now) {
			e.used = now
			return true
		}
	}
	return false
}

// requested decides about an event SelectionRequest that the server sends to a client of the
// jail: whether the client sees it. It gets the public name of the selection.
func (d *display) requested(b []byte) bool {
	s := d.find(wire.U32(b[16:]))
	if s == nil {
		return false
	}
	asked, name := wire.U32(b[12:]), wire.U32(b[16:])
	if !d.isOwn(asked) {
		property := wire.U32(b[24:])
		if property == 0 { // obsolete clients, ICCCM 2.2
			property = wire.U32(b[20:])
		}
		// What is to be copied into several properties would need a grant for each.
		if name != s.public || s.crossing.Out == Deny || d.atoms[multiple] == wire.U32(b[20:]) {
			d.ask.refuseSelection(b, name)
			d.f.denied("SelectionRequest " + s.what)
			return false
		}
		d.grants.add(asked, property, d.now())
	}
	wire.PutU32(b[16:], s.public)
	return true
}
