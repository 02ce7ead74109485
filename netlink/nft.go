package netlink

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// Nft is a batch of nftables: one table of the family inet, which replaces nothing. The
// kernel takes a batch whole or not at all.
type Nft struct {
	Batch
	table, chain string
}

// nfnetlink message header: struct nfgenmsg.
func (n *Nft) header(family uint8, resource uint16) {
	n.bytes = append(n.bytes, family, unix.NFNETLINK_V0)
	n.bytes = binary.BigEndian.AppendUint16(n.bytes, resource)
}

func (n *Nft) do(kind, flags uint16, body func()) {
	n.message(unix.NFNL_SUBSYS_NFTABLES<<8|kind, flags|unix.NLM_F_CREATE, func() {
		n.header(unix.NFPROTO_INET, 0)
		body()
	})
}

// NewNft begins a batch with a table.
func NewNft(table string) *Nft {
	n := AddTo(table, "")
	n.do(unix.NFT_MSG_NEWTABLE, 0, func() {
		n.text(unix.NFTA_TABLE_NAME, table)
		n.big(unix.NFTA_TABLE_FLAGS, 0)
	})
	return n
}

// AddTo begins a batch whose rules go to the end of a chain that another batch has made.
func AddTo(table, chain string) *Nft {
	n := &Nft{table: table, chain: chain}
	n.message(unix.NFNL_MSG_BATCH_BEGIN, 0, func() { n.header(unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES) })
	return n
}

// Chain adds a chain of the type filter at a hook (unix.NF_INET_PRE_ROUTING and the like),
// which accepts what no rule decides. Rules that follow go into it.
func (n *Nft) Chain(name string, hook uint32, priority int32) {
	n.chain = name
	n.do(unix.NFT_MSG_NEWCHAIN, 0, func() {
		n.text(unix.NFTA_CHAIN_TABLE, n.table)
		n.text(unix.NFTA_CHAIN_NAME, name)
		n.nest(unix.NFTA_CHAIN_HOOK, func() {
			n.big(unix.NFTA_HOOK_HOOKNUM, hook)
			n.big(unix.NFTA_HOOK_PRIORITY, uint32(priority))
		})
		n.big(unix.NFTA_CHAIN_POLICY, accept)
		n.text(unix.NFTA_CHAIN_TYPE, "filter")
	})
}

// Rule adds a rule to the chain: conditions, and what is done when all are met.
func (n *Nft) Rule(parts ...[]Expression) {
	n.do(unix.NFT_MSG_NEWRULE, unix.NLM_F_APPEND, func() {
		n.text(unix.NFTA_RULE_TABLE, n.table)
		n.text(unix.NFTA_RULE_CHAIN, n.chain)
		n.nest(unix.NFTA_RULE_EXPRESSIONS, func() {
			for _, e := range slices.Concat(parts...) {
				n.nest(unix.NFTA_LIST_ELEM, func() {
					n.text(unix.NFTA_EXPR_NAME, e.name)
					n.nest(unix.NFTA_EXPR_DATA, func() { e.data(&n.Batch) })
				})
			}
		})
	})
}

// End ends the batch. It asks for an answer to a last message, a rule or a chain.
func (n *Nft) End() []byte {
	last := 0
	for at := 0; at < len(n.bytes); at += int(binary.NativeEndian.Uint32(n.bytes[at:])+3) &^ 3 {
		last = at
	}
	flags := n.bytes[last+6:]
	binary.NativeEndian.PutUint16(flags, binary.NativeEndian.Uint16(flags)|unix.NLM_F_ACK)
	n.message(unix.NFNL_MSG_BATCH_END, 0, func() { n.header(unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES) })
	return n.bytes
}

// Expression is a part of a rule: one condition, or what is done.
type Expression struct {
	name string
	data func(b *Batch)
}

// accept is the verdict NF_ACCEPT of netfilter.
const accept = 1

// register that all conditions use, and a second one.
const first, second = unix.NFT_REG_1, unix.NFT_REG_2

// Accept lets a packet pass. No further rule of this table sees it.
func Accept() []Expression {
	return []Expression{{"immediate", func(b *Batch) {
		b.big(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT)
		b.nest(unix.NFTA_IMMEDIATE_DATA, func() {
			b.nest(unix.NFTA_DATA_VERDICT, func() { b.big(unix.NFTA_VERDICT_CODE, accept) })
		})
	}}}
}

// Reject refuses a packet: the sender gets ICMP's "administratively prohibited"
// (NFT_REJECT_ICMPX_ADMIN_PROHIBITED of the kernel).
func Reject() []Expression {
	const byICMP, prohibited = 2, 3
	return []Expression{{"reject", func(b *Batch) {
		b.big(unix.NFTA_REJECT_TYPE, byICMP)
		b.attribute(unix.NFTA_REJECT_ICMP_CODE, []byte{prohibited})
	}}}
}

func load(value []byte, register uint32) Expression {
	return Expression{"immediate", func(b *Batch) {
		b.big(unix.NFTA_IMMEDIATE_DREG, register)
		b.nest(unix.NFTA_IMMEDIATE_DATA, func() { b.attribute(unix.NFTA_DATA_VALUE, value) })
	}}
}

func meta(key uint32) Expression {
	return Expression{"meta", func(b *Batch) {
		b.big(unix.NFTA_META_DREG, first)
		b.big(unix.NFTA_META_KEY, key)
	}}
}

func compare(op uint32, value []byte) Expression {
	return Expression{"cmp", func(b *Batch) {
		b.big(unix.NFTA_CMP_SREG, first)
		b.big(unix.NFTA_CMP_OP, op)
		b.nest(unix.NFTA_CMP_DATA, func() { b.attribute(unix.NFTA_DATA_VALUE, value) })
	}}
}

// payload loads bytes of a header of the packet.
func payload(base, offset, size uint32) Expression {
	return Expression{"payload", func(b *Batch) {
		b.big(unix.NFTA_PAYLOAD_DREG, first)
		b.big(unix.NFTA_PAYLOAD_BASE, base)
		b.big(unix.NFTA_PAYLOAD_OFFSET, offset)
		b.big(unix.NFTA_PAYLOAD_LEN, size)
	}}
}

// mask keeps the bits of the register that are set in the mask.
func mask(bits []byte) Expression {
	return Expression{"bitwise", func(b *Batch) {
		b.big(unix.NFTA_BITWISE_SREG, first)
		b.big(unix.NFTA_BITWISE_DREG, first)
		b.big(unix.NFTA_BITWISE_LEN, uint32(len(bits)))
		b.nest(unix.NFTA_BITWISE_MASK, func() { b.attribute(unix.NFTA_DATA_VALUE, bits) })
		b.nest(unix.NFTA_BITWISE_XOR, func() { b.attribute(unix.NFTA_DATA_VALUE, make([]byte, len(bits))) })
	}}
}
