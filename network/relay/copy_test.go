package relay

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestResets: a reset of either side reaches the other, which waits for bytes, at once.
func TestResets(t *testing.T) {
	t.Run("of the server", func(t *testing.T) {
		to := server(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 1))
			reset(c)
		})
		s := newStage(t, to.String()).serve()
		c := s.dialTo(to)
		if _, err := io.WriteString(c, "x"); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if err := isReset(c); err != nil {
			t.Error(err)
		}
	})
	t.Run("of the server, before the program has sent anything", func(t *testing.T) {
		to := server(t, func(c *net.TCPConn) { reset(c) })
		s := newStage(t, to.String()).serve()
		if err := isReset(s.dialTo(to)); err != nil {
			t.Error(err)
		}
	})
	t.Run("of the program", func(t *testing.T) {
		noticed := make(chan error, 1)
		to := server(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 1))
			noticed <- isReset(c)
		})
		s := newStage(t, to.String()).serve()
		c := s.dialTo(to)
		if _, err := io.WriteString(c, "x"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
		reset(c)
		select {
		case err := <-noticed:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(5 * time.Second):
			t.Error("the server does not notice")
		}
	})
}

// TestLastWords: a server that refuses what a program sends says why, and hangs up with
// bytes unread. What it said arrives although passing on to it fails.
func TestLastWords(t *testing.T) {
	to := server(t, func(c *net.TCPConn) {
		_, _ = io.ReadFull(c, make([]byte, 1000))
		_, _ = io.WriteString(c, "too much")
		time.Sleep(50 * time.Millisecond)
	})
	s := newStage(t, to.String()).serve()
	c := s.dialTo(to)
	var sending sync.WaitGroup
	sending.Go(func() {
		for block := make([]byte, 1<<16); ; {
			if _, err := c.Write(block); err != nil {
				return
			}
		}
	})
	got := make([]byte, len("too much"))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "too much" {
		t.Errorf("%q, %v", got, err)
	}
	sending.Wait()
}

// reset closes a connection such that the other side sees an error.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// endless yields bytes without end.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// TestSlowReader: a program that reads nothing holds up its server and nobody else, and
// then gets all.
func TestSlowReader(t *testing.T) {
	const size = 64 << 20
	to := server(t, func(c *net.TCPConn) { _, _ = io.Copy(c, io.LimitReader(endless{}, size)) })
	other := server(t, echo)
	s := newStage(t, "127.0.0.1:1-65535").serve()
	c := s.dialTo(to)
	time.Sleep(100 * time.Millisecond)
	if err := exchange(s.dialTo(other), "not held up"); err != nil {
		t.Error(err)
	}
	if n, err := io.Copy(io.Discard, c); n != size || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestHello(t *testing.T) {
	var got []byte
	var mu sync.Mutex
	to := server(t, func(c *net.TCPConn) {
		buffer := make([]byte, 1<<14)
		n, _ := c.Read(buffer)
		mu.Lock()
		got = bytes.Clone(buffer[:n])
		mu.Unlock()
		_, _ = c.Write([]byte("hello"))
	})
	at, named := to.String(), "server.test"
	for _, c := range []struct {
		name  string
		allow []string
		by    string // the name that is dialled, or ""
		hello []byte
		says  string // "" if it passes
	}{
		{"the name that was dialled", []string{named, "@host"}, named, helloFor(t, named), ""},
		{"another", []string{named, "other.test", "@host"}, named, helloFor(t, "other.test"), "TLS for another server, other.test"},
		{"none", []string{named, "@host"}, named, helloFor(t, ""), "TLS without the name"},
		{"to an address, none", []string{at}, "", helloFor(t, ""), ""},
		{"to an address, any", []string{at}, "", helloFor(t, named), ""},
		{"no TLS to a name", []string{named, "@host"}, named, []byte("plain"), ""},
		{"broken", []string{at}, "", []byte("\x16\x03\x01\x00\x06\x01\x00\x00\x02\x00\x00"), "unknown version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, c.allow...).serve()
			conn := s.dialByName(t, c.by, to)
			// Byte by byte at first: what is passed on is the same.
			for _, piece := range [][]byte{c.hello[:1], c.hello[1:min(len(c.hello), 7)], c.hello[min(len(c.hello), 7):]} {
				_, _ = conn.Write(piece)
				time.Sleep(time.Millisecond)
			}
			if c.says != "" {
				if err := isReset(conn); err != nil {
					t.Error(err)
				}
				if !strings.Contains(s.refusals(), c.says) {
					t.Error(s.refusals())
				}
				return
			}
			if _, err := io.ReadFull(conn, make([]byte, 5)); err != nil {
				t.Fatal(err, s.refusals())
			}
			mu.Lock()
			defer mu.Unlock()
			if c.by == "" && len(c.hello) > 100 && !bytes.Equal(got, c.hello) {
				t.Errorf("the server got %d bytes of %d", len(got), len(c.hello))
			}
		})
	}
}

// dialByName connects through the proxy if there is a name.
func (s *stage) dialByName(t *testing.T, name string, to netip.AddrPort) *net.TCPConn {
	t.Helper()
	if name == "" {
		return s.dialTo(to)
	}
	v4, _, err := s.addresses.Of(name)
	if err != nil {
		t.Fatal(err)
	}
	return s.dialTo(netip.AddrPortFrom(v4, to.Port()))
}

// TestSlowHello: who does not complete a hello is reset after a while, and the other who
// does not begin one is not.
func TestSlowHello(t *testing.T) {
	to := server(t, hang)
	s := newStage(t, to.String())
	s.times.hello = 200 * time.Millisecond
	s.serve()
	silent, slow := s.dialTo(to), s.dialTo(to)
	began := time.Now()
	for _, b := range helloFor(t, "a.test")[:100] {
		if _, err := slow.Write([]byte{b}); err != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if took := time.Since(began); took > 4*time.Second || took < s.times.hello {
		t.Errorf("it took %v", took)
	}
	if !strings.Contains(s.refusals(), "not complete") {
		t.Error(s.refusals())
	}
	_ = silent.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if _, err := silent.Read(make([]byte, 1)); errors.Is(err, unix.ECONNRESET) || err == nil {
		t.Error(err)
	}
}

// TestHeldHellos: what is kept of hellos is bounded for all connections together, and is
// free again when they end.
func TestHeldHellos(t *testing.T) {
	to := server(t, hang)
	s := newStage(t, to.String()).serve()
	part := append([]byte{0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3}, make([]byte, 12<<10)...)
	var held []*net.TCPConn
	for range 5 {
		c := s.dialTo(to)
		_, _ = c.Write(part)
		held = append(held, c)
	}
	eventually(t, "all to be kept", func() bool { return s.held.Load() == int64(5*len(part)) })
	s.held.Add(mostHeld - 6*int64(len(part)) + 1)
	over := s.dialTo(to)
	_, _ = over.Write(part)
	if err := isReset(over); err != nil {
		t.Error(err)
	}
	if !strings.Contains(s.refusals(), "too many") {
		t.Error(s.refusals())
	}
	s.held.Add(-mostHeld + 6*int64(len(part)) - 1)
	for _, c := range held {
		reset(c)
	}
	eventually(t, "all to be free", func() bool { return s.held.Load() == 0 })
}

// TestEndedHello: of a hello that ends before it is complete nothing is kept while the server
// goes on.
func TestEndedHello(t *testing.T) {
	got := make(chan int, 1)
	to := server(t, func(c *net.TCPConn) {
		n, _ := io.Copy(io.Discard, c)
		got <- int(n)
		hang(c)
	})
	s := newStage(t, to.String()).serve()
	part := append([]byte{0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3}, make([]byte, 12<<10)...)
	c := s.dialTo(to)
	_, _ = c.Write(part)
	_ = c.CloseWrite()
	if n := <-got; n != len(part) {
		t.Errorf("%d of %d bytes arrive", n, len(part))
	}
	kept := make(chan bool)
	s.loop.Do(func() {
		for c := range s.conns {
			kept <- c.received != nil || !reflect.ValueOf(c.inspector).IsZero()
		}
	})
	if <-kept || s.held.Load() != 0 {
		t.Errorf("it is kept, %d bytes count", s.held.Load())
	}
	reset(c)
}
