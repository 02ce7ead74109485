package dns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// The answers of Lookup that are none. With any other error nobody knows.
var (
	ErrNoName = errors.New("there is no such name")   // NXDOMAIN
	ErrNoData = errors.New("the name has no address") // there is such a name
)

const (
	// mostLookups is how many names a Resolver asks for at a time.
	mostLookups = 64
	// longestLookup bounds one look-up, however many servers and attempts there are.
	longestLookup = 30 * time.Second
	// filesTTL is how long an answer of files and fixed names holds. They do not change
	// while the jail runs.
	filesTTL = time.Minute
)

// Source is where the host looks names up.
type Source int

// The sources that a Resolver knows; see nsswitch.conf(5).
const (
	Files Source = iota // /etc/hosts
	DNS                 // the servers of /etc/resolv.conf
)

// Config is what a Resolver takes from the host. It is plain data, which another process
// can be sent.
type Config struct {
	ResolvConf
	// Order is in which sources a name is looked for, until one has it. See Nsswitch.
	Order []Source
	// Hosts are names of /etc/hosts in canonical form, see ParseHosts. A name without a
	// usable address is known not to have one.
	Hosts map[string][]netip.Addr
	// Fixed are names that no source is asked about, such as host.jail.
	Fixed map[string][]netip.Addr
}

// Resolver looks names up as the host does, and remembers the answers for as long as their
// servers say: who asks twice within that time gets the same addresses. So what was judged
// is what is dialled.
type Resolver struct {
	config  Config
	cache   cache
	lookups chan struct{} // has an element for each look-up that goes on
	turn    atomic.Uint32 // which server is first, with ResolvConf.Rotate
}

// NewResolver makes a resolver. It does nothing before Lookup.
func NewResolver(c Config) *Resolver {
	return &Resolver{config: c, cache: cache{entries: map[string]*entry{}}, lookups: make(chan struct{}, mostLookups)}
}

// Answer is what a name has.
type Answer struct {
	// Addrs are the addresses, those of IPv6 first, without repetition and without the
	// unspecified ones. Nothing is said about whether a program may reach them.
	Addrs []netip.Addr
	// TTL is for how long this will be the answer.
	TTL time.Duration
}

// Lookup returns the addresses of a name, which is in canonical form and allowed. Its errors
// are ErrNoName, ErrNoData, and others when no server has answered, or the context ended.
// What several ask for at the same time is asked for once.
func (r *Resolver) Lookup(ctx context.Context, name string) (Answer, error) {
	return r.search(name, func() (Answer, error) { return r.remembered(ctx, name) })
}

// Known is Lookup for names that nobody has to be asked for now; of others it says false.
func (r *Resolver) Known(name string) (answer Answer, known bool, err error) {
	known = true
	answer, err = r.search(name, func() (Answer, error) {
		if e := r.cache.find(name); e != nil && e.settled() {
			return e.result()
		}
		known = false
		return Answer{}, nil
	})
	return answer, known, err
}

// search looks a name up by the sources in their order.
func (r *Resolver) search(name string, dns func() (Answer, error)) (Answer, error) {
	if !isCanonical(name) {
		return Answer{}, fmt.Errorf("look up %q: not a name in canonical form", name)
	}
	if addrs, ok := r.config.Fixed[name]; ok {
		return fromFiles(addrs)
	}
	err := ErrNoName
	for _, source := range r.config.Order {
		if addrs, known := r.config.Hosts[name]; known && source == Files {
			return fromFiles(addrs)
		}
		if source == DNS {
			var answer Answer
			if answer, err = dns(); err == nil {
				return answer, nil
			}
		}
	}
	return Answer{}, err
}

func fromFiles(addrs []netip.Addr) (Answer, error) {
	if addrs = usable(addrs); len(addrs) == 0 {
		return Answer{}, ErrNoData
	}
	return Answer{Addrs: addrs, TTL: filesTTL}, nil
}

// usable returns the addresses that can be dialled, each once. To dial the unspecified
// address means the host itself, which no name may say.
func usable(addrs []netip.Addr) []netip.Addr {
	var some []netip.Addr
	for _, addr := range addrs {
		if !addr.Unmap().IsUnspecified() && !slices.Contains(some, addr) {
			some = append(some, addr)
		}
	}
	return some
}

// remembered is the answer of DNS: the one that is in the cache, or the one that is being
// asked for, or one that is asked for now.
func (r *Resolver) remembered(ctx context.Context, name string) (Answer, error) {
	e := r.cache.find(name)
	if e == nil {
		select {
		case r.lookups <- struct{}{}:
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		}
		var added bool
		if e, added = r.cache.findOrAdd(name); added {
			go r.fill(e, name)
		} else {
			<-r.lookups
		}
	}
	select {
	case <-e.done:
		return e.result()
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

// fill asks for a name. Its time is its own: others may wait for the answer longer than who
// asked first.
func (r *Resolver) fill(e *entry, name string) {
	defer func() { <-r.lookups }()
	ctx, cancel := context.WithTimeout(context.Background(), longestLookup)
	defer cancel()
	answer, err := r.ask(ctx, name)
	r.cache.settle(e, answer, err)
}
