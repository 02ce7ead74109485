package wayland

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// header is the length of the head of a message: the object, then the length of the whole
// message in the high half of a word and the opcode in its low half (The Wayland Protocol,
// chapter 4, Wire Format). All words are in the byte order of the machine.
const header = 8

// mostMessage is how long a message can be: its length has 16 bits.
const mostMessage = 1<<16 - 1

var errMalformed = errors.New("the compositor has sent what is no message of Wayland")

// message is one event of the compositor.
type message struct {
	object uint32
	opcode uint16
	body   []byte
}

// next takes the first message of what was received. With found false the message is not
// there as a whole.
func next(data []byte) (m message, rest []byte, found bool, err error) {
	if len(data) < header {
		return message{}, data, false, nil
	}
	word := binary.NativeEndian.Uint32(data[4:])
	length := int(word >> 16)
	switch {
	case length < header, length%4 != 0:
		return message{}, nil, false, errMalformed
	case len(data) < length:
		return message{}, data, false, nil
	}
	m = message{binary.NativeEndian.Uint32(data), uint16(word), data[header:length]}
	return m, data[length:], true, nil
}

// arguments reads the arguments of a message one after the other. After what does not fit,
// all others are empty and bad is set.
type arguments struct {
	data []byte
	bad  bool
}

func (a *arguments) word() uint32 {
	if len(a.data) < 4 {
		a.bad, a.data = true, nil
		return 0
	}
	n := binary.NativeEndian.Uint32(a.data)
	a.data = a.data[4:]
	return n
}

// text is a string: its length with the zero byte that ends it, the bytes, and up to three
// more, so that it ends at a multiple of four.
func (a *arguments) text() string {
	length := a.word()
	padded := (uint64(length) + 3) &^ 3
	if a.bad || length == 0 || padded > uint64(len(a.data)) {
		a.bad, a.data = true, nil
		return ""
	}
	text := a.data[:length-1]
	a.bad = a.bad || a.data[length-1] != 0 || bytes.IndexByte(text, 0) >= 0
	a.data = a.data[padded:]
	return string(text)
}

// done tells whether all arguments were there and nothing else.
func (a *arguments) done() bool { return !a.bad && len(a.data) == 0 }

// request is a message to the compositor under construction.
type request []byte

func newRequest(object uint32, opcode uint16) request {
	r := binary.NativeEndian.AppendUint32(nil, object)
	return binary.NativeEndian.AppendUint32(r, uint32(opcode))
}

func (r request) word(n uint32) request { return binary.NativeEndian.AppendUint32(r, n) }

func (r request) text(text string) request {
	r = append(r.word(uint32(len(text)+1)), text...)
	return append(r, make([]byte, 4-len(text)%4)...)
}

// bytes is the message with its length.
func (r request) bytes() []byte {
	word := binary.NativeEndian.Uint32(r[4:]) | uint32(len(r))<<16
	binary.NativeEndian.PutUint32(r[4:], word)
	return r
}

// global is an object that the compositor offers.
type global struct {
	name    uint32
	face    string // its interface
	version uint32
}

// errorOf is the error that wl_display.error tells of: an object, a number and a text.
func errorOf(body []byte) error {
	a := arguments{data: body}
	object, code, text := a.word(), a.word(), a.text()
	if !a.done() {
		return errMalformed
	}
	return fmt.Errorf("the compositor refuses it: %q (object %d, error %d)", text, object, code)
}

// globalOf is what wl_registry.global tells of.
func globalOf(body []byte) (global, error) {
	a := arguments{data: body}
	g := global{name: a.word(), face: a.text(), version: a.word()}
	if !a.done() {
		return global{}, errMalformed
	}
	return g, nil
}
