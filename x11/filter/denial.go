package filter

import (
	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

// denial is what a client gets instead of the reply that the server gives to the request
// GetInputFocus, which takes the place of the denied one. So the answer comes in order, and
// the sequence numbers agree without being counted anew.
type denial struct {
	how   rules.Denial
	value uint32 // the resource that was refused, for an error
	major byte
	minor byte
}

// pack makes a denial fit beside a pending request; unpack is its inverse.
func (d denial) pack() uint64 {
	return uint64(d.value) | uint64(d.how)<<32 | uint64(d.major)<<48 | uint64(d.minor)<<56
}

func unpack(v uint64) denial {
	return denial{value: uint32(v), how: rules.Denial(v >> 32), major: byte(v >> 48), minor: byte(v >> 56)} //nolint:gosec // the parts
}

// answer makes a reply of 32 bytes the answer of a denial. Its sequence number stays.
func (d denial) answer(b []byte) {
	clear(b[4:wire.MessageSize])
	if at, status, ok := d.how.Reply(); ok {
		b[1] = 0
		b[at] = status
		return
	}
	code, ok := d.how.Error()
	if !ok {
		code = wire.BadRequest
	}
	b[0], b[1] = wire.Error, code
	wire.PutU32(b[4:], d.value)
	if d.major >= wire.FirstExtension {
		b[8] = d.minor
	}
	b[10] = d.major
}
