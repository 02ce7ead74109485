// Package wire has the vocabulary of the X11 protocol as it is on the wire ("X Window System
// Protocol", appendix B): numbers of requests, events, errors and predefined atoms, and how a
// connection is set up. All numbers are little-endian. The package opens no connection, and
// knows nothing of what may be asked.
package wire

import "encoding/binary"

// Requests of the core protocol that the filter itself makes or recognizes.
const (
	ReqInternAtom        = 16
	ReqGetProperty       = 20
	ReqGetSelectionOwner = 23
	ReqSendEvent         = 25
	ReqUngrabKeyboard    = 32
	ReqQueryPointer      = 38
	ReqGetInputFocus     = 43
	ReqQueryExtension    = 98
	ReqNoOperation       = 127
	FirstExtension       = 128
)

// The first byte of what a server sends. From 64 on there are events of extensions.
const (
	Error             = 0
	Reply             = 1
	KeyPress          = 2
	ButtonPress       = 4
	KeymapNotify      = 11
	UnmapNotify       = 18
	ReparentNotify    = 21
	ConfigureNotify   = 22
	ConfigureRequest  = 23
	PropertyNotify    = 28
	SelectionClear    = 29
	SelectionRequest  = 30
	SelectionNotify   = 31
	ClientMessage     = 33
	GenericEvent      = 35
	Synthetic         = 0x80 // set in an event that a client has sent
	MessageSize       = 32   // of errors and events, and of the fixed part of a reply
	MaxResourceID     = 1<<29 - 1
	NoWindow          = 0
	PointerRoot       = 1
	AtomString        = 31
	AtomWMName        = 39
	AtomWMHints       = 35
	AtomWMIconName    = 37
	AtomWMTransient   = 68
	AtomWindow        = 33
	AtomPrimary       = 1
	AtomSecondary     = 2
	AtomResources     = 23
	PropertyChangeBit = 1 << 22 // in an event mask
	StructureBit      = 1 << 17 // StructureNotify
)

// Error codes.
const (
	BadRequest = 1
	BadValue   = 2
	BadWindow  = 3
	BadLength  = 16
)

// U16 reads a number of two bytes.
func U16(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }

// U32 reads a number of four bytes.
func U32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

// PutU16 writes a number of two bytes.
func PutU16(b []byte, v uint16) { binary.LittleEndian.PutUint16(b, v) }

// PutU32 writes a number of four bytes.
func PutU32(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }

// Pad rounds a length up to a multiple of four, as the protocol does.
func Pad(n int) int { return (n + 3) &^ 3 }
