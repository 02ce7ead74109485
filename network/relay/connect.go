package relay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

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

func number[T ~int | ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// Times of making a connection.
const (
	connectTime = 30 * time.Second
	// head is how long an address has before the next one is tried as well (RFC 8305,
	// section 5: Connection Attempt Delay).
	head = 250 * time.Millisecond
)

// errRefused is why the relay does not connect, when the rules say so.
var errRefused = errors.New("not allowed")

// connect makes the connection to a target: its name is looked up once, each of its
// addresses is judged, and only one that was judged is connected to.
func (r *Relay) connect(ctx context.Context, t target) (*net.TCPConn, error) {
	candidates := []netip.Addr{t.addr}
	if t.name != "" {
		if d := r.rules.MayAsk(t.name); !d.Allowed {
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
	var by rules.Decision
	var last rules.Decision
	for _, addr := range candidates {
		d := r.decide(t.name, addr, t.port)
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
	r.report.allowed(&t, c.RemoteAddr().String(), &by)
	return c, nil
}

// decide judges an address, also by whether the host has it at this moment.
func (r *Relay) decide(name string, addr netip.Addr, port uint16) rules.Decision {
	set := r.rules
	if isOwn(addr) {
		set = set.WithOwn([]netip.Addr{addr})
	}
	return set.Decide(name, addr, port)
}

func (r *Relay) refuse(t *target, d rules.Decision) error {
	reason := d.Reason
	if reason == "" {
		reason = "no address is known"
	}
	r.report.refused(t.String() + ": " + reason)
	return errRefused
}

// dialFirst connects to the first address that answers. Each address gets a head start.
func dialFirst(ctx context.Context, addrs []netip.Addr, port uint16) (*net.TCPConn, error) {
	const most = 8
	addrs = addrs[:min(len(addrs), most)]
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		c   *net.TCPConn
		err error
	}
	results := make(chan result, len(addrs))
	started, ended := 0, 0
	var failure error
	next := time.NewTimer(0)
	defer next.Stop()
	for ended < len(addrs) {
		select {
		case <-next.C:
			if started < len(addrs) {
				addr := addrs[started]
				started++
				go func() {
					c, err := dial(ctx, netip.AddrPortFrom(addr, port))
					results <- result{c, err}
				}()
				next.Reset(head)
			}
		case got := <-results:
			ended++
			if got.err == nil {
				go func(left int) { // what comes too late
					for range left {
						if late := <-results; late.c != nil {
							_ = late.c.Close()
						}
					}
				}(started - ended)
				return got.c, nil
			}
			failure = errors.Join(failure, got.err)
			next.Reset(0)
		}
	}
	return nil, failure
}

func dial(ctx context.Context, to netip.AddrPort) (*net.TCPConn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil //nolint:forcetypeassert // the network is tcp
}

// isOwn tells whether an address is one of this host: a socket can be bound to it. On a
// host that lets sockets be bound to any address (ip_nonlocal_bind of ip(7)) it is true for
// each, so that no connection is made which the rules do not name by its address.
func isOwn(addr netip.Addr) bool {
	family, at := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Addr: addr.As16()})
	if addr.Is4() {
		family, at = unix.AF_INET, &unix.SockaddrInet4{Addr: addr.As4()}
	}
	s, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer func() { _ = unix.Close(s) }()
	return unix.Bind(s, at) == nil
}
