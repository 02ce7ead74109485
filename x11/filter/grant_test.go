package filter

import (
	"testing"

	"github.com/jail-project/jail/x11/wire"
)

// TestGrant lets a program of the host ask for what the jail has copied, and looks at what the
// jail may then do with the window that asked, and with no other: what toolkits do to answer.
func TestGrant(t *testing.T) {
	s := startServer(t)
	for _, mode := range []Mode{Allow, Deny} {
		f := s.filter(Options{Clipboard: Crossing{Out: mode}, Primary: Crossing{Out: Allow}})
		host, r := s.client(s.socket), s.client(f.socket)
		name, where, target := host.atom("CLIPBOARD"), host.atom("WHERE"), host.atom("UTF8_STRING")
		asks, other := host.window(0, 0, 20, 20, 0), host.window(30, 0, 20, 20, 0)
		own := r.window(100, 0, 20, 20, 0)
		r.send(req(22, 0, own, name, 0))
		r.sync()
		for _, window := range []uint32{asks, other} {
			if m := r.ask(req(14, 0, window)); m[0] != wire.Error {
				t.Error("the jail learns of a window before it has asked")
			}
		}
		host.send(req(24, 0, asks, name, target, where, 0))
		host.sync()
		if mode == Deny {
			if m := host.await(wire.SelectionNotify); m == nil || wire.U32(m[20:]) != 0 {
				t.Errorf("who asks hears %x", m)
			}
			f.stop()
			continue
		}
		m := r.await(wire.SelectionRequest)
		if m == nil || wire.U32(m[12:]) != asks || wire.U32(m[16:]) != name {
			t.Fatalf("the jail hears %x", m)
		}
		for _, window := range []uint32{asks, other} {
			granted := window == asks
			for _, question := range [][]byte{req(3, 0, window), req(14, 0, window), req(15, 0, window)} {
				if m := r.ask(question); (m[0] == wire.Reply) != granted {
					t.Errorf("request %d about the window is answered by %x", question[0], m)
				}
			}
			r.setProperty(window, wire.AtomWMName, wire.AtomString, "PWND")
			r.setProperty(window, where, target, "copied")
			if got := host.property(window, wire.AtomWMName); got != "" {
				t.Errorf("another property was set: %q", got)
			}
			if got := host.property(window, where); (got == "copied") != granted {
				t.Errorf("the property is %q", got)
			}
			// The events that tell when the next part may come, and no others.
			r.send(req(2, 0, window, 1<<11, wire.PropertyChangeBit|1))
			r.sync()
			host.setProperty(window, where, target, "")
			if got := len(r.take(wire.PropertyNotify)) > 0; got != granted {
				t.Errorf("the jail hears of a change: %v", got)
			}
			if m := r.ask(req(3, 0, window)); granted && wire.U32(m[36:]) != wire.PropertyChangeBit {
				t.Errorf("the jail has selected %x", m[36:40])
			}
			host.take(0)
			r.send(req(25, 0, window, 0, 31, 0, window, name, target, where, 0, 0))
			r.send(req(25, 0, window, 0, 2, 0, window, window, 0, 0, 0, 0))
			r.sync()
			if got := len(host.take(wire.SelectionNotify)) > 0; got != granted {
				t.Errorf("the answer arrives: %v", got)
			}
			r.send(req(25, 0, window, 1, 2, 0, window, window, 0, 0, 0, 0))
			if r.sync(); len(host.take(wire.KeyPress)) > 0 {
				t.Error("a key arrives")
			}
		}
		f.current.grants.mu.Lock()
		f.current.grants.all = [len(f.current.grants.all)]grant{}
		f.current.grants.mu.Unlock()
		if m := r.ask(req(14, 0, asks)); m[0] != wire.Error {
			t.Error("a grant that has ended still counts")
		}
		f.stop()
	}
}

// TestGrantsEnd looks at the time for which grants count, and at how many there are.
func TestGrantsEnd(t *testing.T) {
	var g grants
	g.add(7, 1, 100)
	if !g.find(7, 1, 200) || g.find(7, 2, 200) || g.find(8, 1, 200) || !g.has(7, 200) {
		t.Error("a grant is for one property of one window")
	}
	if !g.find(7, 1, 200+grantIdle-1) {
		t.Error("a grant that is used goes on")
	}
	if g.find(7, 1, 200+grantIdle-1+grantIdle) {
		t.Error("a grant that is not used goes on")
	}
	g = grants{}
	g.add(7, 1, 100)
	for now := int64(100); now < grantMost; now += grantIdle / 2 {
		g.find(7, 1, now)
	}
	if g.find(7, 1, grantMost+100) {
		t.Error("a grant lasts for ever")
	}
	for i := range uint32(1000) {
		g.add(i+10, 1, 500+int64(i))
	}
	if !g.has(1009, 1600) || g.has(10, 1600) {
		t.Error("old grants do not make room")
	}
}
