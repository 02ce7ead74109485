package dns

import (
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// special answers the questions about which no rule is asked. It returns nil for all others.
func (s *Server) special(q *query) []byte {
	switch {
	case q.name == "":
		return q.reply(dnsmessage.RCodeSuccess)
	case isWithin(q.name, "localhost"): // the jail's own, RFC 6761 section 6.3
		return q.answerWith(netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback(), mostTTL)
	case q.name == "use-application-dns.net":
		// Firefox asks for this name, and without it asks this server for all names,
		// rather than one that it reaches by HTTPS.
		return q.reply(dnsmessage.RCodeNameError)
	case isWithin(q.name, "resolver.arpa"): // asks for encrypted ways to ask, RFC 9462
		return q.reply(dnsmessage.RCodeSuccess)
	case isWithin(q.name, "onion"): // RFC 7686 section 2
		return q.reply(dnsmessage.RCodeNameError)
	case q.question.Type == dnsmessage.TypePTR && isWithin(q.name, "arpa"):
		return s.reverse(q)
	}
	return nil
}

// reverse answers with the name of an address that the program can have got from here.
func (s *Server) reverse(q *query) []byte {
	addr, ok := reversed(q.name)
	if !ok {
		return q.reply(dnsmessage.RCodeNameError)
	}
	name, ok := s.o.Addresses.Name(addr)
	if addr.IsLoopback() {
		name, ok = "localhost", true
	}
	if !ok {
		return q.reply(dnsmessage.RCodeNameError)
	}
	answer, err := q.pointer(name, mostTTL)
	if err != nil {
		return q.reply(dnsmessage.RCodeServerFailure)
	}
	return q.reply(dnsmessage.RCodeSuccess, answer...)
}

// neverForwarded tells whether no server of the internet may be asked about a name, by the
// RFCs above. For these the host's files decide, and fixed names.
func neverForwarded(name string) bool {
	return isWithin(name, "localhost") || isWithin(name, "onion")
}

// isWithin tells whether a name is a domain or one below it.
func isWithin(name, domain string) bool {
	rest, ok := strings.CutSuffix(name, domain)
	return ok && (rest == "" || strings.HasSuffix(rest, "."))
}

// reversed returns the address that a name below in-addr.arpa (RFC 1035 section 3.5) or
// ip6.arpa (RFC 3596 section 2.5) stands for.
func reversed(name string) (netip.Addr, bool) {
	if digits, ok := strings.CutSuffix(name, ".in-addr.arpa"); ok {
		parts := strings.Split(digits, ".")
		if len(parts) != 4 {
			return netip.Addr{}, false
		}
		addr, err := netip.ParseAddr(parts[3] + "." + parts[2] + "." + parts[1] + "." + parts[0])
		return addr, err == nil
	}
	digits, ok := strings.CutSuffix(name, ".ip6.arpa")
	parts := strings.Split(digits, ".")
	if !ok || len(parts) != 32 {
		return netip.Addr{}, false
	}
	var b [16]byte
	for i, part := range parts {
		digit, err := strconv.ParseUint(part, 16, 4)
		if err != nil || len(part) != 1 {
			return netip.Addr{}, false
		}
		b[15-i/2] |= byte(digit) << (4 * (i % 2))
	}
	return netip.AddrFrom16(b), true
}
