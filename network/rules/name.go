package rules

import (
	"errors"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
)

// maxGiven bounds the names that Canonical looks at, in bytes. One of 253 bytes on the
// wire may be longer in UTF-8.
const maxGiven = 1024

// Canonical returns the one spelling that is resolved, judged and logged for all
// spellings of a name: lower case ASCII, with other letters in the xn-- form of
// RFC 5891, without the dot that a name may end with. It refuses what is not a name
// (kind.IsDomain), and what some C library reads as an address of IPv4, in decimal,
// octal or hexadecimal and with fewer than four parts (inet_aton(3)): an address that
// is no name goes through ParseAddr, and every other spelling of one is refused.
// Canonical of what it returned is the same.
func Canonical(name string) (string, error) {
	if len(name) > maxGiven {
		return "", errors.New("the name is longer than 253 bytes")
	}
	if strings.ContainsRune(name, utf8.RuneError) { // which bytes that are not UTF-8 are read as
		return "", errors.New(diag.Quote(name) + " is not the name of a host: it is not UTF-8")
	}
	canonical := strings.TrimSuffix(name, ".")
	other := strings.ContainsFunc(canonical, func(r rune) bool { return r >= utf8.RuneSelf })
	if !other {
		canonical = strings.ToLower(canonical)
	}
	// The tables of IDNA refuse underscores and some hyphens that names in use have, so
	// names of ASCII pass them by, unless they claim to stand for other letters.
	if other || strings.HasPrefix(canonical, "xn--") || strings.Contains(canonical, ".xn--") {
		ascii, err := idna.Lookup.ToASCII(canonical)
		if err != nil {
			return "", errors.New(diag.Quote(name) + " is not the name of a host: its letters are not allowed there (RFC 5891)")
		}
		canonical = ascii
	}
	switch {
	case !kind.IsDomain(canonical):
		return "", errors.New(diag.Quote(name) + " is not the name of a host")
	case kind.IsNumeric(canonical):
		return "", errors.New(diag.Quote(name) + " is not the name of a host: some programs read it as an address")
	}
	return canonical, nil
}

// ParseAddr reads an address in its usual spelling, without brackets. One of IPv4
// within ::ffff:0:0/96 becomes that of IPv4. A zone is refused, since it means an
// interface of the host, and so are numbers with zeros before them.
func ParseAddr(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, errors.New(diag.Quote(text) + " is not an address")
	}
	if addr.Zone() != "" {
		return netip.Addr{}, errors.New(diag.Quote(text) + " has a zone, and jails have none")
	}
	return addr.Unmap(), nil
}
