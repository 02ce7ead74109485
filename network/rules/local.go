package rules

import "net/netip"

// localNet is a network in which all addresses are local.
type localNet struct {
	prefix netip.Prefix
	what   string // for people: "a private address"
	// carries: the addresses have one of IPv4 in them, to which they may lead,
	// wherever that is. Only an entry with such an address or network opens it, since
	// @local would open addresses that are not local.
	carries bool
}

// localNets lists what @local is beside the host's own addresses: every network that
// is not globally reachable by the registries of special-purpose addresses (RFC 6890,
// and IANA's pages that it founded), and addresses at which a host that runs in a
// data centre is told its secrets. Narrow ones come before the wider ones around them.
// Networks for documentation (RFC 5737, RFC 3849) are left out: nobody has one at home,
// and where tests have an Internet of their own its hosts are in there.
func localNets() []localNet {
	const private = "a private address"
	table := []struct {
		prefix, what string
		carries      bool
	}{
		{"0.0.0.0/8", "this host", false},
		{"10.0.0.0/8", private, false},
		{"100.100.100.200/32", "a metadata service", false}, // Alibaba
		{"100.64.0.0/10", "an address shared behind a provider's NAT", false},
		{"127.0.0.0/8", "a loopback address", false},
		{"168.63.129.16/32", "a metadata service", false}, // Azure, among public addresses
		{"169.254.169.254/32", "a metadata service", false},
		{"169.254.170.2/32", "a metadata service", false}, // Amazon ECS
		{"169.254.0.0/16", "a link-local address", false},
		{"172.16.0.0/12", private, false},
		{"192.0.0.0/24", "a reserved address", false},
		{"192.88.99.0/24", "a relay between IPv4 and IPv6", false},
		{"192.168.0.0/16", private, false},
		{"198.18.0.0/15", "an address for benchmarks", false},
		{"224.0.0.0/4", "a multicast address", false},
		{"255.255.255.255/32", "the broadcast address", false},
		{"240.0.0.0/4", "a reserved address", false},

		{"::1/128", "a loopback address", false},
		{"::/128", "this host", false},
		{"::/96", "an address of IPv4 within one of IPv6", true},             // RFC 4291, 2.5.5.1
		{"::ffff:0:0/96", "an address of IPv4 within one of IPv6", true},     // RFC 4291, 2.5.5.2
		{"64:ff9b::/96", "an address of IPv4 behind a NAT64", true},          // RFC 6052
		{"64:ff9b:1::/48", "an address of IPv4 behind a NAT64", true},        // RFC 8215
		{"2001::/32", "an address of IPv4 within one of IPv6, Teredo", true}, // RFC 4380
		{"2002::/16", "an address of IPv4 within one of IPv6, 6to4", true},   // RFC 3056
		{"2001::/23", "a reserved address", false},
		{"fd00:ec2::254/128", "a metadata service", false}, // Amazon EC2
		{"fc00::/7", private, false},
		{"fe80::/10", "a link-local address", false},
		{"fec0::/10", "a site-local address", false},
		{"ff00::/8", "a multicast address", false},
	}
	nets := make([]localNet, len(table))
	for i, row := range table {
		nets[i] = localNet{netip.MustParsePrefix(row.prefix), row.what, row.carries}
	}
	return nets
}

// globalUnicast holds all addresses of IPv6 that are assigned for general use (RFC
// 4291, section 2.4, and IANA's registry of the address space). All others are local,
// whatever they will be used for.
func globalUnicast() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3)
}

// isLocalNet tells whether all addresses of a network are local.
func isLocalNet(p netip.Prefix) bool {
	if p.Addr().Is6() && !p.Overlaps(globalUnicast()) {
		return true
	}
	for _, n := range localNets() {
		if n.prefix.Bits() <= p.Bits() && n.prefix.Contains(p.Addr()) {
			return true
		}
	}
	return false
}

// carried returns the address of IPv4 that an address of IPv6 has within it, which is
// where the packets may go to. The second result is false when it has none.
func carried(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() || addr.IsLoopback() || addr.IsUnspecified() {
		return netip.Addr{}, false
	}
	b := addr.As16()
	at := func(i int) (netip.Addr, bool) { return netip.AddrFrom4([4]byte(b[i : i+4])), true }
	switch {
	case addr.Is4In6():
		return addr.Unmap(), true
	case b[0] == 0x20 && b[1] == 0x02: // 6to4
		return at(2)
	case b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0: // Teredo, with all bits inverted
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), true
	case [12]byte(b[:12]) == [12]byte{}, // IPv4-compatible
		[12]byte(b[:12]) == [12]byte{0x00, 0x64, 0xff, 0x9b}: // NAT64
		return at(12)
	case [6]byte(b[:6]) == [6]byte{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}:
		// Where the address stands is up to the network (RFC 8215); with a prefix
		// of 96 bits, the only one in wide use, it is at the end.
		return at(12)
	}
	return netip.Addr{}, false
}
