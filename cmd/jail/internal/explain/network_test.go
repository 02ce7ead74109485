package explain

import (
	"net/netip"
	"testing"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

// TestNat: addresses are judged as the rules do, and names by nobody.
func TestNat(t *testing.T) {
	entries := func(texts ...string) (list []policy.Entry) {
		for _, text := range texts {
			list = append(list, policy.Entry{Text: text})
		}
		return list
	}
	for _, c := range []struct {
		network policy.Network
		verdict map[string]string
	}{
		{policy.Network{}, map[string]string{
			"8.8.8.8": "reachable", "10.0.0.1": "unreachable", "198.51.101.1:80": "reachable", "192.0.2.77": "unreachable", "127.0.0.1": "unreachable",
			"[::1]:80": "unreachable", "host.jail": "unreachable", "@host:80": "unreachable", "example.org:443": "depends", "10.0.0.0/8": "depends",
		}},
		{policy.Network{Allow: entries("10.0.0.0/8:80"), Deny: entries("10.1.0.0/16")}, map[string]string{
			"8.8.8.8": "unreachable", "10.0.0.1:80": "reachable", "10.0.0.1:81": "unreachable", "10.1.0.1:80": "unreachable",
		}},
	} {
		c.network.Mode.V = "nat"
		for word, want := range c.verdict {
			e := &Explainer{Policy: &policy.Policy{Network: c.network}, Own: func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("192.0.2.77")} }}
			e.hostName(word, diag.Range{})
			if len(e.Answers) != 1 || e.Answers[0].Verdict != want {
				t.Errorf("%s: %+v %v, want %s", word, e.Answers, e.Problems, want)
			}
		}
	}
}
