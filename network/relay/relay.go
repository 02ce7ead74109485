// Package relay is the service beside a jail with a filtered network. All that the
// program connects to arrives here; the relay connects from outside where the rules allow
// it, and passes bytes on. It answers questions about names, and gives each name an
// address of its own, so that it knows of each connection which name was meant.
//
// Package network has the addresses, package rules decides, package service confines.
package relay

import (
	"context"
	"net"
	"net/netip"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/network/dns"
	"github.com/jail-project/jail/network/flow"
	"github.com/jail-project/jail/network/rules"
)

// Relay serves one jail.
type Relay struct {
	rules     atomic.Pointer[rules.Set]
	resolver  *dns.Resolver
	unserved  []dns.Other // where programs of the host look names up as well
	addresses *dns.Addresses
	names     *dns.Server
	questions *queue // connections to the port for names
	report    report
	gateway   [2]netip.Addr
	most      int64 // connections at a time
	open      atomic.Int64
	held      atomic.Int64 // bytes of unfinished hellos
	lists     *lists
	times     times
	serving   context.Context //nolint:containedctx // that of Serve, for look-ups that the loop begins
	// destination is where a program has connected to: the own address of a transparent
	// connection.
	destination func(fd int) (netip.AddrPort, bool)

	loop  *flow.Loop
	conns map[*conn]struct{} // the loop's
}

// times are what programs are given, see helloTime and requestTime.
type times struct{ hello, request time.Duration }

// Limits of a relay.
const (
	mostConnections = 4096
	// perConnection is how many descriptors a connection takes: both sides, while the
	// addresses of a name are tried one of them several times.
	perConnection = 1 + flow.MostAttempts
	// reserved are descriptors for all else: a socket for each question to a name server,
	// connections for questions, pipes, what the service was passed.
	reserved  = 2*64 + 64 + 2*flow.MostPipes + 32
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
	loop, err := flow.NewLoop()
	if err != nil {
		return nil, err
	}
	r := &Relay{
		loop: loop, conns: map[*conn]struct{}{}, serving: context.Background(),
		times: times{hello: helloTime, request: requestTime}, destination: flow.LocalAddress, lists: lists, addresses: dns.NewAddresses(mostNames, keepNames), most: flow.Affordable(mostConnections, perConnection, reserved), questions: newQueue(),
		gateway: [2]netip.Addr{netip.MustParseAddr(network.Relay4), netip.MustParseAddr(network.Relay6)},
	}
	r.rules.Store(set)
	r.resolver, r.unserved = resolver(s, set)
	r.names = dns.NewServer(dns.Options{
		Ask: r.mayAsk, Lookup: r.lookup, Addresses: r.addresses,
		Refused: func(name string, why dns.Refusal) { r.report.refusedName(name, why, r.rules.Load().MayAsk(name).Rule) },
	})
	return r, nil
}

// Serve answers names and relays connections until the context ends, or the loop does.
// Then it resets what it relays. It owns the listening sockets.
func (r *Relay) Serve(ctx context.Context, listeners []int, questions []*net.UDPConn) error {
	ctx, cancel := context.WithCancel(ctx)
	var serving sync.WaitGroup
	defer serving.Wait()
	defer cancel()
	r.serving = ctx
	ended := make(chan error, len(questions)+2)
	start := func(serve func() error) { serving.Go(func() { ended <- serve() }) }
	for _, fd := range listeners {
		if err := r.loop.Listen(fd, r.accept); err != nil {
			return err
		}
	}
	context.AfterFunc(ctx, r.loop.Close)
	start(r.loop.Run)
	for _, c := range questions {
		start(func() error { return r.names.ServeUDP(ctx, c) })
	}
	start(func() error { return r.names.ServeTCP(ctx, r.questions) })
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// accept takes a connection. Those beyond the limit are reset at once: kept waiting, the
// program could not tell them from those to a host that does not answer.
func (r *Relay) accept(fd int) {
	if r.open.Add(1) > r.most {
		r.open.Add(-1)
		r.report.refused("more than " + strconv.FormatInt(r.most, 10) + " connections at a time")
		flow.Reset(fd)
		return
	}
	r.serve(fd)
}

// serve handles a connection by what it was made to.
func (r *Relay) serve(fd int) {
	at, ok := r.destination(fd)
	addr, port := at.Addr().Unmap().WithZone(""), at.Port()
	isRelay := addr == r.gateway[0] || addr == r.gateway[1]
	if ok && !isRelay && port != network.NamePort {
		r.forward(fd, addr, port)
		return
	}
	if ok && (port == network.NamePort || port == network.ProxyPort) {
		if c, err := flow.Conn(fd); err == nil {
			if port == network.ProxyPort && isRelay {
				go r.proxy(c)
				return
			}
			r.questions.put(c)
		}
		r.open.Add(-1)
		return
	}
	r.open.Add(-1)
	flow.Reset(fd)
}

// forward connects to what the program meant by an address.
func (r *Relay) forward(fd int, addr netip.Addr, port uint16) {
	t := target{addr: addr, port: port}
	t.name, _ = r.addresses.Name(addr) // addresses of names are local, so others of them are refused
	r.connect(t, func(c *conn, err error) {
		if err != nil {
			r.open.Add(-1)
			flow.Reset(fd)
			return
		}
		r.pass(c, fd, nil)
	})
}

// mayAsk is dns.Options.Ask.
func (r *Relay) mayAsk(name string) (wildcard string, allowed bool) {
	d := r.rules.Load().MayAsk(name)
	if d.Allowed && d.Rule != nil && isMany(d.Rule.Text) {
		wildcard = d.Rule.Text
	}
	return wildcard, d.Allowed
}
