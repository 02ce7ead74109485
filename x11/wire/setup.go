package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// Cookie is the name of the authorization protocol of Xsecurity(7) that every X server has.
const Cookie = "MIT-MAGIC-COOKIE-1"

// Errors of the setup that a client is told.
var (
	ErrByteOrder = errors.New("big-endian clients are not served")
	ErrSetup     = errors.New("malformed connection setup")
)

// maxAuth bounds the name and the data of an authorization, each.
const maxAuth = 4096

// ReadHello reads the first message of a client. What it says of its authorization is read
// and forgotten. After ErrByteOrder the client understands Failure with big-endian numbers.
func ReadHello(r io.Reader) error {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[0] == 'B' {
		order = binary.BigEndian
	} else if head[0] != 'l' {
		return ErrSetup
	}
	name, data := int(order.Uint16(head[6:])), int(order.Uint16(head[8:]))
	if order.Uint16(head[2:]) != 11 || name > maxAuth || data > maxAuth {
		return ErrSetup
	}
	if _, err := io.CopyN(io.Discard, r, int64(Pad(name)+Pad(data))); err != nil {
		return err
	}
	if head[0] == 'B' {
		return ErrByteOrder
	}
	return nil
}

// Hello is the first message of a client to a server. Without a cookie it names no
// authorization.
func Hello(cookie []byte) []byte {
	name := Cookie
	if len(cookie) == 0 {
		name = ""
	}
	b := make([]byte, 12, 12+Pad(len(name))+Pad(len(cookie)))
	b[0] = 'l'
	PutU16(b[2:], 11)
	PutU16(b[6:], uint16(len(name)))   //nolint:gosec // 18
	PutU16(b[8:], uint16(len(cookie))) //nolint:gosec // at most 65535, see x11/xauth
	b = append(b, name...)
	b = append(b, make([]byte, Pad(len(b))-len(b))...)
	b = append(b, cookie...)
	return append(b, make([]byte, Pad(len(b))-len(b))...)
}

// Failure is how a server refuses a connection. The reason is at most 255 bytes.
func Failure(reason string, bigEndian bool) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	if bigEndian {
		order = binary.BigEndian
	}
	reason = reason[:min(len(reason), 255)]
	b := make([]byte, 8+Pad(len(reason)))
	b[1] = byte(len(reason))
	order.PutUint16(b[2:], 11)
	order.PutUint16(b[6:], uint16(Pad(len(reason))/4)) //nolint:gosec // at most 64
	copy(b[8:], reason)
	return b
}

// Setup is what a server says about itself and a new connection.
type Setup struct {
	Raw        []byte // the whole message
	Base, Mask uint32 // of the resource ids that the client makes
	Max        int    // the longest request, in bytes
	Roots      []uint32
	Colormaps  []uint32 // the default one of each screen
}

// Shift is how many bits of a resource id the client chooses.
func (s *Setup) Shift() int { return bits.TrailingZeros32(^s.Mask) }

// ReadSetup reads a server's answer to Hello. A refusal is an error.
func ReadSetup(r io.Reader) (*Setup, error) {
	head := make([]byte, 8)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("no answer of the X server: %w", err)
	}
	raw := make([]byte, 8+4*int(U16(head[6:])))
	copy(raw, head)
	if _, err := io.ReadFull(r, raw[8:]); err != nil {
		return nil, fmt.Errorf("no answer of the X server: %w", err)
	}
	if raw[0] != 1 {
		reason := raw[8:]
		if raw[0] == 0 {
			reason = reason[:min(len(reason), int(raw[1]))]
		}
		return nil, fmt.Errorf("the X server refuses the connection: %q", reason)
	}
	return parseSetup(raw)
}

// parseSetup takes apart the message by which a server accepts a connection.
func parseSetup(raw []byte) (*Setup, error) {
	if len(raw) < 40 {
		return nil, ErrSetup
	}
	s := &Setup{Raw: raw, Base: U32(raw[12:]), Mask: U32(raw[16:]), Max: 4 * int(U16(raw[26:]))}
	// The mask has at least 18 bits, the lowest, and ids have 29 (chapter 8).
	if shift := s.Shift(); shift < 18 || shift > 28 || s.Mask != 1<<shift-1 || s.Base&s.Mask != 0 || s.Base == 0 || s.Base > MaxResourceID || s.Max < 4096 {
		return nil, ErrSetup
	}
	at := 40 + Pad(int(U16(raw[24:]))) + 8*int(raw[29])
	for range int(raw[28]) {
		if len(raw) < at+40 {
			return nil, ErrSetup
		}
		s.Roots = append(s.Roots, U32(raw[at:]))
		s.Colormaps = append(s.Colormaps, U32(raw[at+4:]))
		depths := int(raw[at+39])
		at += 40
		for range depths {
			if len(raw) < at+8 {
				return nil, ErrSetup
			}
			at += 8 + 24*int(U16(raw[at+2:]))
		}
	}
	if len(s.Roots) == 0 || len(raw) < at {
		return nil, ErrSetup
	}
	return s, nil
}
