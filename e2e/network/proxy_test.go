package network

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// W9: a program that asks the proxy gets what it gets without it: CONNECT to what is
// allowed. Which site the requests inside are for is the site's business, which is the
// one that was asked for.
func TestW9Proxy(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "curl")
	w, s, other := world(t), out.site("w9"), out.site("w9other")
	curl := func(args ...string) []string {
		return append(jailed(w, []string{s.name + ":80", s.name + ":443"}), append([]string{"curl", "-sS", "--fail", "--max-time", "30"}, args...)...)
	}
	const http, socks = "http://proxy.jail:1080", "socks5h://proxy.jail:1080"
	for _, args := range [][]string{
		{"--proxy", http, "https://" + s.name + "/"},
		{"--proxy", http, "--proxytunnel", "http://" + s.name + "/"},
		{"--proxy", socks, "https://" + s.name + "/"},
		{"--proxy", socks, "http://" + s.name + "/"},
		{"--proxy", http, "--proxytunnel", "--header", "Host: " + other.name, "http://" + s.name + "/"}, // to the same server
	} {
		if r := w.Host(curl(args...)...); r.Status != 0 || !strings.Contains(r.Stdout, "this is "+s.name) {
			t.Errorf("%q: exit status %d\n%s", args, r.Status, r.Output())
		}
	}
	counts := out.packets.during(t, func() {
		for _, args := range [][]string{
			{"--proxy", http, "http://" + s.name + "/"}, // without CONNECT
			{"--proxy", http, "https://" + other.name + "/"},
			{"--proxy", http, "--proxytunnel", "http://" + other.name + "/"},
			{"--proxy", http, "--proxytunnel", "http://" + s.name + ":8080/"},
			{"--proxy", socks, "http://" + s.name + ":8080/"},
			{"--proxy", "socks5://proxy.jail:1080", "http://" + other.v4.String() + "/"},
			{"--proxy", "socks4a://proxy.jail:1080", "http://" + other.name + "/"},
			{"--proxy", http, "--proxytunnel", "--header", "Host: " + s.name, "http://" + other.name + "/"},
			{"--proxy", http, "--connect-to", s.name + ":443:" + other.name + ":443", "https://" + s.name + "/"},
			{"--proxy", http, "--proxy-header", "Host: " + other.name, "--connect-to", other.name + ":443:" + s.name + ":443", "https://" + other.name + "/"},
		} {
			if r := w.Host(curl(args...)...); r.Status == 0 || r.Status == 125 {
				t.Errorf("%q: exit status %d\n%s", args, r.Status, r.Output())
			}
		}
	})
	if found := only(counts, " "+other.v4.String()+":", "["+other.v6.String()+"]", " "+s.v4.String()+":8080", "["+s.v6.String()+"]:8080"); len(found) > 0 {
		t.Errorf("%v", found)
	}
}

// W19: a relay serves its own jail: its addresses are nobody's outside of that.
func TestW19Others(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "curl")
	w, s := world(t), out.site("w19")
	w.Runs(append(jailed(w, []string{s.name})[2:], "sleep", "600")...)
	relayOf(w)
	for _, at := range []string{"198.19.255.254", "fd6a:6169:6c00:1::1", "127.0.0.1", host4} {
		for _, port := range []string{"1", "1080"} {
			if c, err := net.DialTimeout("tcp", net.JoinHostPort(at, port), 10*time.Second); err == nil {
				_ = c.Close()
				t.Errorf("from the host %s:%s takes a connection", at, port)
			}
		}
	}
	url := []string{"curl", "-sS", "--fail", "--max-time", "30", "--proxy", "http://proxy.jail:1080", "https://" + s.name + "/"}
	counts := s.arrived(t, func() {
		if r := w.Host(append(jailed(w, []string{"other.org"}), url...)...); r.Status == 0 || r.Status == 125 {
			t.Errorf("another jail: exit status %d\n%s", r.Status, r.Output())
		}
	})
	if len(counts) > 0 {
		t.Errorf("from another jail arrive %v", counts)
	}
	if r := w.Host(append(jailed(w, []string{s.name}), url...)...); r.Status != 0 {
		t.Errorf("with a rule of its own: exit status %d\n%s", r.Status, r.Output())
	}
}
