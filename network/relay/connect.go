package relay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"

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

// errRefused is why the relay does not connect, when the rules say so.
var errRefused = errors.New("not allowed")

// connect makes the connection to a target: its name is looked up once, each of its
// addresses is judged, and only one that was judged is connected to. The flow has no
// other side yet.
func (r *Relay) connect(ctx context.Context, t target) (*flow, error) {
	set := r.rules.Load()
	candidates := []netip.Addr{t.addr}
	if t.name != "" {
		if d := set.MayAsk(t.name); !d.Allowed {
			return nil, r.refuse(&t, d)
		}
		answer, err := r.resolver.Lookup(ctx, t.name)
		if err != nil {
			r.report.log("failed", &t, err.Error())
			return nil, err
		}
		candidates = answer.Addrs
	}
	var allowed []netip.Addr
	var by, last rules.Decision
	for _, addr := range candidates {
		d := decide(set, t.name, addr, t.port)
		if d.Allowed {
			allowed, by = append(allowed, addr), d
		} else {
			last = d
		}
	}
	if len(allowed) == 0 {
		return nil, r.refuse(&t, last)
	}
	c, err := dialFirst(ctx, allowed, t.port)
	if err != nil {
		r.report.log("failed", &t, err.Error())
		return nil, err
	}
	to := c.RemoteAddr().(*net.TCPAddr).AddrPort() //nolint:forcetypeassert // of a TCP connection
	r.report.allowed(&t, to.String(), &by)
	return &flow{out: c, target: t, to: to.Addr(), judged: set}, nil
}

func (r *Relay) refuse(t *target, d rules.Decision) error {
	reason := d.Reason
	if reason == "" {
		reason = "no address is known"
	}
	r.report.refused(t.String() + ": " + reason)
	return errRefused
}
