package wire

import (
	"bytes"
	"testing"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	numbers := []uint64{0, 1, 127, 128, 1 << 20, 1<<64 - 1}
	var data []byte
	for _, n := range numbers {
		data = AppendNumber(data, n)
	}
	data = AppendBytes(data, "text")
	data = AppendBytes(data, []byte{})
	d := NewDecoder(data)
	for _, n := range numbers {
		if got := d.Number(); got != n {
			t.Errorf("%d comes back as %d", n, got)
		}
	}
	if text, empty := d.Text(), d.Bytes(); text != "text" || len(empty) != 0 || !d.Done() {
		t.Errorf("%q, %q, done: %v", text, empty, d.Done())
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		read func(d *Decoder)
	}{
		{"nothing", nil, func(d *Decoder) { d.Number() }},
		{"a number that is cut off", []byte{0x80}, func(d *Decoder) { d.Number() }},
		{"a number of two forms", []byte{0x80, 0}, func(d *Decoder) { d.Number() }},
		{"a number above 64 bits", bytes.Repeat([]byte{0xff}, 11), func(d *Decoder) { d.Number() }},
		{"bytes that are cut off", []byte{3, 'a'}, func(d *Decoder) { d.Bytes() }},
		{"a list that can't fit", []byte{3, 0, 0}, func(d *Decoder) { d.Count(1) }},
		{"a number above its limit", []byte{5}, func(d *Decoder) { d.Below(5) }},
		{"something behind", []byte{5, 5}, func(d *Decoder) { d.Number() }},
	} {
		d := NewDecoder(c.data)
		if c.read(d); d.Done() {
			t.Errorf("%s passes", c.name)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		d := NewDecoder(data)
		var again []byte
		for !d.bad && !d.Done() {
			again = AppendBytes(again, d.Bytes())
		}
		if d.Done() && !bytes.Equal(again, data) {
			t.Errorf("%x is written as %x", data, again)
		}
	})
}
