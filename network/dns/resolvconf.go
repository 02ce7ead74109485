package dns

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// ResolvConf is what resolv.conf(5) says.
type ResolvConf struct {
	Servers []netip.AddrPort // at most three, in the order in which they are asked
	// Search are the domains in which the program's library looks for short names, as
	// they are written. A Resolver does not: it is asked for whole names.
	Search []string
	Ndots  int // for the program's library as well

	Timeout       time.Duration // for one question to one server
	Attempts      int           // how often each server is asked
	Rotate        bool          // begin with another server each time
	UseTCP        bool          // use-vc
	EDNS0         bool          // say that answers by UDP may be long
	TrustAD       bool          // for the program's library
	SingleRequest bool          // ask for one family after the other
	NoAAAA        bool          // ask for IPv4 alone
}

// What the C library takes at most, MAXNS and the others of <resolv.h>.
const (
	mostServers  = 3
	mostNdots    = 15
	mostTimeout  = 30
	mostAttempts = 5
)

// ParseResolvConf reads the text of resolv.conf as the C library does: what is unknown or
// wrong is passed over. Without a server, one at 127.0.0.1 is asked. A server with an
// address of one link keeps its zone, which has to be a number where the name of an
// interface cannot be looked up.
func ParseResolvConf(text []byte) ResolvConf {
	c := ResolvConf{Ndots: 1, Timeout: 5 * time.Second, Attempts: 2}
	for line := range bytes.Lines(text) {
		fields := strings.Fields(string(line))
		// A keyword begins its line.
		if len(fields) < 2 || !bytes.HasPrefix(line, []byte(fields[0])) {
			continue
		}
		switch fields[0] {
		case "nameserver":
			if addr, err := netip.ParseAddr(fields[1]); err == nil && len(c.Servers) < mostServers {
				c.Servers = append(c.Servers, netip.AddrPortFrom(addr.Unmap(), 53))
			}
		case "domain":
			c.Search = fields[1:2]
		case "search":
			c.Search = fields[1:]
		case "options":
			for _, option := range fields[1:] {
				c.set(option)
			}
		}
	}
	if len(c.Servers) == 0 {
		c.Servers = []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 53)}
	}
	return c
}

// set sets one option.
func (c *ResolvConf) set(option string) {
	name, value, _ := strings.Cut(option, ":")
	number := func(least, most, otherwise int) int {
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return otherwise
		}
		return max(least, min(most, n))
	}
	switch name {
	case "ndots":
		c.Ndots = number(0, mostNdots, c.Ndots)
	case "timeout":
		c.Timeout = time.Duration(number(1, mostTimeout, int(c.Timeout/time.Second))) * time.Second
	case "attempts":
		c.Attempts = number(1, mostAttempts, c.Attempts)
	case "rotate":
		c.Rotate = true
	case "use-vc", "usevc", "tcp":
		c.UseTCP = true
	case "edns0":
		c.EDNS0 = true
	case "trust-ad":
		c.TrustAD = true
	case "single-request", "single-request-reopen":
		c.SingleRequest = true
	case "no-aaaa":
		c.NoAAAA = true
	}
}

// IsResolved tells whether systemd-resolved answers: its stub is the only server that is
// asked. See systemd-resolved.service(8).
func (c *ResolvConf) IsResolved() bool {
	for _, server := range c.Servers {
		if a := server.Addr(); a != netip.AddrFrom4([4]byte{127, 0, 0, 53}) && a != netip.AddrFrom4([4]byte{127, 0, 0, 54}) {
			return false
		}
	}
	return len(c.Servers) > 0
}
