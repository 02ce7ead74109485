// Package wire is the binary form of what jail keeps for itself: varints of
// the shortest form, and bytes with their length before them. It does not know
// what they mean.
package wire

import "encoding/binary"

// AppendNumber adds a number.
func AppendNumber(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }

// AppendBytes adds bytes or a text.
func AppendBytes[T ~string | ~[]byte](b []byte, part T) []byte {
	b = binary.AppendUvarint(b, uint64(len(part)))
	return append(b, part...)
}

// Decoder reads what was appended, in the same order. After a fault
// everything is zero and Done stays false.
type Decoder struct {
	rest []byte
	bad  bool
}

// NewDecoder reads data, which is not copied.
func NewDecoder(data []byte) *Decoder { return &Decoder{rest: data} }

// Number reads a number.
func (d *Decoder) Number() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || n > 1 && d.rest[n-1] == 0 {
		d.Fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// Below reads a number that has to be smaller than limit.
func (d *Decoder) Below(limit uint64) uint64 {
	v := d.Number()
	if v >= limit {
		d.Fail()
		return 0
	}
	return v
}

// Count reads the length of a list whose elements take size bytes at least:
// a list that could not fit into what is left is a fault.
func (d *Decoder) Count(size int) int {
	v := d.Number()
	if v > uint64(len(d.rest)/size) {
		d.Fail()
		return 0
	}
	return int(v)
}

// Bytes reads bytes; they share memory with the data.
func (d *Decoder) Bytes() []byte {
	n := d.Number()
	if n > uint64(len(d.rest)) {
		d.Fail()
		return nil
	}
	part := d.rest[:n:n]
	d.rest = d.rest[n:]
	return part
}

// Text reads a text.
func (d *Decoder) Text() string { return string(d.Bytes()) }

// Fail notes a fault: of the data, or of what they mean.
func (d *Decoder) Fail() { d.rest, d.bad = nil, true }

// Done tells whether all was read, without a fault.
func (d *Decoder) Done() bool { return !d.bad && len(d.rest) == 0 }
