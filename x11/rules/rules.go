// Package rules says what a jail may ask of an X server: one row for each request of the
// core protocol and of the extensions that a jail sees. A row tells where the request
// names resources, what each of them has to be, and what the client gets if one is
// something else. A reviewer can read it beside the specifications: "X Window System
// Protocol", appendix B (the encoding), and the *proto.txt files of xorgproto.
//
// The package is data. It opens nothing and decides nothing: package x11/filter applies
// the rows, and has the code for the few requests about which a table cannot say it all.
package rules

// Class is what a resource id in a request has to be. The zero value is Own.
type Class uint8

// An id is own if a client of the same jail could have made it: its base is the one that
// the server gave to one of the jail's connections.
const (
	Own             Class = iota
	OwnOrNone             // or 0
	OwnOrRoot             // or the root window of a screen
	OwnOrRootOrNone       //
	OwnOrColormap         // or the default colormap of a screen, or 0 (CopyFromParent)
	OwnOrServer           // or something that the server itself made, which is no window: a CRTC, an output
	OwnOrGranted          // or a root window, or the window of another program that asks the jail for a selection
	OwnOrParent           // or 0 or 1: what CreateWindow and ChangeWindowAttributes call CopyFromParent and ParentRelative
	Source                // a picture that the same connection made, and of no window
	SourceOrNone          // or 0
)

// ID is a place in a request where resources are named.
type ID struct {
	// At is the offset in bytes: of the id; of the first id of a list; or of a list of values.
	At uint16
	Is Class
	// Step is the distance of the ids of a list, which ends with the request. 0: no list.
	Step uint8
	// Mask is the offset of the bit mask which says what values are in a list of values,
	// four bytes each, and Bit is the bit that stands for this id. 0: no list of values.
	Mask uint8
	Bit  uint8
}

// Denial is what becomes of a request that may not reach the server. The zero value, Drop,
// is for requests without a reply: NoOperation takes its place, and the client hears
// nothing. Toolkits end their program when they get an error that they do not expect.
type Denial uint16

// Errors are numbered as in the protocol's specification.
const (
	Drop        Denial = 0
	BadRequest  Denial = isError | 1
	BadValue    Denial = isError | 2
	BadWindow   Denial = isError | 3
	BadAtom     Denial = isError | 5
	BadMatch    Denial = isError | 8
	BadDrawable Denial = isError | 9
	BadAccess   Denial = isError | 10
	BadAlloc    Denial = isError | 11
	BadColor    Denial = isError | 12
	BadLength   Denial = isError | 16

	// Empty is a reply of 32 bytes that are 0 from the eighth on: no owner, no property.
	Empty Denial = isReply
	// AlreadyGrabbed is the reply of requests for a grab, which have the status in byte 1.
	AlreadyGrabbed Denial = isReply | 1
	// Failed is the reply of RRSetScreenConfig, which has the status in byte 1.
	Failed Denial = isReply | 3
	// XIAlreadyGrabbed is the reply of XIGrabDevice and of the requests for grabs of XInput
	// 1, which have the status in byte 8.
	XIAlreadyGrabbed Denial = isReply8 | 1

	isError  Denial = 1 << 8
	isReply  Denial = 2 << 8
	isReply8 Denial = 3 << 8
	kindMask Denial = 0xff00
)

// Error is the code of the error that the client gets, if it gets one.
func (d Denial) Error() (code byte, ok bool) { return byte(d), d&kindMask == isError }

// Reply tells where in a reply of 32 bytes the status stands, if the client gets a reply.
func (d Denial) Reply() (at int, status byte, ok bool) {
	switch d & kindMask {
	case isReply:
		return 1, byte(d), true
	case isReply8:
		return 8, byte(d), true
	}
	return 0, 0, false
}

// Request is a row: what there is to know about one request.
type Request struct {
	// Name is the one in the specification. A row without is no request.
	Name string
	// Size is how many bytes the request has at least, its header included.
	Size uint16
	// Reply says that the server answers with a reply, or an error, in any case.
	Reply bool
	IDs   []ID
	// Denied is what becomes of the request if an id is not what it has to be, or if the
	// special treatment refuses it.
	Denied Denial
	Do     Special
	// Descriptors is how many the request carries, and Returned whether its reply may carry
	// some, as many as byte 1 of the reply says.
	Descriptors uint8
	Returned    bool
}

// Whole tells whether the decision needs the whole request, not only its first Size bytes.
func (r *Request) Whole() bool {
	if r.Do.whole() {
		return true
	}
	for i := range r.IDs {
		if r.IDs[i].Step != 0 || r.IDs[i].Mask != 0 {
			return true
		}
	}
	return false
}

// Core is the row of a request of the core protocol, or nil.
func Core(opcode byte) *Request {
	if int(opcode) >= len(coreRequests) || coreRequests[opcode].Name == "" {
		return nil
	}
	return &coreRequests[opcode]
}
