// Package relay is the service beside a jail with a filtered network. All that the
// program connects to arrives here; the relay connects from outside where the rules allow
// it, and passes bytes on. It answers questions about names, and gives each name an
// address of its own, so that it knows of each connection which name was meant.
//
// Package network has the addresses, package rules decides, package service confines.
package relay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/network/dns"
	"github.com/jail-project/jail/network/pair"
	"github.com/jail-project/jail/network/rules"
)

// Relay serves one jail.
type Relay struct {
	rules     *rules.Set
	resolver  *dns.Resolver
	addresses *dns.Addresses
	names     *dns.Server
	questions *queue // connections to the port for names
	report    report
	gateway   [2]netip.Addr
	most      int64 // connections at a time
	open      atomic.Int64
	tracked   pair.Tracked
}

// Limits of a relay.
const (
	mostConnections = 4096
	mostNames       = 16384
	// keepNames is how long an address belongs to a name that is not asked for any more.
	keepNames = 30 * time.Minute
	memory    = 256 << 20 // bytes, from where garbage is collected at any price
)

// New makes a relay by its setting.
func New(s *network.Setting) (*Relay, error) {
	set, err := ruleSet(s)
	if err != nil {
		return nil, err
	}
	debug.SetMemoryLimit(memory)
	r := &Relay{
		rules: set, addresses: dns.NewAddresses(mostNames, keepNames), most: pair.Affordable(mostConnections), questions: newQueue(),
		gateway: [2]netip.Addr{netip.MustParseAddr(network.Relay4), netip.MustParseAddr(network.Relay6)},
	}
	r.resolver = resolver(s, set)
	r.names = dns.NewServer(dns.Options{
		Ask: r.mayAsk, Lookup: r.resolver.Lookup, Addresses: r.addresses,
		Refused: func(name string, why dns.Refusal) { r.report.refusedName(name, why) },
	})
	return r, nil
}

// Serve answers names and relays connections until the listeners are closed.
func (r *Relay) Serve(ctx context.Context, listeners []*net.TCPListener, questions []*net.UDPConn) error {
	ended := make(chan error)
	for _, l := range listeners {
		go func() { ended <- r.accept(l) }()
	}
	for _, c := range questions {
		go func() { ended <- r.names.ServeUDP(ctx, c) }()
	}
	go func() { ended <- r.names.ServeTCP(ctx, r.questions) }()
	return <-ended
}

// accept takes connections. Those beyond the limit are reset at once: kept waiting, the
// program could not tell them from those to a host that does not answer.
func (r *Relay) accept(l *net.TCPListener) error {
	for {
		c, err := l.AcceptTCP()
		switch {
		case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOMEM):
			time.Sleep(10 * time.Millisecond)
			continue
		case err != nil:
			return err
		}
		if r.open.Add(1) > r.most {
			r.open.Add(-1)
			r.report.refused("more than " + number(r.most) + " connections at a time")
			pair.Reset(c)
			continue
		}
		go func() {
			defer r.open.Add(-1)
			r.serve(c)
		}()
	}
}

// serve handles a connection by what it was made to.
func (r *Relay) serve(c *net.TCPConn) {
	to, ok := c.LocalAddr().(*net.TCPAddr)
	if !ok {
		pair.Reset(c)
		return
	}
	at := to.AddrPort()
	addr, port := at.Addr().Unmap().WithZone(""), at.Port()
	switch isRelay := addr == r.gateway[0] || addr == r.gateway[1]; {
	case port == network.NamePort:
		r.questions.put(c)
	case isRelay && port == network.ProxyPort:
		r.proxy(c)
	case isRelay:
		pair.Reset(c)
	default:
		r.forward(c, addr, port)
	}
}

// forward connects to what the program meant by an address.
func (r *Relay) forward(c *net.TCPConn, addr netip.Addr, port uint16) {
	t := target{addr: addr, port: port}
	t.name, _ = r.addresses.Name(addr) // addresses of names are local, so others of them are refused
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	out, err := r.connect(ctx, t)
	if err != nil {
		pair.Reset(c)
		return
	}
	r.relay(c, out, t, nil)
}

// mayAsk is dns.Options.Ask.
func (r *Relay) mayAsk(name string) (wildcard string, allowed bool) {
	d := r.rules.MayAsk(name)
	if d.Allowed && d.Rule != nil && isMany(d.Rule.Text) {
		wildcard = d.Rule.Text
	}
	return wildcard, d.Allowed
}
