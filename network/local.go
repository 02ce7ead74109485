package network

// LocalNet is a network in which all addresses are local.
type LocalNet struct {
	Net  string // address/bits
	What string // for people: "a private address"
	// Carries: the addresses have one of IPv4 in them, to which they may lead, wherever
	// that is. @local does not open them, since it would open what is not local.
	Carries bool
}

// LocalNets lists what @local is beside the host's own addresses: every network that
// is not globally reachable by the registries of special-purpose addresses (RFC 6890,
// and IANA's pages that it founded), and addresses at which a host that runs in a
// data centre is told its secrets. Narrow ones come before the wider ones around them.
// Networks for documentation (RFC 5737, RFC 3849) are left out: nobody has one at home,
// and where tests have an Internet of their own its hosts are in there.
func LocalNets() []LocalNet {
	const private = "a private address"
	return []LocalNet{
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
}

// GlobalUnicast holds all addresses of IPv6 that are assigned for general use (RFC 4291,
// section 2.4, and IANA's registry of the address space). All others are local, whatever
// they will be used for.
const GlobalUnicast = "2000::/3"
