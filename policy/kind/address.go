package kind

import (
	"strconv"
	"strings"
)

// Addresses and networks are judged here rather than by package net/netip,
// whose start alone takes a noticeable part of a launch; a fuzz test compares
// the two.

// address is an address of IPv4, in the first 4 bytes, or of IPv6.
type address struct {
	bytes [16]byte
	bits  int // 32 or 128
}

// parseAddress reads 10.0.0.1 or 2001:db8::1, without brackets and zone.
func parseAddress(text string) (address, bool) {
	a := address{bits: 32}
	if !strings.Contains(text, ":") {
		return a, parseIPv4(a.bytes[:4], text)
	}
	a.bits = 128
	return a, parseIPv6(&a.bytes, text)
}

// parseIPv4 reads four numbers. One with a zero before it is refused: some
// readers take it for octal.
func parseIPv4(to []byte, text string) bool {
	for i := range to {
		part, rest, more := strings.Cut(text, ".")
		n, ok := parseDecimal(part, 255)
		if !ok || more != (i < len(to)-1) {
			return false
		}
		to[i], text = byte(n), rest
	}
	return true
}

// parseDecimal reads a number without sign and zeros before it.
func parseDecimal(text string, most int) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n <= most && isPlainDecimal(text)
}

// parseIPv6 reads groups of hexadecimal digits (RFC 4291, section 2.2). One ::
// stands for one group of zeros or more; the last two groups may be an
// address of IPv4.
func parseIPv6(to *[16]byte, text string) bool {
	n, gap := 0, -1 // bytes that are set, and the offset of the ::
	if rest, ok := strings.CutPrefix(text, "::"); ok {
		text, gap = rest, 0
	}
	for text != "" {
		if n == len(to) {
			return false
		}
		group, rest, more := strings.Cut(text, ":")
		if !more && strings.Contains(group, ".") {
			if n > 12 || !parseIPv4(to[n:n+4], group) {
				return false
			}
			n += 4
			break
		}
		value, err := strconv.ParseUint(group, 16, 16)
		if err != nil || len(group) > 4 || more && rest == "" {
			return false
		}
		to[n], to[n+1] = byte(value>>8), byte(value)
		n += 2
		if after, ok := strings.CutPrefix(rest, ":"); ok && more {
			if gap >= 0 {
				return false
			}
			rest, gap = after, n
		}
		text = rest
	}
	if gap < 0 {
		return n == len(to)
	}
	if n == len(to) {
		return false
	}
	moved := copy(to[len(to)-(n-gap):], append([]byte(nil), to[gap:n]...))
	clear(to[gap : len(to)-moved])
	return true
}

// parseNetwork reads address/length. The second result is the address with
// the bits behind the length taken away.
func parseNetwork(text string) (given, masked address, length int, ok bool) {
	host, tail, found := strings.Cut(text, "/")
	given, ok = parseAddress(host)
	length, good := parseDecimal(tail, given.bits)
	if !found || !ok || !good {
		return given, given, 0, false
	}
	masked = given
	for i := range masked.bytes[:given.bits/8] {
		masked.bytes[i] &^= byte(0xff >> min(max(length-8*i, 0), 8))
	}
	return given, masked, length, true
}

// ParseNet reads an address or a network, as Host.Net has them: 4 or 16 bytes, and how
// many bits of them count.
func ParseNet(text string) (address []byte, bits int, ok bool) {
	_, a, bits, ok := parseNetwork(text)
	if !ok {
		if a, ok = parseAddress(text); !ok {
			return nil, 0, false
		}
		bits = a.bits
	}
	return append([]byte(nil), a.bytes[:a.bits/8]...), bits, true
}

// Within tells whether all addresses of one network are in another; both are written as
// in Host.Net.
func Within(inner, outer string) bool {
	a, bits, okA := ParseNet(inner)
	b, fewer, okB := ParseNet(outer)
	if !okA || !okB || len(a) != len(b) || bits < fewer {
		return false
	}
	for i := range a {
		if (a[i]^b[i])&^byte(0xff>>min(max(fewer-8*i, 0), 8)) != 0 {
			return false
		}
	}
	return true
}

// String prints the address. Of the groups of IPv6 those behind the last that
// is not zero are left out, which is what a network needs.
func (a address) String() string {
	var parts []string
	if a.bits == 32 {
		for _, b := range a.bytes[:4] {
			parts = append(parts, strconv.Itoa(int(b)))
		}
		return strings.Join(parts, ".")
	}
	last := 0
	for i := 0; i < len(a.bytes); i += 2 {
		value := uint64(a.bytes[i])<<8 | uint64(a.bytes[i+1])
		parts = append(parts, strconv.FormatUint(value, 16))
		if value != 0 {
			last = len(parts)
		}
	}
	switch last {
	case 0:
		return "::"
	case len(parts):
		return strings.Join(parts, ":")
	}
	return strings.Join(parts[:last], ":") + "::"
}
