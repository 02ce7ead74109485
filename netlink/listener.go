package netlink

import "golang.org/x/sys/unix"

// ToListener are the messages for nftables by which every connection of TCP that is made
// in a network namespace arrives at one port of two listeners, one of each family, but
// for those to its own loopback. Each address has to be one of the namespace: see
// EverythingLocal. No connection is tracked and nothing is rewritten, so the destination
// that the listener sees is the one that the program asked for.
func ToListener(v4, v6 []byte, port uint16) []byte {
	const beforeRouting = -150 // NF_IP_PRI_MANGLE, where tproxy belongs
	n := NewNft("jail")
	n.Chain("connect", unix.NF_INET_PRE_ROUTING, beforeRouting)
	n.Rule(To([]byte{127, 0, 0, 0}, 8), Accept())
	n.Rule(To([]byte{15: 1}, 128), Accept())
	n.Rule(IPv4(), Transport(unix.IPPROTO_TCP), Connecting(), Tproxy(v4, port))
	n.Rule(IPv6(), Transport(unix.IPPROTO_TCP), Connecting(), Tproxy(v6, port))
	return n.End()
}
