package relay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Times of making a connection.
const (
	connectTime = 30 * time.Second
	// head is how long an address has before the next one is tried as well (RFC 8305,
	// section 5: Connection Attempt Delay).
	head = 250 * time.Millisecond
	// mostAttempts is how many addresses of a name are tried.
	mostAttempts = 6
)

// inTurns orders addresses such that both families are tried early (RFC 8305, section 4).
func inTurns(addrs []netip.Addr) []netip.Addr {
	var families [2][]netip.Addr
	first := -1
	for _, addr := range addrs {
		family := 0
		if addr.Unmap().Is4() {
			family = 1
		}
		if first < 0 {
			first = family
		}
		families[family] = append(families[family], addr)
	}
	ordered := make([]netip.Addr, 0, len(addrs))
	for i := range addrs {
		for _, family := range [...]int{max(first, 0), 1 - max(first, 0)} {
			if i < len(families[family]) {
				ordered = append(ordered, families[family][i])
			}
		}
	}
	return ordered
}

// dialFirst connects to the first address that answers. Each address gets a head start.
func dialFirst(ctx context.Context, addrs []netip.Addr, port uint16) (*net.TCPConn, error) {
	addrs = inTurns(addrs)
	addrs = addrs[:min(len(addrs), mostAttempts)]
	if len(addrs) == 1 {
		return dial(ctx, netip.AddrPortFrom(addrs[0], port))
	}
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

// dial connects to one address. Keep-alive probes (tcp(7)) find out that a host is gone.
func dial(ctx context.Context, to netip.AddrPort) (*net.TCPConn, error) {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: -1, Count: -1}}
	family := "tcp6"
	if to.Addr().Unmap().Is4() {
		family = "tcp4"
	}
	if to.Addr().IsLoopback() {
		d.Control = func(_, _ string, raw syscall.RawConn) error { return sendAtOnce(raw) }
	}
	c, err := d.DialContext(ctx, family, to.String()) // unlike DialTCP, it binds nothing before
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil //nolint:forcetypeassert // the network is one of tcp
}

// sendAtOnce has a socket on loopback not pace what it sends, as some congestion controls
// do by which hosts are set up: there is nothing to gain, and it halves what is carried.
// Sockets that a listener accepts take it over (TCP_CONGESTION of tcp(7)). Each kernel has
// this congestion control; without it, all works as well.
func sendAtOnce(raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptString(int(fd), unix.SOL_TCP, unix.TCP_CONGESTION, "reno")
	})
}
