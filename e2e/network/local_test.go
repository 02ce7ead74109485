package network

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// hostServer is one on all addresses of the host, of which only rules about local
// addresses or the host open some.
type hostServer struct {
	t       *testing.T
	port    string
	arrived atomic.Int64
}

func serveHost(t *testing.T) *hostServer {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	testenv.Must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	s := &hostServer{t: t}
	_, s.port, err = net.SplitHostPort(l.Addr().String())
	testenv.Must(t, err)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.arrived.Add(1)
			_, _ = c.Write([]byte("host"))
			_ = c.Close()
		}
	}()
	return s
}

// arrivals are the connections since it was called before.
func (s *hostServer) arrivals() int64 {
	s.t.Helper()
	c, err := net.DialTimeout("tcp", "127.0.0.1:"+s.port, time.Minute)
	testenv.Must(s.t, err)
	defer func() { _ = c.Close() }()
	_, err = c.Read(make([]byte, 4)) // those before have been counted now
	testenv.Must(s.t, err)
	return s.arrived.Swap(0) - 1
}

// loopback are the addresses of it.
func loopback() []netip.Addr {
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
}

// localAddresses are some of each network that is not globally reachable, and those by
// which data centres tell secrets. Further ones carry an address of IPv4 within.
func localAddresses() (plain, carrying []string) {
	return strings.Fields(`10.0.0.1 10.255.255.254 172.16.0.1 172.31.255.254 192.168.1.1 100.64.0.1 100.127.255.254 100.100.100.200
169.254.169.254 169.254.170.2 169.254.1.1 168.63.129.16 192.0.0.1 192.88.99.1 198.18.0.77 198.19.255.1
240.0.0.1 255.255.255.254 203.0.114.2 fc00::1 fd00:ec2::254 fd6a:6169:6c00:5::1 fec0::1 2001:10::1 4000::1
0.0.0.0 0.1.2.3 127.0.0.1 127.1.2.3 :: ::1 224.0.0.9 255.255.255.255 2a11:114::2 ::ffff:10.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254`),
		strings.Fields(`64:ff9b::a00:1 64:ff9b:1::a00:1 2002:a00:1::1 2001:0:a00:1::1 ::10.0.0.1`)
}

// W5, W7: addresses that are not of the public network are not reached by *, neither by
// themselves nor as what a name stands for. Nothing arrives outside, so no other test
// may run beside this one.
func TestW5LocalAddresses(t *testing.T) {
	w, server := world(t), serveHost(t)
	plain, carrying := localAddresses()
	var byAddress, byName []act
	var rules []string
	for i, text := range slices.Concat(plain, carrying) {
		name := fmt.Sprintf("n%d.w5.org", i)
		out.zone.set(name, netip.MustParseAddr(text))
		byAddress = append(byAddress, act("tcp/"+text+"/"+server.port))
		byName = append(byName, act("tcp/"+name+"/"+server.port))
	}
	for _, text := range carrying {
		rules = append(rules, "["+text+"]")
	}
	sentBy := func(before []string, acts []act) []string {
		arrivals, _ := sent(w, before, acts...)
		return arrivals
	}
	reached := sentBy(nil, byAddress)
	if on := server.arrivals(); len(reached) < 30 || on < 6 {
		t.Fatalf("without a jail only %q arrive outside, and %d at the host", reached, on)
	}
	if named := sentBy(nil, byName); len(named) < 30 || server.arrivals() < 3 {
		t.Fatalf("without a jail only %q arrive outside by name", named)
	}
	for _, acts := range [][]act{byAddress, byName} {
		if got := sentBy(jailed(w, []string{"*", "*.w5.org"}), acts); len(got) > 0 {
			t.Errorf("%q arrive outside", got)
		}
		if n := server.arrivals(); n > 0 {
			t.Errorf("%d connections arrive at the host", n)
		}
	}
	if len(out.zone.questions("w5.org")) == 0 {
		t.Error("the names were not asked for; the test is void")
	}
	// The addresses that the network itself uses stay its own.
	own := func(name string) bool { return strings.Contains(name, "198.1") || strings.Contains(name, "fd6a:") }
	got := sentBy(jailed(w, append(rules, "@local")), byAddress)
	if missing := slices.DeleteFunc(reached, func(name string) bool { return own(name) || slices.Contains(got, name) }); len(missing) > 0 {
		t.Errorf("with rules for them %q do not arrive outside", missing)
	}
	if server.arrivals() == 0 {
		t.Error("with @local the host's own addresses are not reached")
	}
}

// W6: an answer that changes gains nothing, in whatever order the answers come. A relay
// keeps each for a second at least.
func TestW6Rebinding(t *testing.T) {
	t.Parallel()
	w, server := world(t), serveHost(t)
	private := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.66.0.1")}
	type answers = [][]netip.Addr
	sites := map[string]*site{}
	change := func() {
		for label, s := range sites {
			good := []netip.Addr{s.v4}
			out.zone.change(s.name, map[string]answers{
				"public": {good}, "private": {private}, "beside": {append(slices.Clone(private), s.v4)},
				"then": {good, private}, "before": {private, good}, "turns": {good, private, good, private},
			}[label]...)
		}
	}
	var round, acts []act
	var rules []string
	for _, label := range []string{"public", "private", "beside", "then", "before", "turns"} {
		s := out.site(label)
		sites[label], rules = s, append(rules, s.name)
		round = append(round, act("tcp/"+s.name+"/"+server.port))
	}
	acts = slices.Concat(round, []act{"sleep//1100"}, round, []act{"sleep//1100"}, round)
	change()
	w.Host(send(t, acts...)...)
	if n := server.arrivals(); n < 9 {
		t.Fatalf("without a jail the host is reached %d times", n)
	}
	change()
	var r *testenv.Result
	counts := out.packets.during(t, func() { r = w.Host(append(jailed(w, rules), send(t, acts...)...)...) })
	if n, arrived := server.arrivals(), only(counts, "10.66.0.1:"+server.port); n > 0 || len(arrived) > 0 {
		t.Errorf("%d connections to the host, %v outside\n%s", n, arrived, r.Output())
	}
	for _, label := range []string{"public", "beside", "before"} {
		if len(only(counts, " "+sites[label].v4.String()+":")) == 0 {
			t.Errorf("%s: the public address is not reached\n%s", label, r.Output())
		}
	}
	change()
	w.Host(append(jailed(w, append(rules, "127.0.0.1")), send(t, round...)...)...)
	if server.arrivals() < 2 {
		t.Error("with a rule for the private address it is not reached")
	}
}

// W7: a name that is allowed opens nothing of the own network, which takes a rule.
func TestW7LocalName(t *testing.T) {
	t.Parallel()
	w := world(t)
	out.zone.set("api.w7.org", netip.MustParseAddr("10.77.0.1"))
	for _, name := range []string{"api.w7.org", "intranet.jail-hosts.org"} { // by DNS, and by /etc/hosts
		to := send(t, act("tcp/"+name+"/80"))
		for _, v := range []struct {
			before []string
			want   bool
		}{
			{nil, true},
			{jailed(w, []string{name}), false},
			{jailed(w, []string{name, "*"}), false},
			{jailed(w, []string{"10.0.0.0/8:443", name}), false},
			{jailed(w, []string{"10.0.0.0/8:80", name}), true},
			{jailed(w, []string{"@local", name}), true},
		} {
			var r *testenv.Result
			counts := out.packets.during(t, func() { r = w.Host(append(slices.Clone(v.before), to...)...) })
			at := map[string]string{"api.w7.org": "10.77.0.1:80"}[name]
			if at == "" {
				at = "10.20.0.7:80"
			}
			if got := len(only(counts, at)) > 0; got != v.want {
				t.Errorf("%s, %q: reached: %v\n%s", name, v.before, got, r.Output())
			}
		}
	}
}
