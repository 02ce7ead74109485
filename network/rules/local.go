package rules

import (
	"net/netip"

	"github.com/jail-project/jail/network"
)

// localNet is a network in which all addresses are local.
type localNet struct {
	prefix netip.Prefix
	what   string // for people: "a private address"
	// carries: the addresses have one of IPv4 in them, to which they may lead,
	// wherever that is. Only an entry with such an address or network opens it, since
	// @local would open addresses that are not local.
	carries bool
}

// localNets are the networks of network.LocalNets.
func localNets() []localNet {
	table := network.LocalNets()
	nets := make([]localNet, len(table))
	for i, row := range table {
		nets[i] = localNet{netip.MustParsePrefix(row.Net), row.What, row.Carries}
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
