package network

// The addresses of a network behind the host's: of the jail, of the router that it sends
// everything to, and of the resolver. Like those of the relay they are no host's.
const (
	NatJail4, NatGateway4, NatNames4 = "198.19.254.2", "198.19.254.1", "198.19.254.53"
	NatJail6, NatGateway6, NatNames6 = "fd6a:6169:6c00:2::2", "fd6a:6169:6c00:2::1", "fd6a:6169:6c00:2::53"
)

// NatBits4 is the length of that network of IPv4; the one of IPv6 has 64 bits, as all that
// hosts are in.
const NatBits4 = "24"
