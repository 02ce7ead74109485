package kind

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jail-project/jail/diag"
)

// The groups of hosts, and the name under which a jail reaches the host's own
// loopback.
const (
	LocalGroup = "@local"
	HostGroup  = "@host"
	HostsName  = "host.jail"
)

// Host is what an entry of network.allow or network.deny means. Of Name, Any,
// Group and Net exactly one is set.
type Host struct {
	Name  string // in lower case, without a dot at the end
	Below bool   // the entry is *.Name: every name below it, and not Name itself
	Any   bool   // the entry is *
	Group string // LocalGroup or HostGroup
	Net   string // an address or a network, as package net/netip reads them

	First, Last int    // ports, with both ends; both 0 for all ports or a Service
	Service     string // the port by its name, as services(5) has them

	key string
}

// Single tells whether Net is one address.
func (h *Host) Single() bool { return !strings.Contains(h.Net, "/") }

// ParseHost reads an entry of network.allow or network.deny: a name, *.name, *,
// an address, a network or a group; behind it nothing, or a colon with a port, a
// range of ports, or the name of a service. An address of IPv6 stands in brackets
// when a port follows.
func ParseHost(text string) (Host, *diag.Problem) {
	var h Host
	host, port, hasPort := splitPort(text)
	if hasPort && !h.setPort(port) {
		return h, diag.Invalid("a host", text, "ports are 1 to 65535, a range such as 8000-8080, or the name of a service such as https")
	}
	remedy := h.setHost(strings.ToLower(host))
	if remedy == "" && h.Net == "" && strings.HasPrefix(text, "[") {
		remedy = "brackets are for addresses of IPv6"
	}
	if remedy != "" {
		return h, diag.Invalid("a host", text, remedy)
	}
	if hasPort {
		h.key += ":" + h.Service + strconv.Itoa(h.First) + "-" + strconv.Itoa(h.Last)
	}
	return h, nil
}

// setHost reads what stands before the port. When that is no host, it returns what
// to write instead.
func (h *Host) setHost(host string) (remedy string) {
	h.key = host
	switch {
	case host == "*":
		h.Any = true
		return ""
	case host == LocalGroup || host == HostGroup:
		h.Group = host
		return ""
	case strings.HasPrefix(host, "@"):
		return "the groups of hosts are " + LocalGroup + " and " + HostGroup
	case strings.ContainsFunc(host, func(r rune) bool { return r >= utf8.RuneSelf }):
		return "write names with other letters in their xn-- form"
	case host == HostsName:
		return "the host's own loopback is opened by " + HostGroup
	}
	if is, remedy := h.setNet(host); is {
		return remedy
	}
	h.Name, h.Below = strings.CutPrefix(host, "*.")
	if !IsDomain(h.Name) || IsNumeric(h.Name) {
		return "hosts are names, *.name, addresses, networks, " + LocalGroup + " or " + HostGroup + ", with :port or without"
	}
	return ""
}

// setNet reads an address or a network. The first result is false for what is
// neither.
func (h *Host) setNet(host string) (is bool, remedy string) {
	given, masked, length, ok := parseNetwork(host)
	if !ok {
		if strings.Contains(host, "/") {
			return true, "networks are written as 10.0.0.0/8"
		}
		if given, ok = parseAddress(host); !ok {
			return false, ""
		}
		masked, length = given, given.bits
	}
	switch {
	case masked != given:
		return true, "the network is " + masked.String() + "/" + strconv.Itoa(length)
	case given.isMapped():
		// Connections to them are connections to addresses of IPv4, and are
		// judged as such.
		return true, "write the address or the network of IPv4 by itself"
	}
	h.Net, h.key = host, masked.String()+"/"+strconv.Itoa(length)
	return true, ""
}

// isMapped tells whether the address is one of ::ffff:0:0/96 (RFC 4291, section
// 2.5.5.2).
func (a *address) isMapped() bool {
	prefix := [12]byte{10: 0xff, 11: 0xff}
	return a.bits == 128 && [12]byte(a.bytes[:12]) == prefix
}

// setPort reads a port, a range of ports, or the name of a service.
func (h *Host) setPort(text string) bool {
	first, last, isRange := strings.Cut(text, "-")
	a, okA := parsePort(first)
	b, okB := a, okA
	if isRange {
		b, okB = parsePort(last)
	}
	if okA && okB && a <= b {
		h.First, h.Last = a, b
		return true
	}
	if !isService(text) {
		return false
	}
	h.Service = text
	return true
}

// isService tells whether a text can be the name of a service: letters, digits
// and inner hyphens, one letter at least and 15 bytes at most (RFC 6335, section
// 5.1). The underscore and the plus sign are in names of old.
func isService(text string) bool {
	if text == "" || len(text) > 15 || text[0] == '-' || text[len(text)-1] == '-' || indexOther(text, "-+") >= 0 {
		return false
	}
	return strings.ContainsFunc(text, func(r rune) bool { return r != '_' && isLetter(byte(r)) })
}

// IsDomain reports whether text is labels of letters, digits, underscores and
// inner hyphens, as names on the wire are: 63 bytes a label at most, and 253 in
// all (RFC 1035, section 2.3.4).
func IsDomain(text string) bool {
	if text == "" || len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if indexOther(label, "-") >= 0 {
			return false
		}
	}
	return true
}

// IsNumeric tells whether the last label of a name is a number: decimal, octal, or
// hexadecimal with 0x before it. Some readers take such names for addresses of
// IPv4 (inet_aton(3)), and no domain ends like that.
func IsNumeric(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if len(last) > 1 && last[0] == '0' && (last[1] == 'x' || last[1] == 'X') {
		return strings.Trim(last[2:], digits+"abcdefABCDEF") == ""
	}
	return last != "" && strings.Trim(last, digits) == ""
}

// checkHostPattern judges an entry of network.allow or network.deny. The key is
// one for all spellings of the same entry.
func checkHostPattern(text string) (string, *diag.Problem) {
	h, p := ParseHost(text)
	return h.key, p
}

// checkHostFile judges the name of a file that lists hosts.
func checkHostFile(text string) *diag.Problem {
	if text == "" || strings.HasPrefix(text, "~") || strings.ContainsAny(text, "\x00$") || strings.HasSuffix(text, "/") {
		return diag.Invalid("a file of hosts", text, "write a path from this profile on, such as hosts.txt, or an absolute one; it has no variables")
	}
	return nil
}

// checkNetNamespace judges what names a network namespace.
func checkNetNamespace(text string) *diag.Problem {
	if strings.ContainsRune(text, 0) || text == "" || text == "." || text == ".." || strings.ContainsRune(text, '/') && text[0] != '/' {
		return diag.Invalid("a network namespace", text, "write a name of `ip netns list`, or an absolute path")
	}
	return nil
}

// splitPort takes host:port and [address]:port apart. An address with
// several colons and no brackets has no port.
func splitPort(text string) (host, port string, ok bool) {
	if rest, bracket := strings.CutPrefix(text, "["); bracket {
		host, after, closed := strings.Cut(rest, "]")
		if !closed || after != "" && after[0] != ':' {
			return text, "", false
		}
		if after == "" {
			return host, "", false
		}
		return host, after[1:], true
	}
	if strings.Count(text, ":") != 1 {
		return text, "", false
	}
	host, port, ok = strings.Cut(text, ":")
	return host, port, ok
}

func parsePort(text string) (int, bool) {
	n, ok := parseDecimal(text, 65535)
	return n, ok && n > 0
}
