package network

// NatJail4 and NatJail6 are the jail's addresses in a network behind the host's. Like all
// of that network, and like those of the relay, they are no host's.
const (
	NatJail4 = "198.19.254.2"
	NatJail6 = "fd6a:6169:6c00:2::2"
)

// NatGateway4 and NatGateway6 are the router that it sends everything to.
const (
	NatGateway4 = "198.19.254.1"
	NatGateway6 = "fd6a:6169:6c00:2::1"
)

// NatNames4 and NatNames6 are where it asks for names.
const (
	NatNames4 = "198.19.254.53"
	NatNames6 = "fd6a:6169:6c00:2::53"
)

// NatBits4 is the length of that network of IPv4; the one of IPv6 has 64 bits, as all that
// hosts are in.
const NatBits4 = "24"
