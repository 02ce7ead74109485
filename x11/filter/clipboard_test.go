package filter

import (
	"bytes"
	"math/rand/v2"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
	"github.com/jail-project/jail/x11/wire"
)

// copyIn makes a program of a display the owner of a selection, as xclip does.
func (s *server) copyIn(display, selection string, content []byte) {
	s.t.Helper()
	testenv.Need(s.t, "xclip")
	cmd := s.command(display, "xclip", "-quiet", "-i", "-selection", selection)
	cmd.Stdin = bytes.NewReader(content)
	testenv.Must(s.t, cmd.Start())
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	})
}

// paste is what a program of a display gets of a selection.
func (s *server) paste(display, selection string) []byte {
	cmd := s.command(display, "xclip", "-o", "-selection", selection)
	out, _ := cmd.Output()
	return out
}

// pasted waits until that is something in particular.
func (s *server) pasted(display, selection string, want []byte) bool {
	return testenv.Eventually(func() bool { return bytes.Equal(s.paste(display, selection), want) })
}

func TestClipboard(t *testing.T) {
	s := startServer(t)
	host, jail := []byte("of the host"), []byte("of the jail")
	for _, test := range []struct {
		name    string
		options Options
		// What a paste gets after the host, and then the jail, has copied.
		first, second, atHost string
	}{
		{"deny", Options{}, "", "of the jail", "of the host"},
		{"in", Options{Clipboard: Crossing{In: Allow}}, "of the host", "of the jail", "of the host"},
		{"out", Options{Clipboard: Crossing{Out: Allow}}, "", "of the jail", "of the jail"},
		{"both", Options{Clipboard: Crossing{In: Allow, Out: Allow}}, "of the host", "of the jail", "of the jail"},
		{"primary is another", Options{Primary: Crossing{In: Allow, Out: Allow}}, "", "of the jail", "of the host"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.t = t
			f := s.filter(test.options)
			s.copyIn(s.display, "clipboard", host)
			if !s.pasted(s.display, "clipboard", host) {
				t.Fatal("the host cannot paste what it copied")
			}
			if got := s.paste(f.display, "clipboard"); string(got) != test.first {
				t.Errorf("the jail pastes %q", got)
			}
			s.copyIn(f.display, "clipboard", jail)
			if !s.pasted(f.display, "clipboard", []byte(test.second)) {
				t.Errorf("the jail pastes %q after it has copied", s.paste(f.display, "clipboard"))
			}
			if got := s.paste(s.display, "clipboard"); string(got) != test.atHost {
				t.Errorf("the host pastes %q", got)
			}
			if test.options.Clipboard.In == Allow {
				s.copyIn(s.display, "clipboard", []byte("newer"))
				if !s.pasted(f.display, "clipboard", []byte("newer")) {
					t.Errorf("the jail pastes %q after the host has copied again", s.paste(f.display, "clipboard"))
				}
			}
		})
	}
}

// TestLongSelection takes 3 MB from the host and to the host, in many parts (ICCCM, 2.7.2).
func TestLongSelection(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{Primary: Crossing{In: Allow, Out: Allow}})
	long := make([]byte, 3<<20)
	for i := range long {
		long[i] = byte('a' + rand.IntN(26))
	}
	for _, way := range [][2]string{{s.display, f.display}, {f.display, s.display}} {
		s.copyIn(way[0], "primary", long)
		if !s.pasted(way[1], "primary", long) {
			t.Errorf("from %s to %s: %d bytes arrive", way[0], way[1], len(s.paste(way[1], "primary")))
		}
		long = append(long[1:], 'x')
	}
}

// TestClipboardOnKey types into the jail, as the user would for a paste and a copy.
func TestClipboardOnKey(t *testing.T) {
	s := startServer(t)
	var asked, yes atomic.Int32
	for _, mode := range []Mode{OnKey, Ask} {
		f := s.filter(Options{Clipboard: Crossing{In: mode, Out: mode}, Ask: func(Question) bool {
			asked.Add(1)
			return yes.Load() > 0
		}})
		c := s.victim()
		r := s.client(f.socket)
		own := r.window(800, 100, 200, 200, 1<<1|1<<11, 0, 1)
		name, property := c.victim.atom("CLIPBOARD"), r.atom("WHERE")
		paste := func() bool {
			r.send(req(19, 0, own, property))
			r.send(req(24, 0, own, name, wire.AtomString, property, 0))
			m := r.await(wire.SelectionNotify)
			return m != nil && wire.U32(m[8:]) == own && wire.U32(m[12:]) == name && wire.U32(m[20:]) != 0
		}
		take := func() bool {
			r.send(req(22, 0, own, name, 0))
			r.sync()
			got := wire.U32(c.victim.ask(req(23, 0, name))[8:]) == own
			if mine := wire.U32(r.ask(req(23, 0, name))[8:]); mine != own {
				t.Errorf("the jail does not own what it has copied, but %x", mine)
			}
			return got
		}
		served := s.client(s.socket) // has the clipboard of the host and answers
		held := served.window(0, 900, 10, 10, 0)
		served.send(req(22, 0, held, name, 0))
		served.sync()
		answered := make(chan struct{})
		go func() {
			(&scene{victim: served}).serveClipboard()
			close(answered)
		}()
		if paste() {
			t.Errorf("mode %d: a paste without a key gets something", mode)
		}
		if mode == OnKey {
			s.typeInto(c, own, keyA)
			if paste() {
				t.Error("a paste after a plain key gets something")
			}
			s.typeInto(c, own, 37, keyA) // Control and A
		} else {
			time.Sleep(recent + 100*time.Millisecond) // the answer counts for that long
			yes.Store(1)
		}
		if !paste() {
			t.Errorf("mode %d: a paste gets nothing", mode)
		}
		<-answered
		if !take() {
			t.Errorf("mode %d: a copy goes nowhere", mode)
		}
		time.Sleep(recent + 100*time.Millisecond)
		yes.Store(0)
		served.send(req(22, 0, held, name, 0))
		served.sync()
		if take() {
			t.Errorf("mode %d: a copy without a key goes out", mode)
		}
		if mode == Ask && (asked.Load() < 3 || asked.Load() > 5) {
			t.Errorf("the user was asked %d times", asked.Load())
		}
		f.stop()
		c.victim.conn.Close()
		served.conn.Close()
		s.settle()
	}
}

// typeInto gives a window the focus and types some keys at a time.
func (s *server) typeInto(c *scene, window uint32, codes ...byte) {
	c.victim.send(req(42, 0, window, 0))
	for _, code := range codes {
		c.victim.key(code, true)
	}
	for _, code := range codes {
		c.victim.key(code, false)
	}
	time.Sleep(50 * time.Millisecond) // for the events to arrive
}
