package hello

import "strings"

// maxName is how long a DNS name can be as a text without its last dot, in bytes: 255
// as a message has it (RFC 1035, section 2.3.4).
const maxName = 253

// wrongName says what is wrong with a server name, or "". RFC 6066, section 3, wants the
// ASCII form of a DNS name, without a dot at its end, and no address.
func wrongName(name string) string {
	switch {
	case name == "":
		return "the server name in its hello is empty"
	case len(name) > maxName:
		return "the server name in its hello is longer than DNS names can be"
	case strings.HasSuffix(name, "."):
		return "the server name in its hello ends in a dot"
	}
	for i := range len(name) {
		if !inName(name[i]) {
			return "the server name in its hello has a character that host names do not have"
		}
	}
	if numeric(name[strings.LastIndexByte(name, '.')+1:]) {
		return "the server name in its hello is an IP address"
	}
	return ""
}

// inName tells whether a byte can be in a host name. An underscore should not be, but is
// in names that people use.
func inName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
}

// numeric tells whether a name with this last label is an IPv4 address for inet_aton(3),
// which takes fewer than four numbers as well, and octal and hexadecimal ones. No
// top-level domain is a number (RFC 3696, section 2).
func numeric(label string) bool {
	digits, isHex := strings.CutPrefix(strings.ToLower(label), "0x")
	for i := range len(digits) {
		if c := digits[i]; ('0' > c || c > '9') && (!isHex || 'a' > c || c > 'f') {
			return false
		}
	}
	return label != ""
}
