package display

import (
	"encoding/binary"
	"errors"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/x11/xauth"
)

// Cookie is what an X server knows a client by: the name of a protocol, and its data.
type Cookie struct {
	Name string
	Data []byte
}

// CookieName is the only protocol that X servers of today offer by default (Xsecurity(7)).
const CookieName = xauth.MagicCookie

// NewCookie makes one that nobody can guess.
func NewCookie() Cookie {
	c := Placeholder()
	for n := 0; n < len(c.Data); {
		// It waits until the kernel has enough entropy, and can fail only then (getrandom(2)).
		got, err := unix.Getrandom(c.Data[n:], 0)
		if err != nil && !errors.Is(err, unix.EINTR) {
			panic("getrandom: " + err.Error())
		}
		n += max(got, 0)
	}
	return c
}

// Placeholder is as long as the cookie that the server is asked for when an untrusted display
// is launched, and lets nobody in.
func Placeholder() Cookie { return Cookie{Name: CookieName, Data: make([]byte, 16)} }

// FindCookie returns the cookie for a display of this machine in an Xauthority file, the
// zero value when there is none. The error says that it is no such file.
func FindCookie(file []byte, hostname string, number int) (Cookie, error) {
	data, err := xauth.Cookie(file, hostname, strconv.Itoa(number))
	switch {
	case errors.Is(err, xauth.ErrNone):
		return Cookie{}, nil
	case err != nil:
		return Cookie{}, err
	}
	return Cookie{Name: CookieName, Data: data}, nil
}

// CookieFile is an Xauthority file with one cookie, for any host name and display.
func CookieFile(c Cookie) []byte {
	out := binary.BigEndian.AppendUint16(nil, xauth.FamilyWild)
	for _, field := range [...]string{"", "", c.Name, string(c.Data)} {
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(field))), field...)
	}
	return out
}
