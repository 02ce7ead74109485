package netmodes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// public are addresses that are not local.
var public = []string{"8.8.8.8", "1.1.1.1", "2606::1", "2a00:1:2:4::1"}

// local are addresses that are local, each for a reason of its own; the scene answers at
// all of them.
var local = []string{
	"10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.200", "168.63.129.16", "169.254.169.254", "169.254.170.2", "169.254.1.1",
	"192.0.0.8", "192.88.99.1", "198.18.0.1", "198.19.254.1",
	"fd00::1", "fd00:ec2::254", "fec0::1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:808:808::1", "2001::1", "4000::1", "::8.8.8.8",
	"203.0.114.2", "2a00:1:2:3::2", "2a00:1:2:3::1", // the host's own address, and the network of IPv6 that it is in
}

// unreachable are addresses at which nothing of the host or behind it can answer, whatever the
// rules say.
var unreachable = []string{
	"127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "198.19.254.2", "fd6a:6169:6c00:2::2", "255.255.255.255", "198.19.254.255",
	"224.0.0.1", "240.0.0.1", "ff02::1", "fe80::1",
}

// gateways are the addresses at which pasta could answer.
var gateways = []string{"198.19.254.1", "198.19.254.53", "fd6a:6169:6c00:2::1", "fd6a:6169:6c00:2::53"}

// W16, W5: a network behind the host's reaches what is public, and neither the host nor
// what is local. The scene answers at all addresses, so each that is out of reach from the
// jail is one that is in reach without, and all but the host's loopback without the rules.
func TestNatReaches(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	s := newScene(t)
	all := slices.Concat(public, local, unreachable, gateways)
	compare(t, "without a jail", s.asks(nil, slices.Concat(public, local)), slices.Concat(public, local))
	compare(t, "in the jail", s.asks(s.jail(), all), public)

	profile := s.Profile("extends: [default]\nnetwork: nat\nfilesystem: {read: [~/testdata]}\n")
	weakened := func(edits string) []string { return []string{weakenBin, "-profile", profile, "-off", edits} }
	without := s.asks(weakened("local"), all)
	for _, address := range append(unreachable, gateways...) {
		if said := without[address]; strings.HasPrefix(said, "host") {
			t.Errorf("without the rules %s is the host", address)
		}
	}
	for _, address := range slices.Concat(public, local[:13]) {
		if without[address] == "" {
			t.Errorf("without the rules nothing answers at %s, so the rules are not what keeps it away", address)
		}
	}
	if said := s.asks(weakened("local,gateway"), gateways); !strings.HasPrefix(said[gateways[0]], "host") {
		t.Errorf("without --no-map-gw pasta leads to %v", said)
	}
}

// compare expects answers at these addresses, by the world or the host, and at no others.
func compare(t *testing.T, where string, got map[string]string, want []string) {
	t.Helper()
	for _, address := range want {
		if got[address] == "" {
			t.Errorf("%s nothing answers at %s", where, address)
		}
	}
	for _, address := range slices.Sorted(maps.Keys(got)) {
		if !slices.Contains(want, address) {
			t.Errorf("%s %s answers at %s", where, got[address], address)
		}
	}
}

// TestNatRules: entries are obeyed by address, network, group and port, deny before allow.
func TestNatRules(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, c := range []struct {
		flags string
		asked string
		want  string
	}{
		{"--deny 8.8.8.0/24", "8.8.8.8 8.8.9.1 10.0.0.1", "8.8.9.1"},
		{"--deny 8.8.8.8:80", "8.8.8.8 8.8.8.9", "8.8.8.9"},
		{"--deny 8.8.8.8:81-65535", "8.8.8.8", "8.8.8.8"},
		{"--deny *:80", "8.8.8.8 2606::1", ""},
		{"--deny *:443", "8.8.8.8 2606::1", "8.8.8.8 2606::1"},
		{"--deny 2606::/16", "8.8.8.8 2606::1 2607::1", "8.8.8.8 2607::1"},
		{"--allow 1.2.3.4", "1.2.3.4 1.2.3.5 2606::1 10.0.0.1", "1.2.3.4"},
		{"--allow 1.2.3.0/24:80 --deny 1.2.3.4", "1.2.3.4 1.2.3.5", "1.2.3.5"},
		{"--allow 1.2.3.4:81", "1.2.3.4", ""},
		{"--allow 2606::/16", "2606::1 2607::1 1.2.3.4", "2606::1"},
		{"--allow * --allow 10.0.0.0/8", "1.2.3.4 10.1.1.1 192.168.1.1 203.0.114.2", "1.2.3.4 10.1.1.1"},
		{"--allow 0.0.0.0/0", "1.2.3.4 10.1.1.1 2606::1", "1.2.3.4"},
		{"--allow @local", "1.2.3.4 10.1.1.1 169.254.169.254 fd00::1 203.0.114.2 2a00:1:2:3::2 64:ff9b::808:808", "10.1.1.1 169.254.169.254 fd00::1 203.0.114.2 2a00:1:2:3::2"},
		{"--allow @local:81", "10.1.1.1", ""},
		{"--allow @local --deny 10.0.0.0/9", "10.1.1.1 10.128.0.1", "10.128.0.1"},
		{"--allow 10.1.1.1 --deny @local", "10.1.1.1 10.1.1.2", ""},
		{"--allow 203.0.114.2", "203.0.114.2 127.0.0.1", "203.0.114.2"},
		{"--allow 127.0.0.0/8", "127.0.0.1 127.0.0.2 198.19.254.1", ""},
	} {
		got := s.asks(s.jail(strings.Fields(c.flags)...), strings.Fields(c.asked))
		if reached := slices.Sorted(maps.Keys(got)); !slices.Equal(reached, slices.Sorted(slices.Values(strings.Fields(c.want)))) {
			t.Errorf("%s: of %s it reaches %q", c.flags, c.asked, reached)
		}
	}
}

// TestNatManyRules: more rules than one message holds are all obeyed.
func TestNatManyRules(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var flags []string
	for a := range 8 {
		for b := range 250 {
			flags = append(flags, fmt.Sprintf("--deny=9.%d.%d.0/24:80", a, b))
		}
	}
	got := s.asks(s.jail(flags...), []string{"9.0.0.1", "9.3.130.1", "9.7.249.1", "9.8.1.1"})
	compare(t, "with many rules", got, []string{"9.8.1.1"})
}
