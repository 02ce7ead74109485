package rules

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// services is /etc/services in small.
func services(name string) (uint16, bool) {
	port, ok := map[string]uint16{"https": 443, "postgresql": 5432}[name]
	return port, ok
}

// list parses entries that spaces separate.
func list(tb testing.TB, entries string) []Rule {
	tb.Helper()
	var rules []Rule
	for i, text := range strings.Fields(entries) {
		r, p := Parse(text, fmt.Sprintf("p.yaml:%d:1", i+1), services)
		if p != nil {
			tb.Fatal(p, p.Remedy)
		}
		rules = append(rules, r)
	}
	return rules
}

func set(tb testing.TB, allow, deny string, own ...netip.Addr) *Set {
	tb.Helper()
	return New(list(tb, allow), list(tb, deny), own)
}

// addr parses an address; "" is the one that is not valid.
func addr(text string) netip.Addr {
	if text == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(text)
}

func TestDecide(t *testing.T) {
	own := []netip.Addr{addr("93.184.216.34"), addr("2606:2800::34%eth0")}
	type try struct {
		name, addr string
		port       uint16
		by         string // the entry that decides, "" for none
		ok         bool
	}
	tests := []struct {
		what, allow, deny string
		tries             []try
	}{
		{"nothing", "", "", []try{
			{"example.org", "1.1.1.1", 443, "", false},
			{"", "1.1.1.1", 443, "", false},
		}},
		{"a name (W3)", "example.org:443 example.net", "", []try{
			{"example.org", "1.1.1.1", 443, "example.org:443", true},
			{"EXAMPLE.org.", "1.1.1.1", 443, "example.org:443", true},
			{"example.org", "2606::1", 443, "example.org:443", true},
			{"example.org", "", 443, "example.org:443", true},
			{"example.org", "1.1.1.1", 80, "", false},
			{"example.net", "1.1.1.1", 1, "example.net", true},
			{"www.example.org", "1.1.1.1", 443, "", false},
			{"evilexample.org", "1.1.1.1", 443, "", false},
			{"example.org.evil", "1.1.1.1", 443, "", false},
			{"org", "1.1.1.1", 443, "", false},
			{"", "1.1.1.1", 443, "", false},
			{"example.org\x00", "1.1.1.1", 443, "", false},
			{"example.net", "1.1.1.1", 0, "", false},
		}},
		{"names below a name (W3)", "*.example.org:8000-8999 *.x.example.org:https", "", []try{
			{"a.example.org", "1.1.1.1", 8000, "*.example.org:8000-8999", true},
			{"a.b.example.org", "1.1.1.1", 8999, "*.example.org:8000-8999", true},
			{"a.example.org", "1.1.1.1", 7999, "", false},
			{"a.example.org", "1.1.1.1", 9000, "", false},
			{"a.x.example.org", "1.1.1.1", 443, "*.x.example.org:https", true},
			{"a.x.example.org", "1.1.1.1", 8000, "*.example.org:8000-8999", true},
			{"example.org", "1.1.1.1", 8000, "", false},
			{"evilexample.org", "1.1.1.1", 8000, "", false},
			{"a.example.org.evil", "1.1.1.1", 8000, "", false},
		}},
		{"every host", "*:443", "", []try{
			{"example.org", "1.1.1.1", 443, "*:443", true},
			{"", "1.1.1.1", 443, "*:443", true},
			{"", "2606::1", 443, "*:443", true},
			{"example.org", "1.1.1.1", 80, "", false},
			{"example.org", "127.0.0.1", 443, "", false},
			{"host.jail", "127.0.0.1", 443, "", false},
			{"host.jail", "", 443, "", false},
			{"", "10.0.0.1", 443, "", false},
			{"", "93.184.216.34", 443, "", false},
			{"example.org", "2606:2800::34", 443, "", false},
			{"metadata.google.internal", "169.254.169.254", 443, "", false},
		}},
		{"an allowed name with a local answer (W6, W7)", "api.example 10.1.0.0/16:443", "", []try{
			{"api.example", "1.1.1.1", 443, "api.example", true},
			{"api.example", "127.0.0.1", 443, "", false},
			{"api.example", "10.1.2.3", 443, "10.1.0.0/16:443", true},
			{"api.example", "10.1.2.3", 80, "", false},
			{"api.example", "10.2.0.1", 443, "", false},
			{"api.example", "::ffff:10.1.2.3", 443, "", false},
			{"api.example", "64:ff9b::a01:203", 443, "", false},
		}},
		{"networks and addresses", "1.1.0.0/16:443 1.1.1.1:80 2606:4700::/32 [2606:4700::1]:53 8.8.8.8", "", []try{
			{"", "1.1.1.1", 443, "1.1.0.0/16:443", true},
			{"", "1.1.1.1", 80, "1.1.1.1:80", true},
			{"", "1.1.1.2", 80, "", false},
			{"", "1.2.0.0", 443, "", false},
			{"", "2606:4700::1", 53, "[2606:4700::1]:53", true},
			{"", "2606:4700::1", 54, "2606:4700::/32", true},
			{"", "2606:4701::1", 53, "", false},
			{"any.example", "8.8.8.8", 1, "8.8.8.8", true},
		}},
		{"wide networks do not open what is local", "0.0.0.0/0 ::/0 10.0.0.0/7", "", []try{
			{"", "1.1.1.1", 1, "0.0.0.0/0", true},
			{"", "11.0.0.1", 1, "10.0.0.0/7", true},
			{"", "2606::1", 1, "::/0", true},
			{"", "10.0.0.1", 1, "", false},
			{"", "127.0.0.1", 1, "", false},
			{"", "::1", 1, "", false},
			{"", "64:ff9b::1", 1, "", false},
			{"", "93.184.216.34", 1, "", false},
		}},
		{"what is local by its address or network", "10.0.0.0/8 192.168.1.1:53 fc00::/7 93.184.216.34:80 ::/3", "", []try{
			{"", "10.9.9.9", 1, "10.0.0.0/8", true},
			{"", "192.168.1.1", 53, "192.168.1.1:53", true},
			{"", "192.168.1.1", 54, "", false},
			{"", "192.168.1.2", 53, "", false},
			{"", "fd00::1", 1, "fc00::/7", true},
			{"", "93.184.216.34", 80, "93.184.216.34:80", true},
			{"", "93.184.216.34", 81, "", false},
			{"", "::1", 1, "::/3", true},
			{"", "127.0.0.1", 1, "", false},
		}},
		{"@local", "@local:22 @local:80-90", "", []try{
			{"", "10.0.0.1", 22, "@local:22", true},
			{"x.example", "127.0.0.1", 85, "@local:80-90", true},
			{"", "169.254.169.254", 80, "@local:80-90", true},
			{"", "93.184.216.34", 80, "@local:80-90", true},
			{"", "fe80::1", 80, "@local:80-90", true},
			{"host.jail", "127.0.0.1", 22, "@local:22", true},
			{"host.jail", "10.0.0.1", 22, "", false},
			{"", "10.0.0.1", 23, "", false},
			{"", "1.1.1.1", 22, "", false},
			{"", "64:ff9b::808:808", 22, "", false},
			{"", "2002:808:808::1", 22, "", false},
			{"", "::ffff:8.8.8.8", 22, "", false},
		}},
		{"@host", "@host:postgresql example.org", "", []try{
			{"host.jail", "127.0.0.1", 5432, "@host:postgresql", true},
			{"host.jail", "::1", 5432, "@host:postgresql", true},
			{"HOST.jail.", "", 5432, "@host:postgresql", true},
			{"", "127.0.0.1", 5432, "@host:postgresql", true},
			{"host.jail", "127.0.0.1", 5433, "", false},
			{"host.jail", "1.1.1.1", 5432, "", false},
			{"x.host.jail", "1.1.1.1", 5432, "", false},
			{"example.org", "127.0.0.1", 5433, "", false},
			{"", "10.0.0.1", 5432, "", false},
			{"", "93.184.216.34", 5432, "", false},
		}},
		{"an address of IPv4 within another by itself", "64:ff9b::/96 [2002:101:101::1]:1", "", []try{
			{"", "64:ff9b::808:808", 1, "64:ff9b::/96", true},
			{"", "64:ff9b:1::1", 1, "", false},
			{"", "2002:101:101::1", 1, "[2002:101:101::1]:1", true},
			{"", "2002:101:101::2", 1, "", false},
		}},
		{"deny wins", "* *.example.org 10.0.0.0/8 @local:80 64:ff9b::/96 2002:808:808::1", "bad.example.org *.evil.org:443 10.1.0.0/16 @host 8.8.8.0/24", []try{
			{"good.example.org", "1.1.1.1", 1, "*.example.org", true},
			{"bad.example.org", "1.1.1.1", 1, "bad.example.org", false},
			{"bad.example.org", "10.0.0.1", 1, "bad.example.org", false},
			{"a.evil.org", "1.1.1.1", 443, "*.evil.org:443", false},
			{"a.evil.org", "1.1.1.1", 80, "*", true},
			{"evil.org", "1.1.1.1", 443, "*", true},
			{"", "10.0.0.1", 80, "10.0.0.0/8", true},
			{"", "10.1.0.1", 80, "10.1.0.0/16", false},
			{"good.example.org", "10.1.0.1", 80, "10.1.0.0/16", false},
			{"", "127.0.0.1", 80, "@host", false},
			{"", "0.0.0.0", 80, "@host", false},
			{"host.jail", "127.0.0.1", 80, "@host", false},
			{"", "192.168.0.1", 80, "@local:80", true},
			{"", "8.8.8.8", 1, "8.8.8.0/24", false},
			{"", "64:ff9b::808:808", 1, "8.8.8.0/24", false},
			{"", "2002:808:808::1", 1, "8.8.8.0/24", false},
			{"", "64:ff9b::101:101", 1, "64:ff9b::/96", true},
		}},
		{"deny of groups", "10.0.0.0/8 127.0.0.1 1.1.1.1 64:ff9b::/96", "@local", []try{
			{"", "10.0.0.1", 1, "@local", false},
			{"", "127.0.0.1", 1, "@local", false},
			{"", "64:ff9b::101:101", 1, "@local", false},
			{"", "1.1.1.1", 1, "1.1.1.1", true},
		}},
		{"deny of everything", "@local example.org 1.1.1.1", "*:25", []try{
			{"", "10.0.0.1", 25, "*:25", false},
			{"host.jail", "127.0.0.1", 25, "*:25", false},
			{"example.org", "1.1.1.1", 25, "*:25", false},
			{"", "1.1.1.1", 25, "*:25", false},
			{"example.org", "1.1.1.2", 26, "example.org", true},
		}},
		{"zones (W12)", "@local fe80::/10 *", "", []try{
			{"", "fe80::2", 1, "fe80::/10", true},
			{"", "fe80::2%eth0", 1, "", false},
			{"fe80::2%eth0", "fe80::2", 1, "", false},
			{"", "", 1, "", false},
		}},
		{"odd spellings of addresses as names (W4)", "*", "", []try{
			{"1.1.1.1.example", "1.1.1.1", 1, "*", true},
			{"0x1010101", "1.1.1.1", 1, "", false},
			{"1.1", "1.1.0.1", 1, "", false},
			{"1.1.1.1", "1.1.1.1", 1, "", false},
		}},
	}
	for _, tt := range tests {
		s := set(t, tt.allow, tt.deny, own...)
		for _, try := range tt.tries {
			d := s.Decide(try.name, addr(try.addr), try.port)
			by := ""
			if d.Rule != nil {
				by = d.Rule.Text
			}
			if d.Allowed != try.ok || by != try.by || d.Reason == "" {
				t.Errorf("%s: %q %s %d: %v by %q, want %v by %q (%s)", tt.what, try.name, try.addr, try.port, d.Allowed, by, try.ok, try.by, d.Reason)
			}
			open := false
			for _, p := range s.Ports(try.name, addr(try.addr)) {
				open = open || p.has(try.port)
			}
			if open != d.Allowed {
				t.Errorf("%s: %q %s %d: Ports says %v", tt.what, try.name, try.addr, try.port, open)
			}
		}
	}
}

// TestLocalAddresses is row W5: the last address before a network, its first, its last
// and the next one, of which those outside are the control.
func TestLocalAddresses(t *testing.T) {
	inside := strings.Fields(`
		0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.255
		168.63.129.16 169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.192 192.0.0.255
		192.88.99.1 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255
		224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.254 255.255.255.255
		:: ::1 ::2 ::ffff:1.1.1.1 ::ffff:127.0.0.1 ::1.1.1.1 ::127.0.0.1 64:ff9b::1.1.1.1 64:ff9b::127.0.0.1 64:ff9b:1::1 64:ff9b:1:ffff:ffff::1
		100::1 1fff:ffff::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:1ff::1 2002:: 2002:7f00:1::1 2002:ffff::1
		4000:: 5f00::1 fc00:: fd00:ec2::254 fdff:ffff::1 fe80:: fe80::1 febf:ffff::1 fec0::1 ff00:: ff02::1 ffff:ffff::1
		93.184.216.34 2606:2800::34`)
	outside := strings.Fields(`
		1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0
		172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.88.98.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
		192.0.2.1 198.51.100.1 203.0.113.1 223.255.255.255 93.184.216.33 93.184.216.35
		2000:: 2001:200::1 2001:4860::8888 2001:db8::1 3fff::1 2003::1 2606:2800::33 3ffe::1 3fff:1000::1`)
	wide := set(t, "*", "", addr("93.184.216.34"), addr("2606:2800::34"))
	named := set(t, "* @local", "", addr("93.184.216.34"), addr("2606:2800::34"))
	other := set(t, "*", "")
	for _, text := range inside {
		a := addr(text)
		if d := wide.Decide("", a, 80); d.Allowed {
			t.Errorf("%s is not local", text)
		}
		if d := wide.Decide("metadata.google.internal", a, 80); d.Allowed {
			t.Errorf("%s is reached by a name", text)
		}
		if _, carries := wide.local(a); named.Decide("", a, 80).Allowed == carries {
			t.Errorf("%s and @local: carries another: %v", text, carries)
		}
		literal := "[" + text + "]:80"
		if strings.HasPrefix(text, "::ffff:") {
			continue // which no entry can name
		}
		if d := set(t, literal, "").Decide("", a, 80); !d.Allowed {
			t.Errorf("%s is named, and %s", text, d.Reason)
		}
	}
	for _, text := range outside {
		if d := wide.Decide("", addr(text), 80); !d.Allowed {
			t.Errorf("%s: %s", text, d.Reason)
		}
		if d := set(t, "@local", "").Decide("", addr(text), 80); d.Allowed {
			t.Errorf("%s belongs to @local", text)
		}
	}
	if d := other.Decide("", addr("93.184.216.34"), 80); !d.Allowed {
		t.Error("the address of another host: ", d.Reason)
	}
	if d := other.WithOwn([]netip.Addr{addr("93.184.216.34")}).Decide("", addr("93.184.216.34"), 80); d.Allowed {
		t.Error("an address that the host has by now is reached")
	}
}

func TestCarried(t *testing.T) {
	for text, want := range map[string]string{
		"::ffff:1.2.3.4": "1.2.3.4", "::1.2.3.4": "1.2.3.4", "64:ff9b::1.2.3.4": "1.2.3.4", "64:ff9b:1::1.2.3.4": "1.2.3.4",
		"2002:102:304::1": "1.2.3.4", "2001:0:4136:e378:8000:63bf:fefd:fcfb": "1.2.3.4",
		"1.2.3.4": "", "::1": "", "::": "", "2001:db8::1.2.3.4": "", "2606::1.2.3.4": "",
	} {
		got, ok := carried(addr(text))
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%s carries %v, %v; want %q", text, got, ok, want)
		}
	}
}

func TestMayAsk(t *testing.T) {
	s := set(t, "example.org:443 *.corp:1-100 gone.example half.example:1-10 10.0.0.0/8 @host:5432", "gone.example half.example:5-10 x.corp:1-50 x.corp:51-100 y.corp:1-99")
	for name, want := range map[string]string{
		"example.org": "example.org:443", "Example.ORG.": "example.org:443", "a.corp": "*.corp:1-100", "y.corp": "*.corp:1-100", "half.example": "half.example:1-10", "host.jail": "@host:5432",
		"corp": "", "gone.example": "-gone.example", "x.corp": "-x.corp:1-50", "other.org": "", "10.0.0.1": "", "a\x00": "", "www.example.org": "", "": "",
	} {
		d := s.MayAsk(name)
		got := ""
		if d.Rule != nil {
			got = d.Rule.Text
			if !d.Allowed {
				got = "-" + got
			}
		}
		if got != want || d.Allowed != (want != "" && want[0] != '-') || d.Reason == "" {
			t.Errorf("%q: %v by %q, want %q (%s)", name, d.Allowed, got, want, d.Reason)
		}
	}
	if d := set(t, "*", "").MayAsk("host.jail"); d.Allowed {
		t.Error("* opens host.jail")
	}
	if d := set(t, "*:443", "").MayAsk("anything.example"); !d.Allowed {
		t.Error(d.Reason)
	}
}

func TestReasons(t *testing.T) {
	s := set(t, "example.org:443 0.0.0.0/0:81", "bad.example")
	for _, tt := range []struct {
		name, addr string
		port       uint16
		want       string
	}{
		{"example.org", "1.1.1.1", 443, `"example.org:443" allows example.org:443`},
		{"example.org", "1.1.1.1", 80, "nothing allows example.org:80"},
		{"", "2606::1", 80, "nothing allows [2606::1]:80"},
		{"bad.example", "1.1.1.1", 80, `"bad.example" denies bad.example:80`},
		{"example.org", "10.0.0.1", 443, "example.org answers 10.0.0.1, which is a private address, and names open nothing that is local"},
		{"", "127.0.0.1", 443, "nothing allows 127.0.0.1, which is a loopback address"},
		{"", "127.0.0.1", 81, `nothing allows 127.0.0.1, which is a loopback address; "0.0.0.0/0:81" holds other addresses too, and does not open it`},
		{"host.jail", "", 81, "nothing allows host.jail:81"},
		{"127.1", "", 81, `"127.1" is not the name of a host: some programs read it as an address`},
	} {
		if d := s.Decide(tt.name, addr(tt.addr), tt.port); d.Reason != tt.want {
			t.Errorf("%q %s %d: %s, want %s", tt.name, tt.addr, tt.port, d.Reason, tt.want)
		}
	}
}

func TestPorts(t *testing.T) {
	for _, tt := range []struct{ allow, deny, want string }{
		{"a.b", "", "[{1 65535}]"},
		{"a.b:5 a.b:1-3 *:4", "", "[{1 5}]"},
		{"a.b:5-9 *.b:1-3 c.b:4", "", "[{1 3} {5 9}]"},
		{"a.b:1-9 a.b:2-3 a.b:8-12", "a.b:9-10", "[{1 8} {11 12}]"},
		{"a.b", "a.b:1 *:65535", "[{2 65534}]"},
		{"a.b:1-9", "a.b:1-5 a.b:5-9", "[]"},
		{"a.b:1-9", "a.b:1-5 *.b:7-20 c.b", "[{6 6}]"},
	} {
		if got := fmt.Sprint(set(t, tt.allow, tt.deny).Ports("a.b", netip.Addr{})); got != tt.want {
			t.Errorf("%q without %q is %s, want %s", tt.allow, tt.deny, got, tt.want)
		}
	}
}
