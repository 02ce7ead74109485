package rules

import (
	"iter"
	"net/netip"
	"strconv"

	"github.com/jail-project/jail/diag"
)

// Decision is the answer to whether a jail reaches a destination.
type Decision struct {
	Allowed bool
	Rule    *Rule  // which rule of the Set decided; nil when none allows it
	Reason  string // why, in a sentence for people
}

// Decide tells whether a jail may connect to a port of an address. Name is what the
// program asked for when the address is the answer to that, and "" when the program
// named the address itself. An address that is not valid is one that is not known yet,
// and stands for any that is not local; then the name alone is judged.
//
// A rule of deny that covers the name or the address wins. Else a rule of allow must
// cover the address, or the name of an address that is not local: no name opens what is
// local. Both are judged anew for every connection, with the address that is dialled,
// so that an answer that changes (DNS rebinding) gains nothing. No rule has port 0.
func (s *Set) Decide(name string, addr netip.Addr, port uint16) Decision {
	d, wrong := s.destination(name, addr)
	if wrong != "" {
		return Decision{Reason: wrong}
	}
	for r := range s.denying(&d) {
		if r.ports.has(port) {
			return Decision{Rule: r, Reason: diag.Quote(r.Text) + " denies " + d.at(port)}
		}
	}
	for r := range s.allowing(&d) {
		if r.ports.has(port) {
			return Decision{Allowed: true, Rule: r, Reason: diag.Quote(r.Text) + " allows " + d.at(port)}
		}
	}
	return Decision{Reason: s.nothing(&d, port)}
}

// MayAsk tells whether a name may be resolved: a name that no rule could let the
// program connect to is not told to any resolver, since a question says something too.
// HostName is allowed by what opens the host's loopback, and is never asked for.
func (s *Set) MayAsk(name string) Decision {
	d, wrong := s.destination(name, netip.Addr{})
	if wrong != "" {
		return Decision{Reason: wrong}
	}
	left := s.ports(&d)
	for r := range s.allowing(&d) {
		for _, p := range left {
			if r.ports.First <= p.Last && p.First <= r.ports.Last {
				return Decision{Allowed: true, Rule: r, Reason: diag.Quote(r.Text) + " allows " + d.String()}
			}
		}
	}
	for range s.allowing(&d) { // which leaves no port
		for r := range s.denying(&d) {
			return Decision{Rule: r, Reason: diag.Quote(r.Text) + " denies " + d.String()}
		}
	}
	return Decision{Reason: "nothing allows " + d.String()}
}

// Ports returns the ports that Decide allows for a name and an address, ascending and
// without overlaps.
func (s *Set) Ports(name string, addr netip.Addr) []Ports {
	d, wrong := s.destination(name, addr)
	if wrong != "" {
		return nil
	}
	return s.ports(&d)
}

// destination is what a connection leads to, but for the port.
type destination struct {
	name string     // canonical, or ""
	addr netip.Addr // or not valid

	local    string     // what makes the address local, "" for one that is not
	carries  bool       // see localNet
	carried  netip.Addr // or not valid
	loopback bool       // the host's loopback
}

// destination makes one of what a program asks for. The text says what is wrong with
// it, and is "" for nothing.
func (s *Set) destination(name string, addr netip.Addr) (d destination, wrong string) {
	if name != "" {
		canonical, err := Canonical(name)
		if err != nil {
			return d, err.Error()
		}
		name = canonical
	}
	switch {
	case name == "" && !addr.IsValid():
		return d, "neither a name nor an address is asked for"
	case addr.Zone() != "":
		return d, diag.Quote(addr.String()) + " has a zone, and jails have none"
	case name == HostName && addr.IsValid() && !addr.IsLoopback():
		return d, HostName + " is the host's loopback, and " + addr.String() + " is not"
	case name == HostName && !addr.IsValid():
		addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	d = destination{name: name, addr: addr}
	if !addr.IsValid() {
		return d, ""
	}
	d.local, d.carries = s.local(addr)
	d.carried, _ = carried(addr)
	// To connect to the address of no host is to connect to the own host (ip(7)).
	d.loopback = addr.IsLoopback() || addr.IsUnspecified()
	return d, ""
}

// local says what makes an address local, and whether it carries another one. It
// returns "" for an address that is not local.
func (s *Set) local(addr netip.Addr) (what string, carries bool) {
	for i := range s.nets {
		if n := &s.nets[i]; n.prefix.Contains(addr) {
			return n.what, n.carries
		}
	}
	switch {
	case s.own[addr]:
		return "an address of this host", false
	case addr.Is6() && !s.global.Contains(addr):
		return "a reserved address", false
	}
	return "", false
}

// allowing yields the rules of allow that cover a destination.
func (s *Set) allowing(d *destination) iter.Seq[*Rule] {
	return func(yield func(*Rule) bool) {
		for r := range s.allow.ofAddr(d.addr) {
			if (d.local == "" || r.opensLocal) && !yield(r) {
				return
			}
		}
		switch {
		case d.loopback && !each(s.allow.host, yield):
		case d.local != "" && !d.carries:
			each(s.allow.local, yield)
		case d.local != "":
		case d.name == "":
			each(s.allow.any, yield)
		default:
			s.allow.ofName(d.name)(yield)
		}
	}
}

// denying yields the rules of deny that cover a destination, by its name, by its
// address, or by one that this carries.
func (s *Set) denying(d *destination) iter.Seq[*Rule] {
	return func(yield func(*Rule) bool) {
		for _, addr := range [...]netip.Addr{d.addr, d.carried} {
			for r := range s.deny.ofAddr(addr) {
				if !yield(r) {
					return
				}
			}
		}
		switch {
		case d.loopback && !each(s.deny.host, yield):
		case d.local != "" && !each(s.deny.local, yield):
		case d.name == "":
			each(s.deny.any, yield)
		default:
			s.deny.ofName(d.name)(yield)
		}
	}
}

// ports is what the rules of allow leave open and those of deny do not close.
func (s *Set) ports(d *destination) []Ports {
	var open, closed ranges
	for r := range s.allowing(d) {
		open.add(r.ports)
	}
	for r := range s.denying(d) {
		closed.add(r.ports)
	}
	return open.without(closed)
}

// nothing says why no rule allows a port of a destination.
func (s *Set) nothing(d *destination, port uint16) string {
	if d.local == "" || d.name == HostName {
		return "nothing allows " + d.at(port)
	}
	what := d.addr.String() + ", which is " + d.local
	if d.name != "" {
		what = d.name + " answers " + what
	} else {
		what = "nothing allows " + what
	}
	for r := range s.allow.ofAddr(d.addr) {
		if !r.opensLocal && r.ports.has(port) {
			return what + "; " + diag.Quote(r.Text) + " holds other addresses too, and does not open it"
		}
	}
	if d.name == "" {
		return what
	}
	return what + ", and names open nothing that is local"
}

// String is the destination without a port.
func (d *destination) String() string {
	if d.name != "" {
		return d.name
	}
	return d.addr.String()
}

// at is the destination with a port.
func (d *destination) at(port uint16) string {
	if d.name != "" {
		return d.name + ":" + strconv.Itoa(int(port))
	}
	return netip.AddrPortFrom(d.addr, port).String()
}
