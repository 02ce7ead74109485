package nat

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/network/rules"
	"github.com/jail-project/jail/policy/kind"
)

// TestOpensLocal: an entry opens what is local where it does so for a filtered network: both
// answer alike for an address in it, when nothing else is allowed.
func TestOpensLocal(t *testing.T) {
	for _, text := range []string{
		"10.0.0.0/8", "10.1.0.0/16", "8.0.0.0/6", "0.0.0.0/0", "192.168.1.1", "8.8.8.8", "169.254.0.0/16", "169.0.0.0/8",
		"fd00::/8", "fc00::/7", "::/0", "e000::/3", "2000::/3", "2001::/23", "2001::/16", "fe80::1", "4000::/2",
	} {
		net, err := netip.ParsePrefix(text)
		if err != nil {
			addr := netip.MustParseAddr(text)
			net = netip.PrefixFrom(addr, addr.BitLen())
		}
		r, p := rules.Parse(text, "", nil)
		if p != nil {
			t.Fatal(text, p)
		}
		set := rules.New([]rules.Rule{r}, nil, nil)
		for _, l := range network.LocalNets() {
			local := netip.MustParsePrefix(l.Net).Addr()
			if l.Carries || !net.Contains(local) {
				continue
			}
			if got := set.Decide("", local, 80).Allowed; got != opensLocal(text) {
				t.Errorf("%s opens %s: %v here, %v in a filtered network", text, local, opensLocal(text), got)
			}
		}
	}
}

// TestBatches: many entries take several messages, none of which is too large for a
// socket, and few take one.
func TestBatches(t *testing.T) {
	own := []Net{{[]byte{192, 0, 2, 1}, 24}, {make([]byte, 16), 64}}
	if n := len(Rules(nil, nil, own)); n != 1 {
		t.Errorf("without entries there are %d messages", n)
	}
	entry, p := kind.ParseHost("[2001:db8::1]:80-90")
	if p != nil {
		t.Fatal(p)
	}
	batches := Rules(slices.Repeat([]kind.Host{entry}, 1000), nil, own)
	total := 0
	for _, b := range batches {
		if total += len(b); len(b) > 200_000 {
			t.Errorf("a message has %d bytes", len(b))
		}
	}
	if len(batches) < 8 {
		t.Errorf("1000 entries take %d messages", len(batches))
	}
}

// TestArguments: what must not be missing when pasta is started.
func TestArguments(t *testing.T) {
	for _, with6 := range []bool{true, false} {
		args := Arguments(with6, false)
		for _, want := range []string{"--no-map-gw", "--tcp-ports", "--udp-ports", "--tcp-ns", "--udp-ns", "--foreground"} {
			if !slices.Contains(args, want) {
				t.Errorf("%s is missing", want)
			}
		}
		if slices.Contains(args, "--ipv4-only") == with6 || slices.Contains(args, "--runas") {
			t.Errorf("with IPv6 %v: %q", with6, args)
		}
	}
	if !slices.Contains(Arguments(true, true), "--runas") {
		t.Error("as root pasta would be somebody who can't join")
	}
}
