package filter

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
	"github.com/jail-project/jail/x11/wire"
)

// manage starts a window manager at the server.
func (s *server) manage() {
	s.t.Helper()
	testenv.Need(s.t, "openbox")
	cmd := s.command(s.display, "openbox", "--sm-disable")
	cmd.Env = append(cmd.Env, "HOME="+s.t.TempDir())
	testenv.Must(s.t, cmd.Start())
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	})
	host := s.client(s.socket)
	defer host.conn.Close()
	// It says that it is there before it looks after windows: show it one until it takes it.
	if !testenv.Eventually(func() bool {
		id := host.id()
		host.send(req(1, 0, id, host.root, 0, xy(10, 10), 0, 0, 0))
		host.send(req(8, 0, id))
		time.Sleep(50 * time.Millisecond)
		taken := wire.U32(host.ask(req(15, 0, id))[12:]) != host.root
		host.send(req(4, 0, id))
		return taken
	}) {
		s.t.Fatal("openbox does not start")
	}
}

// managed makes a window that the window manager gets, and waits until it has the focus.
func (r *raw) managed(host *raw, title string) uint32 {
	r.t.Helper()
	id := r.id()
	r.send(req(1, 0, id, r.root, xy(0, 0), xy(300, 200), 0, 0, 1<<1|1<<11, 0, 1|4|1<<17|1<<21))
	r.setProperty(id, wire.AtomWMName, wire.AtomString, title)
	r.send(req(8, 0, id))
	r.sync()
	if !testenv.Eventually(func() bool { return wire.U32(host.ask(req(43, 0))[8:]) == id }) {
		r.t.Fatalf("the window %x does not get the focus, but %x; its parent is %x, errors: %x", id, host.ask(req(43, 0))[8:12], host.ask(req(15, 0, id))[12:16], r.take(0))
	}
	return id
}

// TestWindowManager has a window of the jail in a frame of the window manager: what the jail
// may do while it has the focus, and no longer when it has lost it.
func TestWindowManager(t *testing.T) {
	s := startServer(t)
	s.manage()
	f := s.filter(Options{Name: "shop"})
	host, r := s.client(s.socket), s.client(f.socket)
	id := r.managed(host, "mine")
	root := r.root

	frame := wire.U32(host.ask(req(15, 0, id))[12:])
	if frame == root {
		t.Error("openbox has not put the window into a frame: this tests nothing")
	}
	if got := wire.U32(r.ask(req(15, 0, id))[12:]); got != root {
		t.Errorf("the parent is %x, not the root window", got)
	}
	if m := r.await(wire.ReparentNotify); m == nil || wire.U32(m[12:]) != root {
		t.Errorf("the event names %x", m)
	}
	if got := r.ask(req(14, 0, frame)); got[0] != wire.Error {
		t.Error("the jail learns of the frame")
	}
	check := r.property(root, r.atom("_NET_SUPPORTING_WM_CHECK"))
	if len(check) != 4 || !strings.Contains(strings.ToLower(r.property(wire.U32([]byte(check)), r.atom("_NET_WM_NAME"))), "openbox") {
		t.Errorf("the jail does not learn which window manager there is: %x", check)
	}
	if r.property(root, r.atom("_NET_SUPPORTED")) == "" {
		t.Error("the jail does not learn what it can do")
	}
	if r.property(root, r.atom("_NET_CLIENT_LIST")) != "" {
		t.Error("the jail sees the list of windows")
	}

	// The pointer and the keys, while the jail has both.
	g := host.ask(req(40, 0, id, root, xy(10, 20))) // where the point 10,20 of the window is
	at := wire.U32(g[12:])
	host.warp(int(uint16(at)), int(at>>16))
	if !testenv.Eventually(func() bool { return wire.U32(r.ask(req(38, 0, root))[16:]) == at }) {
		t.Errorf("the pointer is at %x in its own window, and the jail sees %x", at, r.ask(req(38, 0, root))[16:20])
	}
	if m := r.ask(req(31, 0, id, 0, 1|1<<8)); m[0] != wire.Reply || m[1] != 0 {
		t.Errorf("a grab of the keyboard with the focus is answered by %x", m)
	}
	r.send(req(32, 0, 0))
	host.key(keyA, true)
	if m := r.ask(req(44, 0)); m[8+keyA/8]&(1<<(keyA%8)) == 0 {
		t.Error("the jail does not see its own keys")
	}
	host.key(keyA, false)

	// Now another window gets the focus.
	other := s.client(s.socket)
	other.managed(host, "theirs")
	host.warp(1200, 1000)
	time.Sleep(2 * time.Duration(pointedFor)) // so long it counts that the pointer was there
	if m := r.ask(req(31, 0, id, 0, 1|1<<8)); m[1] != 1 {
		t.Errorf("a grab of the keyboard without the focus is answered by %x", m)
	}
	host.key(keyA, true)
	if m := r.ask(req(44, 0)); m[8+keyA/8]&(1<<(keyA%8)) != 0 {
		t.Error("the jail sees the keys of others")
	}
	host.key(keyA, false)
	if !testenv.Eventually(func() bool { return wire.U32(r.ask(req(38, 0, root))[16:]) == at }) {
		t.Errorf("the pointer has left, and the jail sees %x, not where it was last", r.ask(req(38, 0, root))[16:20])
	}
	if got := wire.U32(r.ask(req(43, 0))[8:]); got != wire.PointerRoot {
		t.Errorf("the focus is in %x", got)
	}

	// The jail asks for what windows ask for.
	state, fullscreen := r.atom("_NET_WM_STATE"), r.atom("_NET_WM_STATE_FULLSCREEN")
	r.send(req(25, 0, root, 1<<19|1<<20, 33|32<<8, id, state, 1, fullscreen, 0, 1, 0))
	if !testenv.Eventually(func() bool { return wire.U32(host.ask(req(14, 0, id))[16:]) == xy(1280, 1024) }) {
		t.Error("the window does not fill the screen")
	}
	if n := f.Report()["SendEvent"]; n != 0 {
		t.Errorf("%d events were denied", n)
	}
}

// TestTitles looks at what the window manager sees of titles.
func TestTitles(t *testing.T) {
	s := startServer(t)
	for _, mark := range []bool{true, false} {
		f := s.filter(Options{Name: "shöp\n", MarkTitles: mark})
		host, r := s.client(s.socket), s.client(f.socket)
		prefix := ""
		if mark {
			prefix = "[sh?p?] "
		}
		id := r.window(0, 0, 10, 10, 0)
		utf8, name, visible := r.atom("UTF8_STRING"), r.atom("_NET_WM_NAME"), r.atom("_NET_WM_VISIBLE_NAME")
		for property, kind := range map[uint32]uint32{wire.AtomWMName: wire.AtomString, name: utf8, wire.AtomWMIconName: wire.AtomString, visible: utf8} {
			for _, title := range []string{"a", "abcd", "", strings.Repeat("long", 3000), prefix + "twice"} {
				r.setProperty(id, property, kind, title)
				if got := host.property(id, property); got != prefix+strings.TrimPrefix(title, prefix) {
					t.Errorf("%.20q becomes %.40q (%d bytes)", title, got, len(got))
				}
			}
		}
		other := r.atom("WM_ICON_MACHINE")
		r.setProperty(id, other, wire.AtomString, "abc")
		if got := host.property(id, other); got != "abc" {
			t.Errorf("another property becomes %q", got)
		}
		// A title without the mark, in other ways.
		for way, b := range map[string][]byte{
			"prepended": append(req(18, 1, id, wire.AtomWMName, wire.AtomString, 8, 4), "bank"...),
			"as words":  append(req(18, 0, id, wire.AtomWMName, wire.AtomString, 16, 2), "bank"...),
			"rotated":   req(114, 0, id, 2|1<<16, wire.AtomWMName, other),
		} {
			wire.PutU16(b[2:], uint16(len(b)/4))
			r.setProperty(id, wire.AtomWMName, wire.AtomString, "first")
			r.send(b)
			r.sync()
			if got := host.property(id, wire.AtomWMName); strings.HasPrefix(got, prefix) != mark && mark {
				t.Errorf("%s, the title is %q", way, got)
			}
		}
		// A window has no title at first.
		untitled := r.window(0, 0, 10, 10, 0)
		b := append(req(18, 2, untitled, wire.AtomWMName, wire.AtomString, 8, 4), "bank"...)
		wire.PutU16(b[2:], uint16(len(b)/4))
		r.send(b)
		r.sync()
		if got := host.property(untitled, wire.AtomWMName); mark == (got == "bank") {
			t.Errorf("appended to nothing, the title is %q", got)
		}
		// It names no process: outside of the jail it would be another one.
		r.setProperty(id, r.atom("_NET_WM_PID"), 6, "1234")
		if host.property(id, r.atom("_NET_WM_PID")) != "" {
			t.Error("the window names a process")
		}
		// A window of a jail cannot stay over one of somebody else.
		above := host.window(0, 0, 10, 10, 0)
		for over, kept := range map[uint32]bool{above: false, r.window(0, 0, 1, 1, 0): true} {
			b := make([]byte, 4)
			wire.PutU32(b, over)
			r.setProperty(id, wire.AtomWMTransient, wire.AtomWindow, string(b))
			if got := host.property(id, wire.AtomWMTransient) == string(b); got != kept {
				t.Errorf("transient for %x: %v", over, got)
			}
			r.send(req(18, 0, id, wire.AtomWMHints, wire.AtomWMHints, 32, 9, 1|1<<6, 1, 0, 0, 0, 0, 0, 0, over))
			r.sync()
			hints := []byte(host.property(id, wire.AtomWMHints))
			if got := wire.U32(hints[32:]) == over && hints[0] == 1|1<<6; got != kept || hints[0]&1 == 0 || hints[4] != 1 {
				t.Errorf("in the group of %x: %x", over, hints)
			}
			r.send(req(18, 0, id, wire.AtomWMHints, wire.AtomWMHints, 32, 8, 1|1<<6, 1, 0, 0, 0, 0, 0, 0))
			r.send(req(18, 2, id, wire.AtomWMHints, wire.AtomWMHints, 32, 1, above))
			r.sync()
			if hints := host.property(id, wire.AtomWMHints); len(hints) != 32 {
				t.Errorf("a group comes later: %x", hints)
			}
		}
		f.stop()
	}
}

// TestDrag drags something over a window of the jail, by the messages of Xdnd.
func TestDrag(t *testing.T) {
	s := startServer(t)
	for _, mode := range []Mode{Deny, Allow} {
		f := s.filter(Options{Drag: Crossing{In: mode}})
		host, r := s.client(s.socket), s.client(f.socket)
		from, to := host.window(0, 0, 10, 10, 0), r.window(50, 0, 10, 10, 0)
		message := func(sender *raw, target uint32, name string, first uint32) {
			sender.send(req(25, 0, target, 0, 33|32<<8, target, sender.atom(name), first, 5<<24, 0, 0, 0))
			sender.sync()
		}
		message(r, from, "XdndStatus", to)
		if len(host.take(wire.ClientMessage)) > 0 {
			t.Errorf("mode %d: an answer passes before anything was dragged", mode)
		}
		// A forged message, as if the victim dragged something here.
		message(r, to, "XdndEnter", from)
		message(r, from, "XdndStatus", to)
		if len(host.take(wire.ClientMessage)) > 0 {
			t.Errorf("mode %d: the filter believes the jail", mode)
		}
		r.take(0)
		message(host, to, "XdndEnter", from)
		if got := len(r.take(wire.ClientMessage)) > 0; got != (mode == Allow) {
			t.Errorf("mode %d: the jail is told of a drag: %v", mode, got)
		}
		message(r, from, "XdndStatus", to)
		if got := len(host.take(wire.ClientMessage)) > 0; got != (mode == Allow) {
			t.Errorf("mode %d: the jail's answer passes: %v", mode, got)
		}
		f.stop()
	}
}
