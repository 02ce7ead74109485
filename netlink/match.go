package netlink

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// IPv4 and IPv6 limit a rule to one family.
func IPv4() []Expression { return protocol(unix.NFPROTO_IPV4) }

// IPv6 is like IPv4.
func IPv6() []Expression { return protocol(unix.NFPROTO_IPV6) }

func protocol(family byte) []Expression {
	return []Expression{meta(unix.NFT_META_NFPROTO), compare(unix.NFT_CMP_EQ, []byte{family})}
}

// Transport limits a rule to one protocol above IP: unix.IPPROTO_TCP and the like.
func Transport(protocol byte) []Expression {
	return []Expression{meta(unix.NFT_META_L4PROTO), compare(unix.NFT_CMP_EQ, []byte{protocol})}
}

// OtherTransport limits a rule to all protocols above IP but these.
func OtherTransport(protocols ...byte) []Expression {
	match := []Expression{meta(unix.NFT_META_L4PROTO)}
	for _, p := range protocols {
		match = append(match, compare(unix.NFT_CMP_NEQ, []byte{p}))
	}
	return match
}

// To limits a rule to packets to a network: an address of 4 or 16 bytes whose bits beyond
// the length are 0. It limits the rule to the family as well.
func To(address []byte, bits int) []Expression {
	const offset4, offset6 = 16, 24 // of the destination in the header of IP
	match, offset := IPv4(), uint32(offset4)
	if len(address) == 16 {
		match, offset = IPv6(), offset6
	}
	match = append(match, payload(unix.NFT_PAYLOAD_NETWORK_HEADER, offset, uint32(len(address))))
	if bits < 8*len(address) {
		ones := make([]byte, len(address))
		for i := range bits {
			ones[i/8] |= 0x80 >> (i % 8)
		}
		match = append(match, mask(ones))
	}
	return append(match, compare(unix.NFT_CMP_EQ, address))
}

// NotTo limits a rule to packets to what is outside of a network, of the same family.
func NotTo(address []byte, bits int) []Expression {
	match := To(address, bits)
	last := len(match) - 1
	match[last] = compare(unix.NFT_CMP_NEQ, address)
	return match
}

// Leaving limits a rule to packets that leave by the interface of this index. It is for
// chains that packets pass on their way out.
func Leaving(index uint32) []Expression {
	return []Expression{meta(unix.NFT_META_OIF), compare(unix.NFT_CMP_EQ, binary.NativeEndian.AppendUint32(nil, index))}
}

// NeighborDiscovery limits a rule to the messages by which a host finds routers and
// neighbors on its link (RFC 4861, section 4.1 to 4.4).
func NeighborDiscovery() []Expression {
	const first, last = 133, 136 // the types of these messages, the first byte of ICMPv6
	return append(Transport(unix.IPPROTO_ICMPV6),
		payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1),
		compare(unix.NFT_CMP_GTE, []byte{first}),
		compare(unix.NFT_CMP_LTE, []byte{last}))
}

// ToPorts limits a rule to packets to the ports from low to high. The rule has to be
// limited to a protocol with ports.
func ToPorts(low, high uint16) []Expression {
	const offset = 2 // of the destination in the headers of TCP and UDP
	return []Expression{
		payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, offset, 2),
		compare(unix.NFT_CMP_GTE, binary.BigEndian.AppendUint16(nil, low)),
		compare(unix.NFT_CMP_LTE, binary.BigEndian.AppendUint16(nil, high)),
	}
}

// Connecting limits a rule for TCP to packets that ask for a connection: SYN without ACK.
func Connecting() []Expression {
	const offset, syn, ack = 13, 0x02, 0x10 // of the flags in the header of TCP
	return []Expression{
		payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, offset, 1), mask([]byte{syn | ack}), compare(unix.NFT_CMP_EQ, []byte{syn}),
	}
}

// Attributes of the expression tproxy (enum nft_tproxy_attributes of the kernel).
const (
	tproxyFamily  = 1
	tproxyAddress = 2
	tproxyPort    = 3
)

// Tproxy gives a packet to the socket that listens at an address of 4 or 16 bytes, which
// needs IP_TRANSPARENT (ip(7)). To that socket the packet keeps its destination.
func Tproxy(address []byte, port uint16) []Expression {
	family := uint32(unix.NFPROTO_IPV4)
	if len(address) == 16 {
		family = unix.NFPROTO_IPV6
	}
	return append([]Expression{
		load(address, first), load(binary.BigEndian.AppendUint16(nil, port), second),
		{"tproxy", func(b *Batch) {
			b.big(tproxyFamily, family)
			b.big(tproxyAddress, first)
			b.big(tproxyPort, second)
		}},
	}, Accept()...)
}
