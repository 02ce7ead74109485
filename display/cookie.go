package display

import (
	"encoding/binary"
	"errors"
	"strconv"
)

// Cookie is what an X server knows a client by: the name of a protocol, and its data.
type Cookie struct {
	Name string
	Data []byte
}

// CookieName is the only protocol that X servers of today offer by default (Xsecurity(7)).
const CookieName = "MIT-MAGIC-COOKIE-1"

// Placeholder is as long as the cookie that the server is asked for when an untrusted display
// is launched, and lets nobody in.
func Placeholder() Cookie { return Cookie{Name: CookieName, Data: make([]byte, 16)} }

// Families of addresses in Xauthority files (X11/Xauth.h).
const (
	familyLocal = 256
	familyWild  = 65535
)

var errCookies = errors.New("an entry ends before it should")

// FindCookie returns the cookie for a display of this machine in an Xauthority file, the
// zero value when there is none (XauGetBestAuthByAddr).
func FindCookie(file []byte, hostname string, number int) (Cookie, error) {
	for len(file) > 0 {
		e, rest, ok := nextEntry(file)
		if !ok {
			return Cookie{}, errCookies
		}
		file = rest
		local := e.family == familyLocal && string(e.address) == hostname || e.family == familyWild
		if local && (len(e.number) == 0 || string(e.number) == strconv.Itoa(number)) && string(e.name) == CookieName {
			return Cookie{Name: CookieName, Data: e.data}, nil
		}
	}
	return Cookie{}, nil
}

// CookieFile is an Xauthority file with one cookie, for any host name and display.
func CookieFile(c Cookie) []byte {
	out := binary.BigEndian.AppendUint16(nil, familyWild)
	for _, field := range [...]string{"", "", c.Name, string(c.Data)} {
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(field))), field...)
	}
	return out
}

type entry struct {
	family                      uint16
	address, number, name, data []byte
}

// nextEntry takes the first entry off a file: a family and four counted fields, all
// numbers with the most significant byte first (XauReadAuth).
func nextEntry(file []byte) (e entry, rest []byte, ok bool) {
	if len(file) < 2 {
		return e, nil, false
	}
	e.family, rest = binary.BigEndian.Uint16(file), file[2:]
	for _, field := range [...]*[]byte{&e.address, &e.number, &e.name, &e.data} {
		if len(rest) < 2 {
			return e, nil, false
		}
		n := int(binary.BigEndian.Uint16(rest))
		if rest = rest[2:]; len(rest) < n {
			return e, nil, false
		}
		*field, rest = rest[:n], rest[n:]
	}
	return e, rest, true
}
