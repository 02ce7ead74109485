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
	"strconv"
	"sync"
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
	rules     atomic.Pointer[rules.Set]
	resolver  *dns.Resolver
	addresses *dns.Addresses
	names     *dns.Server
	questions *queue // connections to the port for names
	report    report
	gateway   [2]netip.Addr
	most      int64 // connections at a time
	open      atomic.Int64
	held      atomic.Int64 // bytes of unfinished hellos
	flows     flows
	lists     *lists
	blocks    blocks
	pipes     pipes
	times     times
	// destination is where a program has connected to, by the connection that arrived.
	destination func(*net.TCPConn) (netip.AddrPort, bool)
}

// times are what programs are given, see helloTime and requestTime.
type times struct{ hello, request time.Duration }

// Limits of a relay.
const (
	mostConnections = 4096
	// perConnection is how many descriptors a connection takes: both sides, while the
	// addresses of a name are tried one of them several times.
	perConnection = 1 + mostAttempts
	// reserved are descriptors for all else: a socket for each question to a name server,
	// connections for questions, pipes, what the service was passed.
	reserved  = 2*64 + 64 + 2*mostPipes + 32
	mostNames = 16384
	// keepNames is how long an address belongs to a name that is not asked for any more.
	keepNames = 30 * time.Minute
	memory    = 256 << 20 // bytes, from where garbage is collected at any price
)

// New makes a relay by its setting.
func New(s *network.Setting) (*Relay, error) {
	lists, err := newLists(s)
	if err != nil {
		return nil, err
	}
	set := lists.set()
	debug.SetMemoryLimit(memory)
	r := &Relay{
		times: times{hello: helloTime, request: requestTime}, destination: ownAddress, lists: lists, addresses: dns.NewAddresses(mostNames, keepNames), most: pair.Affordable(mostConnections, perConnection, reserved), questions: newQueue(),
		gateway: [2]netip.Addr{netip.MustParseAddr(network.Relay4), netip.MustParseAddr(network.Relay6)},
	}
	r.rules.Store(set)
	r.resolver = resolver(s, set)
	r.names = dns.NewServer(dns.Options{
		Ask: r.mayAsk, Lookup: r.resolver.Lookup, Addresses: r.addresses,
		Refused: func(name string, why dns.Refusal) { r.report.refusedName(name, why, r.rules.Load().MayAsk(name).Rule) },
	})
	return r, nil
}

// Serve answers names and relays connections until the context ends, or a listener does.
// Then it resets what it relays.
func (r *Relay) Serve(ctx context.Context, listeners []*net.TCPListener, questions []*net.UDPConn) error {
	ctx, cancel := context.WithCancel(ctx)
	var serving sync.WaitGroup
	defer serving.Wait()
	defer r.flows.look(func(_, _ *unix.TCPInfo) bool { return true })
	defer cancel()
	ended := make(chan error, len(listeners)+len(questions)+1)
	start := func(serve func() error) { serving.Go(func() { ended <- serve() }) }
	for _, l := range listeners {
		context.AfterFunc(ctx, func() { _ = l.Close() })
		start(func() error { return r.accept(ctx, l) })
	}
	for _, c := range questions {
		start(func() error { return r.names.ServeUDP(ctx, c) })
	}
	start(func() error { return r.names.ServeTCP(ctx, r.questions) })
	serving.Go(func() { r.flows.endIdle(ctx) })
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// accept takes connections until the listener is closed. Those beyond the limit are reset
// at once: kept waiting, the program could not tell them from those to a host that does
// not answer. No other error is for good: there may be descriptors or memory again, or it
// is about one connection alone (accept(2)).
func (r *Relay) accept(ctx context.Context, l *net.TCPListener) error {
	for {
		c, err := l.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if r.open.Add(1) > r.most {
			r.open.Add(-1)
			r.report.refused("more than " + strconv.FormatInt(r.most, 10) + " connections at a time")
			pair.Reset(c)
			continue
		}
		go func() {
			defer r.open.Add(-1)
			r.serve(ctx, c)
		}()
	}
}

// serve handles a connection by what it was made to.
func (r *Relay) serve(ctx context.Context, c *net.TCPConn) {
	at, ok := r.destination(c)
	if !ok {
		pair.Reset(c)
		return
	}
	addr, port := at.Addr().Unmap().WithZone(""), at.Port()
	switch isRelay := addr == r.gateway[0] || addr == r.gateway[1]; {
	case port == network.NamePort:
		r.questions.put(c)
	case isRelay && port == network.ProxyPort:
		r.proxy(ctx, c)
	case isRelay:
		pair.Reset(c)
	default:
		r.forward(ctx, c, addr, port)
	}
}

// ownAddress is the destination of a transparent connection: its address on this side.
func ownAddress(c *net.TCPConn) (netip.AddrPort, bool) {
	to, ok := c.LocalAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}, false
	}
	return to.AddrPort(), true
}

// forward connects to what the program meant by an address.
func (r *Relay) forward(ctx context.Context, c *net.TCPConn, addr netip.Addr, port uint16) {
	t := target{addr: addr, port: port}
	t.name, _ = r.addresses.Name(addr) // addresses of names are local, so others of them are refused
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	f, err := r.connect(ctx, t)
	if err != nil {
		pair.Reset(c)
		return
	}
	f.in = c
	r.relay(f, nil)
}

// mayAsk is dns.Options.Ask.
func (r *Relay) mayAsk(name string) (wildcard string, allowed bool) {
	d := r.rules.Load().MayAsk(name)
	if d.Allowed && d.Rule != nil && isMany(d.Rule.Text) {
		wildcard = d.Rule.Text
	}
	return wildcard, d.Allowed
}
