package dns

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseResolvConf(t *testing.T) {
	servers := func(texts ...string) (all []netip.AddrPort) {
		for _, text := range texts {
			all = append(all, netip.AddrPortFrom(netip.MustParseAddr(text), 53))
		}
		return all
	}
	usual := func(change func(c *ResolvConf)) ResolvConf {
		c := ResolvConf{Servers: servers("127.0.0.1"), Ndots: 1, Timeout: 5 * time.Second, Attempts: 2}
		change(&c)
		return c
	}
	tests := []struct {
		name, text string
		want       ResolvConf
	}{
		{"nothing", "", usual(func(*ResolvConf) {})},
		{"systemd", "# made by\nnameserver 127.0.0.53\noptions edns0 trust-ad\nsearch lan\n", usual(func(c *ResolvConf) {
			c.Servers, c.EDNS0, c.TrustAD, c.Search = servers("127.0.0.53"), true, true, []string{"lan"}
		})},
		{"both families", "nameserver 2001:db8::1\nnameserver\t192.0.2.1 # first\n", usual(func(c *ResolvConf) { c.Servers = servers("2001:db8::1", "192.0.2.1") })},
		{"a zone", "nameserver fe80::1%2\n", usual(func(c *ResolvConf) { c.Servers = servers("fe80::1%2") })},
		{"an IPv4 address as one of IPv6", "nameserver ::ffff:192.0.2.1\n", usual(func(c *ResolvConf) { c.Servers = servers("192.0.2.1") })},
		{"more than three", strings.Repeat("nameserver 192.0.2.1\n", 4), usual(func(c *ResolvConf) { c.Servers = servers("192.0.2.1", "192.0.2.1", "192.0.2.1") })},
		{"no addresses", "nameserver 1.2.3\nnameserver ns.example.org\nnameserver\nnameserver 192.0.2.1:53", usual(func(*ResolvConf) {})},
		{"not at the start of the line", " nameserver 192.0.2.1\n;nameserver 192.0.2.1\n#nameserver 192.0.2.1\nxnameserver 192.0.2.1", usual(func(*ResolvConf) {})},
		{"domain and then search", "domain a.test b.test\nsearch c.test d.test\n", usual(func(c *ResolvConf) { c.Search = []string{"c.test", "d.test"} })},
		{"search and then domain", "search c.test d.test\ndomain a.test b.test\n", usual(func(c *ResolvConf) { c.Search = []string{"a.test"} })},
		{"all options", "options ndots:3 timeout:7 attempts:4 rotate use-vc single-request no-aaaa unknown unknown:1", usual(func(c *ResolvConf) {
			c.Ndots, c.Timeout, c.Attempts = 3, 7*time.Second, 4
			c.Rotate, c.UseTCP, c.SingleRequest, c.NoAAAA = true, true, true, true
		})},
		{"too much", "options ndots:99 timeout:99 attempts:99", usual(func(c *ResolvConf) { c.Ndots, c.Timeout, c.Attempts = 15, 30*time.Second, 5 })},
		{"too little", "options ndots:0 timeout:0 attempts:0", usual(func(c *ResolvConf) { c.Ndots, c.Timeout, c.Attempts = 0, time.Second, 1 })},
		{"no numbers", "options ndots:x timeout: attempts timeout:-1", usual(func(*ResolvConf) {})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := ParseResolvConf([]byte(test.text)); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestParseHosts(t *testing.T) {
	const text = "127.0.0.1 localhost\n192.0.2.1\tDB.test. db  # db2\n2001:db8::1 db.test\nnonsense db.test\n0.0.0.0 ads.test\n192.0.2.9 other.test\n192.0.2.2 a..b -\x00\n192.0.2.3"
	got := ParseHosts([]byte(text), func(name string) bool { return name != "other.test" && name != "localhost" })
	want := map[string][]netip.Addr{
		"db.test":  {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
		"db":       {netip.MustParseAddr("192.0.2.1")},
		"ads.test": {netip.MustParseAddr("0.0.0.0")},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNsswitch(t *testing.T) {
	resolved := ParseResolvConf([]byte("nameserver 127.0.0.53"))
	plain := ParseResolvConf([]byte("nameserver 192.0.2.1"))
	mdns := Other{"mdns4_minimal", "local"}
	tests := []struct {
		name, text         string
		order              []Source
		unserved, resolved []Other
	}{
		{"none", "", []Source{Files, DNS}, nil, nil},
		{"no line", "passwd: files\n# hosts: dns\n", []Source{Files, DNS}, nil, nil},
		{"usual", "hosts: files dns\n", []Source{Files, DNS}, nil, nil},
		{"the other way", " hosts :\tdns files # x", []Source{DNS, Files}, nil, nil},
		{"only files", "hosts: files", []Source{Files}, nil, nil},
		{"files alone, by an action", "hosts: files [NOTFOUND=return] dns", []Source{Files}, nil, nil},
		{"another action", "hosts: files [SUCCESS=return] dns", []Source{Files, DNS}, nil, nil},
		{"an action that is taken back", "hosts: files [!UNAVAIL=return NOTFOUND=continue] dns", []Source{Files, DNS}, nil, nil},
		{"glibc of old", "hosts: dns [!UNAVAIL=return] files", []Source{DNS}, nil, nil},
		{"a desktop of Debian", "hosts: files mdns4_minimal [NOTFOUND=return] dns", []Source{Files, DNS}, []Other{mdns}, []Other{mdns}},
		{"Fedora", "hosts: files myhostname mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] dns", []Source{Files, DNS}, []Other{mdns, {Name: "resolve"}}, []Other{mdns}},
		{"systemd's own", "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns", []Source{Files, DNS}, []Other{{Name: "mymachines"}, {Name: "resolve"}}, []Other{{Name: "mymachines"}}},
		{"others", "hosts: wins ldap[NOTFOUND=return]nis", nil, []Other{{Name: "wins"}, {Name: "ldap"}, {Name: "nis"}}, []Other{{Name: "wins"}, {Name: "ldap"}, {Name: "nis"}}},
		{"open brackets", "hosts: [x] files [NOTFOUND=return", []Source{Files}, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := Nsswitch([]byte(test.text))
			if !reflect.DeepEqual(s.Order, test.order) {
				t.Errorf("the order is %v, not %v", s.Order, test.order)
			}
			if got := s.Unserved(&plain); len(got)+len(test.unserved) > 0 && !reflect.DeepEqual(got, test.unserved) {
				t.Errorf("unserved are %v, not %v", got, test.unserved)
			}
			if got := s.Unserved(&resolved); len(got)+len(test.resolved) > 0 && !reflect.DeepEqual(got, test.resolved) {
				t.Errorf("with systemd-resolved, unserved are %v, not %v", got, test.resolved)
			}
		})
	}
}

// TestConfigIsData: another process can be sent one.
func TestConfigIsData(t *testing.T) {
	c := Config{
		ResolvConf: ParseResolvConf([]byte("nameserver fe80::1%2\nsearch a\noptions rotate")),
		Order:      []Source{DNS, Files},
		Hosts:      map[string][]netip.Addr{"a.test": {netip.MustParseAddr("192.0.2.1")}},
		Fixed:      map[string][]netip.Addr{"host.jail": {netip.IPv6Loopback()}},
	}
	text, err := json.Marshal(c)
	must(t, err)
	var got Config
	must(t, json.Unmarshal(text, &got))
	if !reflect.DeepEqual(got, c) {
		t.Errorf("got %+v, want %+v", got, c)
	}
}
