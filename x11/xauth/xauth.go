// Package xauth finds the cookie for an X server in the bytes of an Xauthority file. It opens
// no file and asks nothing of the host.
package xauth

import (
	"encoding/binary"
	"errors"
)

// Families of addresses in an Xauthority file (Xauth(7), X11/Xauth.h).
const (
	FamilyInternet  = 0
	FamilyInternet6 = 6
	FamilyLocal     = 256   // the address is a host name
	FamilyWild      = 65535 // any address
)

// MagicCookie is the authorization protocol whose data is a cookie (Xsecurity(7)).
const MagicCookie = "MIT-MAGIC-COOKIE-1"

// Entry is one entry of an Xauthority file.
type Entry struct {
	Family  uint16
	Address []byte
	Display string // the number of the display as text; "" is any
	Name    string // of the authorization protocol
	Data    []byte
}

// ErrNone is returned when no entry is about the server.
var ErrNone = errors.New("the Xauthority file has no cookie for this display")

// ErrMalformed is returned for bytes that are no Xauthority file.
var ErrMalformed = errors.New("malformed Xauthority file")

// Parse takes an Xauthority file apart: for each entry a family and four strings, each after
// its length, all numbers of two bytes and big-endian (Xauth(7)). An entry that is cut off
// makes the whole file malformed.
func Parse(file []byte) ([]Entry, error) {
	var entries []Entry
	for len(file) > 0 {
		if len(file) < 2 {
			return nil, ErrMalformed
		}
		e := Entry{Family: binary.BigEndian.Uint16(file)}
		file = file[2:]
		var fields [4][]byte
		for i := range fields {
			if len(file) < 2 {
				return nil, ErrMalformed
			}
			n := int(binary.BigEndian.Uint16(file))
			if len(file) < 2+n {
				return nil, ErrMalformed
			}
			fields[i], file = file[2:2+n:2+n], file[2+n:]
		}
		e.Address, e.Display, e.Name, e.Data = fields[0], string(fields[1]), string(fields[2]), fields[3]
		entries = append(entries, e)
	}
	return entries, nil
}

// Cookie returns the cookie with which a client of the same machine connects to a display, by
// the rules of XauGetBestAuthByAddr(3): the first entry counts that is of the family Local
// with the machine's host name, or of the family Wild, and names the display or any.
func Cookie(file []byte, hostname, display string) ([]byte, error) {
	entries, err := Parse(file)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		here := e.Family == FamilyWild || e.Family == FamilyLocal && string(e.Address) == hostname
		if here && (e.Display == "" || e.Display == display) && e.Name == MagicCookie && len(e.Data) > 0 {
			return e.Data, nil
		}
	}
	return nil, ErrNone
}
