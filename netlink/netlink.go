// Package netlink writes messages of netlink(7): addresses and routes (rtnetlink(7)), and
// rules of nftables. It sends nothing; a plan has the messages, and the child sends them.
//
// The libraries for this import package net, whose start every launch would pay for.
package netlink

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Batch is a list of messages for one socket. The kernel answers those that fail, and
// the last one that asks for an answer; so the first answer is an error, or there is none.
type Batch struct {
	bytes []byte
	seq   uint32
}

// Bytes are the messages, for one sendto(2).
func (b *Batch) Bytes() []byte { return b.bytes }

// ErrnoAt is where the errno of an answer is, as a negative number: in struct nlmsgerr, behind
// struct nlmsghdr (netlink(7)).
const ErrnoAt = unix.SizeofNlMsghdr

// AnswerSize is room for the answer to one message: its header and what it repeats.
const AnswerSize = 512

// message appends a message, whose body the function writes.
func (b *Batch) message(kind, flags uint16, body func()) {
	start := len(b.bytes)
	b.seq++
	b.bytes = binary.NativeEndian.AppendUint32(b.bytes, 0)
	b.bytes = binary.NativeEndian.AppendUint16(b.bytes, kind)
	b.bytes = binary.NativeEndian.AppendUint16(b.bytes, flags|unix.NLM_F_REQUEST)
	b.bytes = binary.NativeEndian.AppendUint32(b.bytes, b.seq)
	b.bytes = binary.NativeEndian.AppendUint32(b.bytes, 0)
	body()
	binary.NativeEndian.PutUint32(b.bytes[start:], uint32(len(b.bytes)-start))
	b.pad()
}

func (b *Batch) pad() {
	for len(b.bytes)%unix.NLMSG_ALIGNTO != 0 {
		b.bytes = append(b.bytes, 0)
	}
}

// attribute appends an attribute: struct nlattr and its value.
func (b *Batch) attribute(kind uint16, value []byte) {
	b.bytes = binary.NativeEndian.AppendUint16(b.bytes, uint16(unix.SizeofNlAttr+len(value)))
	b.bytes = binary.NativeEndian.AppendUint16(b.bytes, kind)
	b.bytes = append(b.bytes, value...)
	b.pad()
}

// text appends an attribute that is a text.
func (b *Batch) text(kind uint16, value string) { b.attribute(kind, append([]byte(value), 0)) }

// big appends an attribute that is a number in the order of the network.
func (b *Batch) big(kind uint16, value uint32) {
	b.attribute(kind, binary.BigEndian.AppendUint32(nil, value))
}

// nest appends an attribute that holds the attributes that the function writes.
func (b *Batch) nest(kind uint16, inside func()) {
	start := len(b.bytes)
	b.bytes = binary.NativeEndian.AppendUint16(b.bytes, 0)
	b.bytes = binary.NativeEndian.AppendUint16(b.bytes, kind|unix.NLA_F_NESTED)
	inside()
	binary.NativeEndian.PutUint16(b.bytes[start:], uint16(len(b.bytes)-start))
	b.pad()
}
