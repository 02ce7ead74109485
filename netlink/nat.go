package netlink

import "golang.org/x/sys/unix"

// Loopback is the index of lo in every network namespace.
const Loopback = loopback

// Leave begins a chain that every packet of the namespace passes on its way out. It
// accepts what stays in the namespace, and the messages by which the kernel finds its
// neighbors; rules about all others follow, and what none of them decides is accepted.
func Leave(table, chain string) *Nft {
	n := NewNft(table)
	n.Chain(chain, unix.NF_INET_LOCAL_OUT, 0)
	n.Rule(Leaving(Loopback), Accept())
	n.Rule(IPv6(), NeighborDiscovery(), Accept())
	return n
}
