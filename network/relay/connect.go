package relay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/jail-project/jail/network/dns"
	"github.com/jail-project/jail/network/flow"
	"github.com/jail-project/jail/network/rules"
)

// target is what the program connects to: a name, or the address if there is none.
type target struct {
	name string
	addr netip.Addr
	port uint16
}

func (t *target) host() string {
	if t.name != "" {
		return t.name
	}
	return t.addr.String()
}

func (t *target) String() string { return net.JoinHostPort(t.host(), strconv.Itoa(int(t.port))) }

// lookupTime is how long it may take to look a name up.
const lookupTime = 30 * time.Second

// errRefused is why the relay does not connect, when the rules say so.
var errRefused = errors.New("not allowed")

// connect makes the connection to a target: its name is looked up once, each of its
// addresses is judged, and only one that was judged is connected to. The function is told of
// it, which has no other side yet, or of the error. (The loop calls connect, and the function.)
func (r *Relay) connect(t target, done func(*conn, error)) {
	if t.name == "" {
		r.dial(t, []netip.Addr{t.addr}, done)
		return
	}
	if d := r.rules.Load().MayAsk(t.name); !d.Allowed {
		done(nil, r.refuse(&t, d))
		return
	}
	if answer, known, err := r.resolver.Known(t.name); known {
		r.explain(t.name, err)
		r.lookedUp(t, answer, err, done)
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(r.serving, lookupTime)
		defer cancel()
		answer, err := r.lookup(ctx, t.name)
		if !r.loop.Do(func() { r.lookedUp(t, answer, err, done) }) {
			done(nil, flow.ErrClosed)
		}
	}()
}

func (r *Relay) lookedUp(t target, answer dns.Answer, err error, done func(*conn, error)) {
	if err != nil {
		r.report.log("failed", &t, err.Error())
		done(nil, err)
		return
	}
	r.dial(t, answer.Addrs, done)
}

// dial judges addresses and connects to one of those that are allowed.
func (r *Relay) dial(t target, candidates []netip.Addr, done func(*conn, error)) {
	set := r.rules.Load()
	var allowed []netip.AddrPort
	var by, last rules.Decision
	for _, addr := range candidates {
		d := decide(set, t.name, addr, t.port)
		if d.Allowed {
			allowed, by = append(allowed, netip.AddrPortFrom(addr, t.port)), d
		} else {
			last = d
		}
	}
	if len(allowed) == 0 {
		done(nil, r.refuse(&t, last))
		return
	}
	r.loop.Connect(allowed, func(fd int, to netip.AddrPort, err error) {
		if err != nil {
			r.report.log("failed", &t, err.Error())
			done(nil, err)
			return
		}
		r.report.allowed(&t, to, &by)
		done(&conn{out: fd, target: t, to: to.Addr(), judged: set}, nil)
	})
}

func (r *Relay) refuse(t *target, d rules.Decision) error {
	reason := d.Reason
	if reason == "" {
		reason = "no address is known"
	}
	r.report.refused(t.String() + ": " + reason)
	return errRefused
}
