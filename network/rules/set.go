package rules

import (
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/jail-project/jail/policy/kind"
)

// Set is all rules of one jail, made by New. It does not change, so that any number of
// goroutines may ask it.
type Set struct {
	Allow, Deny []Rule

	own    map[netip.Addr]bool
	nets   []localNet
	global netip.Prefix
	allow  index
	deny   index
}

// New makes a set. Own are the host's own addresses, which are local as well. The rules
// must not be changed afterwards.
func New(allow, deny []Rule, own []netip.Addr) *Set {
	s := &Set{Allow: allow, Deny: deny, nets: localNets(), global: globalUnicast()}
	s.allow.build(allow)
	s.deny.build(deny)
	return s.WithOwn(own)
}

// WithOwn returns a set with the same rules for a host that has other addresses now.
func (s *Set) WithOwn(own []netip.Addr) *Set {
	with := *s
	with.own = make(map[netip.Addr]bool, len(own))
	for _, addr := range own {
		if addr.IsValid() {
			with.own[addr.WithZone("").Unmap()] = true
		}
	}
	return &with
}

// Own returns the host's own addresses, in their order.
func (s *Set) Own() []netip.Addr {
	own := make([]netip.Addr, 0, len(s.own))
	for addr := range s.own {
		own = append(own, addr)
	}
	slices.SortFunc(own, netip.Addr.Compare)
	return own
}

// index finds the rules of one list that are about a name or an address, whatever
// their ports. It takes as many steps as a name has labels, and the list networks of
// different sizes.
type index struct {
	names map[string][]*Rule // entries of this very name
	below map[string][]*Rule // entries of *.name
	any   []*Rule
	host  []*Rule // @host
	local []*Rule // @local
	nets  map[netip.Prefix][]*Rule
	bits  [2][]int // the sizes of the networks of IPv4 and of IPv6, narrow ones first
}

func (x *index) build(rules []Rule) {
	x.names, x.below = map[string][]*Rule{}, map[string][]*Rule{}
	x.nets = map[netip.Prefix][]*Rule{}
	for i := range rules {
		r := &rules[i]
		switch h := &r.host; {
		case h.Any:
			x.any = append(x.any, r)
		case h.Group == kind.HostGroup:
			x.host = append(x.host, r)
		case h.Group == kind.LocalGroup:
			x.local = append(x.local, r)
		case h.Below:
			x.below[h.Name] = append(x.below[h.Name], r)
		case h.Name != "":
			x.names[h.Name] = append(x.names[h.Name], r)
		default:
			x.nets[r.prefix] = append(x.nets[r.prefix], r)
			bits := &x.bits[family(r.prefix.Addr())]
			if !slices.Contains(*bits, r.prefix.Bits()) {
				*bits = append(*bits, r.prefix.Bits())
			}
		}
	}
	for i := range x.bits {
		slices.SortFunc(x.bits[i], func(a, b int) int { return b - a })
	}
}

// family is 0 for an address of IPv4 and 1 for one of IPv6.
func family(addr netip.Addr) int {
	if addr.Is4() {
		return 0
	}
	return 1
}

// ofName yields the rules that cover a canonical name, the closest first.
func (x *index) ofName(name string) iter.Seq[*Rule] {
	return func(yield func(*Rule) bool) {
		if !each(x.names[name], yield) {
			return
		}
		for rest, more := name, true; more; {
			if _, rest, more = strings.Cut(rest, "."); more && !each(x.below[rest], yield) {
				return
			}
		}
		each(x.any, yield)
	}
}

// ofAddr yields the rules with an address or a network that cover an address, the
// narrow ones first.
func (x *index) ofAddr(addr netip.Addr) iter.Seq[*Rule] {
	return func(yield func(*Rule) bool) {
		if !addr.IsValid() {
			return
		}
		for _, bits := range x.bits[family(addr)] {
			if p, err := addr.Prefix(bits); err == nil && !each(x.nets[p], yield) {
				return
			}
		}
	}
}

// each yields rules. It returns false when no more are wanted.
func each(rules []*Rule, yield func(*Rule) bool) bool {
	for _, r := range rules {
		if !yield(r) {
			return false
		}
	}
	return true
}
