package netlink

import "golang.org/x/sys/unix"

// Loopback is the index of lo in every network namespace.
const Loopback = loopback

// Leave begins a chain that every packet of the namespace passes on its way out. It
// accepts what stays in the namespace, and the messages by which the kernel finds its
// neighbors, and refuses all but TCP and UDP; rules about these follow, and what none of
// them decides is accepted.
func Leave(table, chain string) *Nft {
	n := NewNft(table)
	n.Chain(chain, unix.NF_INET_LOCAL_OUT, 0)
	n.Rule(Leaving(Loopback), Accept())
	n.Rule(IPv6(), NeighborDiscovery(), Accept())
	n.Rule(OtherTransport(unix.IPPROTO_TCP, unix.IPPROTO_UDP), Reject())
	return n
}
