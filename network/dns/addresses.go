package dns

import (
	"container/list"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// MostNames is how many names Addresses can hold: 198.18.0.0/15 has that many addresses,
// but for the first and the last.
const MostNames = 1<<17 - 2

// ErrFull says that all synthetic addresses have been handed out lately.
var ErrFull = errors.New("no synthetic address is free")

// v4Range is the block for benchmarks of networks (RFC 2544 appendix C.2.2). No host of the
// internet has an address of it, so no address of a jail hides one of those.
func v4Range() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15)
}

// v6Range is a block of unique local addresses (RFC 4193), with the letters of "jail".
func v6Range() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 'j', 'a', 'i', 'l'}), 64)
}

// Addresses gives each name one IPv4 and one IPv6 address, which exist only in the jail.
// From the address that a program dials, the relay knows the name that it means. A name
// keeps its addresses until they are needed for another one, and have not been used for a
// while.
type Addresses struct {
	most int
	keep time.Duration

	mu      sync.Mutex
	names   map[string]*holder
	holders []*holder // holders[n-1] has the number n
	used    list.List // of *holder, the one that was used last in front
}

// holder is a name and the number that both of its addresses are made of.
type holder struct {
	name   string
	number uint32
	last   time.Time
	place  *list.Element
}

// NewAddresses makes an empty table for at most so many names, MostNames at the utmost. The
// address of a name can become that of another one when it was not used for as long as keep.
func NewAddresses(most int, keep time.Duration) *Addresses {
	return &Addresses{most: min(most, MostNames), keep: keep, names: map[string]*holder{}}
}

// Of returns the two addresses of a name. The error is ErrFull.
func (a *Addresses) Of(name string) (v4, v6 netip.Addr, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.names[name]
	if h == nil {
		if h = a.free(); h == nil {
			return netip.Addr{}, netip.Addr{}, ErrFull
		}
		h.name = name
		a.names[name] = h
	}
	a.touch(h)
	return v4Of(h.number), v6Of(h.number), nil
}

// Name returns the name that an address belongs to. Asking counts as use: a program that
// still dials an address means the name that it got it for.
func (a *Addresses) Name(addr netip.Addr) (string, bool) {
	number, ok := numberOf(addr.Unmap())
	if !ok {
		return "", false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if number == 0 || int64(number) > int64(len(a.holders)) {
		return "", false
	}
	h := a.holders[number-1]
	a.touch(h)
	return h.name, true
}

// free returns a holder without a name: a new one, or the least recently used one.
func (a *Addresses) free() *holder {
	if len(a.holders) < a.most {
		h := &holder{number: uint32(len(a.holders) + 1)}
		h.place = a.used.PushFront(h)
		a.holders = append(a.holders, h)
		return h
	}
	last := a.used.Back()
	if last == nil {
		return nil
	}
	h := last.Value.(*holder)
	if time.Since(h.last) < a.keep {
		return nil
	}
	delete(a.names, h.name)
	return h
}

func (a *Addresses) touch(h *holder) {
	h.last = time.Now()
	a.used.MoveToFront(h.place)
}

func v4Of(number uint32) netip.Addr {
	b := v4Range().Addr().As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+number)
	return netip.AddrFrom4(b)
}

func v6Of(number uint32) netip.Addr {
	b := v6Range().Addr().As16()
	binary.BigEndian.PutUint32(b[12:], number)
	return netip.AddrFrom16(b)
}

// numberOf is the inverse of v4Of and v6Of.
func numberOf(addr netip.Addr) (number uint32, ok bool) {
	switch {
	case v4Range().Contains(addr):
		b, first := addr.As4(), v4Range().Addr().As4()
		return binary.BigEndian.Uint32(b[:]) - binary.BigEndian.Uint32(first[:]), true
	case v6Range().Contains(addr):
		b := addr.As16()
		number = binary.BigEndian.Uint32(b[12:])
		return number, v6Of(number) == addr
	}
	return 0, false
}
