package rules

import (
	"errors"
	"net/netip"

	"github.com/jail-project/jail/wire"
)

const (
	// encoding goes up with every change of what Encode writes.
	encoding = 1

	// What Decode takes at most: bytes in all, rules of both lists, own addresses.
	maxEncoded = 16 << 20
	maxRules   = 200_000
	maxOwn     = 4096
)

var errNotEncoded = errors.New("this is not an encoded set of network rules of this version")

// Encode writes a set for another process: the own addresses and the rules as texts,
// each with the port that its service stands for here, so that nobody looks it up again.
func (s *Set) Encode() []byte {
	b := wire.AppendNumber(nil, encoding)
	own := s.Own()
	b = wire.AppendNumber(b, uint64(len(own)))
	for _, addr := range own {
		b = wire.AppendBytes(b, addr.AsSlice())
	}
	for _, list := range [...][]Rule{s.Allow, s.Deny} {
		b = wire.AppendNumber(b, uint64(len(list)))
		for i := range list {
			r := &list[i]
			b = wire.AppendBytes(b, r.Text)
			b = wire.AppendBytes(b, r.Place)
			service := uint16(0)
			if r.host.Service != "" {
				service = r.ports.First
			}
			b = wire.AppendNumber(b, uint64(service))
		}
	}
	return b
}

// Decode reads what Encode wrote. The rules are parsed anew, so that it yields no set
// that Parse and New could not have made.
func Decode(data []byte) (*Set, error) {
	d := wire.NewDecoder(data)
	if len(data) > maxEncoded || d.Number() != encoding {
		return nil, errNotEncoded
	}
	own := make([]netip.Addr, min(d.Count(5), maxOwn+1))
	for i := range own {
		addr, ok := netip.AddrFromSlice(d.Bytes())
		if !ok || i == maxOwn {
			return nil, errNotEncoded
		}
		own[i] = addr
	}
	var lists [2][]Rule
	left := maxRules
	for i := range lists {
		n := d.Count(4)
		if left -= n; left < 0 {
			return nil, errNotEncoded
		}
		list, ok := decodeRules(d, n)
		if !ok {
			return nil, errNotEncoded
		}
		lists[i] = list
	}
	if !d.Done() {
		return nil, errNotEncoded
	}
	return New(lists[0], lists[1], own), nil
}

func decodeRules(d *wire.Decoder, n int) ([]Rule, bool) {
	list := make([]Rule, 0, n)
	for range n {
		text, place, port := d.Text(), d.Text(), uint16(d.Below(1<<16))
		r, p := Parse(text, place, func(string) (uint16, bool) { return port, port != 0 })
		if p != nil || port != 0 && r.host.Service == "" {
			return nil, false
		}
		list = append(list, r)
	}
	return list, true
}
