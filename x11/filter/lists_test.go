package filter

import (
	"bytes"
	"slices"
	"testing"

	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

// majorOf is the opcode of an extension at a rig.
func majorOf(name string) byte {
	at := slices.IndexFunc(rules.Extensions(), func(e rules.Extension) bool { return e.Name == name })
	return byte(rigMajor + at)
}

// TestIDsWithinLists puts a foreign id where only a list, or a text, has ids; the control has an
// own one there.
func TestIDsWithinLists(t *testing.T) {
	const own = rigBase + 1
	text := func(opcode byte, id uint32) []byte {
		item := []byte{1, 0, 'a'} // one character
		if opcode == 75 {
			item = []byte{1, 0, 0, 'a'}
		}
		b := append(req(opcode, 0, own, own, 0), item...)
		b = append(b, 255, byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
		b = append(b, 0, 0, 0)[:wire.Pad(len(b))]
		wire.PutU16(b[2:], uint16(len(b)/4))
		return b
	}
	for name, of := range map[string]func(id uint32) []byte{
		"clip mask behind other values": func(id uint32) []byte { return req(55, 0, own, own, 1<<2|1<<4|1<<19, 1, 1, id) },
		"tile of ChangeGC":              func(id uint32) []byte { return req(56, 0, own, 1<<0|1<<10, 3, id) },
		"sibling":                       func(id uint32) []byte { return req(12, 0, own, 1|1<<5|0xabc<<16, 7, id) },
		"cursor of a window":            func(id uint32) []byte { return req(2, 0, own, 1<<14, id) },
		"border of a window":            func(id uint32) []byte { return req(1, 0, own, own, 0, 0, 0, 0, 1<<1|1<<2, 5, id) },
		"font in a text":                func(id uint32) []byte { return text(74, id) },
		"font in a wide text":           func(id uint32) []byte { return text(75, id) },
		"second buffer":                 func(id uint32) []byte { return req(majorOf("DOUBLE-BUFFER"), 3, 2, own, 0, id, 0) },
		"second fence":                  func(id uint32) []byte { return req(majorOf("SYNC"), 19, own, id) },
		"counter of a second trigger": func(id uint32) []byte {
			return req(majorOf("SYNC"), 7, own, 0, 0, 0, 0, 0, 0, id, 0, 0, 0, 0, 0, 0)
		},
		"counter of an alarm":    func(id uint32) []byte { return req(majorOf("SYNC"), 8, own, 1, id) },
		"picture of a cursor":    func(id uint32) []byte { return req(majorOf("RENDER"), 31, own, own, 5, id, 5) },
		"alpha map of a picture": func(id uint32) []byte { return req(majorOf("RENDER"), 5, own, 1|1<<1, 0, id) },
		"glyph set in a text": func(id uint32) []byte {
			return req(majorOf("RENDER"), 23, 3, own, own, 0, own, 0, 2, 0, 0x6161, 255, 0, id)
		},
		"window to be notified": func(id uint32) []byte {
			words := []uint32{own, own, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, own, 1, id, 1}
			return req(majorOf("Present"), 1, words...)
		},
	} {
		for _, id := range []uint32{own, foreign} {
			r := newRig(t, Options{})
			b := of(id)
			if err := r.from(bytes.Clone(b)); err != nil {
				t.Fatal(err)
			}
			if passed := bytes.Equal(r.toServer.all(), b); passed != (id == own) {
				t.Errorf("%s: %x passes: %v", name, id, passed)
			}
		}
	}
}

// TestSelectedEvents looks at what is left of the events that a client selects on a root window.
func TestSelectedEvents(t *testing.T) {
	xi := majorOf(rules.XInput)
	for _, test := range []struct {
		name       string
		sent, want []byte
	}{
		{"of a root window", req(2, 0, rigRoot, 1<<11, 0xffffff), req(2, 0, rigRoot, 1<<11, wire.PropertyChangeBit|wire.StructureBit)},
		{"beside other attributes", req(2, 0, rigRoot, 1<<1|1<<11|1<<14, 7, 0xffffff, 0), req(2, 0, rigRoot, 1<<11, wire.PropertyChangeBit|wire.StructureBit)},
		{"no events", req(2, 0, rigRoot, 1<<1, 7), req(127, 0, rigRoot, 1<<1, 7)},
		{"of an own window", req(2, 0, rigBase, 1<<11, 0xffffff), req(2, 0, rigBase, 1<<11, 0xffffff)},
		{"of a foreign window", req(2, 0, foreign, 1<<11, 0xffffff), req(127, 0, foreign, 1<<11, 0xffffff)},
		{"by XI2", req(xi, 46, rigRoot, 2, 1|1<<16, 0xffffffff, 2<<16, 0xffffffff, 0xffffffff), req(xi, 46, rigRoot, 2, 1|1<<16, 0x1802, 2<<16, 0x1802, 0)},
		{"by XI2, of an own window", req(xi, 46, rigBase, 1, 1|1<<16, 0xffffffff), req(xi, 46, rigBase, 1, 1|1<<16, 0xffffffff)},
		{"a background", req(2, 0, rigBase, 1, 0), req(2, 0, rigBase, 2, 0)},
		{"an own background", req(2, 0, rigBase, 1, rigBase+3), req(2, 0, rigBase, 1, rigBase+3)},
	} {
		r := newRig(t, Options{})
		sent := bytes.Clone(test.sent)
		if err := r.from(sent, 3); err != nil {
			t.Fatal(err)
		}
		got := r.toServer.all()
		if len(got) > 0 && got[0] == wire.ReqNoOperation {
			got[1] = 0
		}
		if !bytes.Equal(got, test.want) {
			t.Errorf("%s: %x became %x, not %x", test.name, test.sent, got, test.want)
		}
	}
}
