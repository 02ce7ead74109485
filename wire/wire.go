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
	data []byte
	at   int // the offset of what comes next
	bad  bool
}

// NewDecoder reads data, which is not copied.
func NewDecoder(data []byte) *Decoder { return &Decoder{data: data} }

// Number reads a number.
func (d *Decoder) Number() uint64 {
	if d.at < len(d.data) && d.data[d.at] < 0x80 {
		d.at++
		return uint64(d.data[d.at-1])
	}
	return d.longNumber()
}

func (d *Decoder) longNumber() uint64 {
	v, n := binary.Uvarint(d.data[d.at:])
	if n <= 0 || d.data[d.at+n-1] == 0 {
		d.Fail()
		return 0
	}
	d.at += n
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
	if v > uint64(d.Left()/size) {
		d.Fail()
		return 0
	}
	return int(v)
}

// Bytes reads bytes; they share memory with the data.
func (d *Decoder) Bytes() []byte { return d.Next(d.Number()) }

// Next reads n bytes that have no length before them.
func (d *Decoder) Next(n uint64) []byte {
	if n > uint64(d.Left()) {
		d.Fail()
		return nil
	}
	start := d.at
	d.at += int(n)
	return d.data[start:d.at:d.at]
}

// Text reads a text.
func (d *Decoder) Text() string { return string(d.Bytes()) }

// Left is how many bytes are still to be read.
func (d *Decoder) Left() int { return len(d.data) - d.at }

// Fail notes a fault: of the data, or of what they mean.
func (d *Decoder) Fail() { d.at, d.bad = len(d.data), true }

// Done tells whether all was read, without a fault.
func (d *Decoder) Done() bool { return !d.bad && d.Left() == 0 }
