package relay

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/network"
)

// TestChange: rules that are taken away end the connections that they have allowed, and no
// others.
func TestChange(t *testing.T) {
	stays, goes := server(t, echo), server(t, echo)
	s := newStage(t, stays.String(), goes.String(), "server.test", "@host").serve()
	v4, _, err := s.addresses.Of("server.test")
	if err != nil {
		t.Fatal(err)
	}
	a, b, byName := s.dialTo(stays), s.dialTo(goes), s.dialTo(netip.AddrPortFrom(v4, goes.Port()))
	conns := []*net.TCPConn{a, b, byName}
	for _, c := range conns {
		if err := exchange(c, "before"); err != nil {
			t.Fatal(err)
		}
	}
	s.change(setOf(t, stays.String()))
	if err := exchange(a, "after"); err != nil {
		t.Error(err)
	}
	for _, c := range conns[1:] {
		if err := isReset(c); err != nil {
			t.Error(err)
		}
	}
	if err := isReset(s.dialTo(goes)); err != nil {
		t.Error(err)
	}
	if !strings.Contains(s.refusals(), goes.String()+", which was connected: nothing allows") {
		t.Error(s.refusals())
	}
	// A connection that was allowed by rules of before is judged when it is added.
	one := &conn{target: target{addr: goes.Addr(), port: goes.Port()}, to: goes.Addr(), judged: setOf(t, goes.String())}
	if s.stillAllowed(one) {
		t.Error("a connection outlives its rule")
	}
	if one.target.port = stays.Port(); !s.stillAllowed(one) {
		t.Error("control")
	}
}

// TestProxy asks by HTTP.
func TestProxy(t *testing.T) {
	to := server(t, echo)
	for _, c := range []struct{ ask, want, says string }{
		{to.String(), "200", ""},
		{"127.0.0.1:1", "403", "nothing allows 127.0.0.1"},
		{"example.org:80", "403", "nothing allows example.org"},
		{"bad..name:80", "403", "a request to the proxy"},
	} {
		s := newStage(t, to.String()).serve()
		s.times.request = time.Second / 2
		conn := s.dialTo(netip.AddrPortFrom(s.gateway[0], network.ProxyPort))
		fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\nearly", c.ask, c.ask)
		in := bufio.NewReader(conn)
		answer, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect})
		if err != nil || !strings.HasPrefix(answer.Status, c.want) {
			t.Errorf("%s: %v, %v", c.ask, answer, err)
			continue
		}
		if got := s.refusals(); !strings.Contains(got, c.says) || c.says == "" && got != "" {
			t.Errorf("%s: it says %q", c.ask, got)
		}
		if c.want != "200" {
			continue
		}
		early := make([]byte, 5)
		if _, err := io.ReadFull(in, early); err != nil || string(early) != "early" {
			t.Errorf("%q, %v", early, err)
		}
		time.Sleep(s.times.request * 3 / 2) // the time for a request is not that of a connection
		if err := exchange(conn, "later"); err != nil {
			t.Error(err)
		}
	}
}

// TestSilentProxyClient: who asks for nothing is not kept.
func TestSilentProxyClient(t *testing.T) {
	s := newStage(t, "a.test")
	s.times.request = 100 * time.Millisecond
	s.serve()
	c := s.dialTo(netip.AddrPortFrom(s.gateway[0], network.ProxyPort))
	if _, err := io.ReadAll(c); err != nil {
		t.Error(err)
	}
}

func TestIsOwn(t *testing.T) {
	for text, own := range map[string]bool{"127.0.0.1": true, "::1": true, "127.9.9.9": true, "203.0.113.7": false, "2001:db8::7": false} {
		if isOwn(netip.MustParseAddr(text)) != own {
			t.Error(text)
		}
	}
}

// stuck is a writer that waits until it is let go.
type stuck struct {
	let  chan struct{}
	text strings.Builder
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.let
	return s.text.Write(b)
}

// TestLog: who logs never waits for who reads, and lines that are lost are counted.
func TestLog(t *testing.T) {
	out := &stuck{let: make(chan struct{})}
	l := newLog(out)
	began := time.Now()
	for range 3 * mostLines {
		l.add("line\n")
	}
	l.flush(10 * time.Millisecond)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	close(out.let)
	l.flush(5 * time.Second)
	if text := out.text.String(); strings.Count(text, "line\n") < mostLines || !strings.Contains(text, "more lines were not written in time") {
		t.Errorf("%.300s", text)
	}
}

// TestReportBounded: a flood of different refusals is kept as a number.
func TestReportBounded(t *testing.T) {
	var r report
	for i := range 100_000 {
		r.refused(fmt.Sprint("a name ", i%1000, " of many"))
	}
	if text := string(r.lines()); strings.Count(text, "\n") != mostKinds+1 || !strings.Contains(text, " others\n") {
		t.Error(text)
	}
}

// TestUnserved: a name that is not found is explained where the host has a source that the
// relay does not know, and could have it.
func TestUnserved(t *testing.T) {
	for _, c := range []struct {
		hosts, name string
		explained   bool
	}{
		{"files mdns4_minimal", "printer.local", true},
		{"files mdns4_minimal", "printer.test", false},
		{"files ldap", "printer.test", true},
		{"files", "printer.local", false},
		{"files mdns4_minimal", "server.test", false},
	} {
		r, err := New(&network.Setting{Hosts: "127.0.0.1 server.test\n", Switch: "hosts: " + c.hosts + "\n", Allow: ruleList([]string{"*"})})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.lookup(t.Context(), c.name)
		if got := string(r.report.lines()); strings.Contains(got, "remark the name "+c.name+" was not found") != c.explained {
			t.Errorf("%s, %s: %v, it says %q", c.hosts, c.name, err, got)
		}
		r.report.remarks = nil // a connection that the proxy is asked for needs no look-up before
		r.connect(target{name: c.name, port: 1}, func(*conn, error) {})
		if got := string(r.report.lines()); strings.Contains(got, "remark the name "+c.name+" was not found") != c.explained {
			t.Errorf("%s, connected to %s: it says %q", c.hosts, c.name, got)
		}
	}
}
