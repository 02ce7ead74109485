package relay

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/network"
)

func TestForward(t *testing.T) {
	to := server(t, echo)
	s := newStage(t, to.String()).serve()
	c := s.dialTo(to)
	for _, text := range []string{"x", "some words", strings.Repeat("many ", 1<<12)} {
		if err := exchange(c, text); err != nil {
			t.Fatal(err)
		}
	}
	// One side ends, the other goes on.
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(c); err != nil || string(rest) != "end" {
		t.Errorf("at the end: %q, %v", rest, err)
	}
	eventually(t, "the connection to be forgotten", func() bool {
		left := make(chan int)
		return s.loop.Do(func() { left <- len(s.conns) }) && <-left == 0
	})
}

// TestRefused: what no rule allows is reset; with one, the same works.
func TestRefused(t *testing.T) {
	to := server(t, echo)
	const allowed = "127.0.0.1:1"
	for _, c := range []struct {
		name, allow string
		to          netip.AddrPort
		says        string
	}{
		{"another port", allowed, to, "nothing allows"},
		{"the host, by a wide rule", "0.0.0.0/0", to, "does not open it"},
		{"port 0", "127.0.0.1", netip.AddrPortFrom(to.Addr(), 0), ":0: "},
		{"a zone", "fe80::1", netip.MustParseAddrPort("[fe80::1%lo]:80"), ""},
		{"nobody listens", "127.0.0.1:1", netip.MustParseAddrPort(allowed), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, c.allow).serve()
			if err := isReset(s.dialTo(c.to)); err != nil {
				t.Error(err)
			}
			if got := s.refusals(); !strings.Contains(got, c.says) || c.says == "" && got != "" {
				t.Errorf("it says %q", got)
			}
		})
	}
	for _, at := range []string{to.String(), netip.AddrPortFrom(netip.MustParseAddr("::ffff:127.0.0.1"), to.Port()).String()} {
		s := newStage(t, to.String()).serve()
		if err := exchange(s.dialTo(netip.MustParseAddrPort(at)), "control"); err != nil {
			t.Error(at, err)
		}
	}
}

// TestRelaysOwn: only the proxy's port of the relay's own addresses is served.
func TestRelaysOwn(t *testing.T) {
	s := newStage(t, "*").serve()
	for _, gateway := range s.gateway {
		for _, port := range []uint16{network.ListenPort, 80, 65535} {
			if err := isReset(s.dialTo(netip.AddrPortFrom(gateway, port))); err != nil {
				t.Errorf("%s port %d: %v", gateway, port, err)
			}
		}
		c := s.dialTo(netip.AddrPortFrom(gateway, network.ProxyPort))
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if answer, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 4") {
			t.Errorf("the proxy says %q, %v", answer, err)
		}
	}
}

// TestNamesByTCP: port 53 answers for names whichever address it is.
func TestNamesByTCP(t *testing.T) {
	s := newStage(t, "server.test").serve()
	c := s.dialTo(netip.MustParseAddrPort("9.9.9.9:53"))
	query := "\x00\x1d" + "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06server\x04test\x00\x00\x01\x00\x01"
	if _, err := io.WriteString(c, query); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 2+29+16)
	if _, err := io.ReadFull(c, answer); err != nil {
		t.Fatal(err)
	}
	addr, _ := netip.AddrFromSlice(answer[len(answer)-4:])
	if name, _ := s.addresses.Name(addr); name != "server.test" {
		t.Errorf("%s is %q", addr, name)
	}
}

// TestManyNameConnections: questions by TCP are bounded, and answered again afterwards.
func TestManyNameConnections(t *testing.T) {
	s := newStage(t, "server.test").serve()
	before := descriptors(t)
	var held []net.Conn
	for range 300 {
		held = append(held, s.dialTo(netip.MustParseAddrPort("9.9.9.9:53")))
	}
	eventually(t, "most to be closed", func() bool { return descriptors(t) <= before+len(held)+mostWaiting+40 })
	for _, c := range held {
		_ = c.Close()
	}
	eventually(t, "the rest", func() bool { return descriptors(t) <= before+mostWaiting })
}

// TestMany opens 10,000 connections that are never used. Beyond the limit they are reset,
// descriptors stay bounded, and when they are gone, one works again.
func TestMany(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	to := server(t, hang)
	s := newStage(t, to.String())
	s.most = 50
	s.serve()
	s.all.Store(&to)
	before := descriptors(t)
	held := make([]net.Conn, 0, 60)
	resets := 0
	for range 10_000 {
		c, err := net.Dial("tcp", s.listener.Addr().String())
		if errors.Is(err, unix.ECONNRESET) {
			resets++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if int64(len(held)) < s.most {
			held = append(held, c)
			continue
		}
		if _, err := c.Read(make([]byte, 1)); errors.Is(err, unix.ECONNRESET) {
			resets++
		}
		_ = c.Close()
	}
	if resets != 10_000-int(s.most) {
		t.Errorf("%d were reset", resets)
	}
	// Each has both ends of two connections in this process.
	if now := descriptors(t); now > before+4*int(s.most)+20 {
		t.Errorf("%d descriptors, were %d", now, before)
	}
	if got := s.refusals(); !strings.Contains(got, "9950 more than 50 connections at a time") {
		t.Error(got)
	}
	for _, c := range held {
		_ = c.Close()
	}
	again := server(t, echo)
	s.all.Store(nil)
	s.rules.Store(setOf(t, again.String()))
	eventually(t, "room", func() bool { return s.open.Load() == 0 })
	if err := exchange(s.dialTo(again), "again"); err != nil {
		t.Error(err)
	}
}
