package relay

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/network/rules"
)

// decide judges an address, also by whether the host has it at this moment: that closes the
// address to some rules, and opens it to @local.
func decide(set *rules.Set, name string, addr netip.Addr, port uint16) rules.Decision {
	if !addr.IsLoopback() && isOwn(addr) {
		set = set.WithOwn([]netip.Addr{addr})
	}
	return set.Decide(name, addr, port)
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

// asks judges the name in a TLS hello to an address, and keeps it for when the rules
// change.
func (r *Relay) asks(c *conn, name string) bool {
	c.asked = name
	d := decide(r.rules.Load(), name, c.to, c.target.port)
	if !d.Allowed {
		c.refuse("TLS for the server " + name + ": " + d.Reason)
	}
	return d.Allowed
}

// stillAllowed judges a connection again that is about to be passed on, if the rules have
// changed since it was allowed. Those that are passed on when the rules change are judged by
// change.
func (r *Relay) stillAllowed(c *conn) bool {
	set := r.rules.Load()
	return set == c.judged || r.allows(set, c)
}

func (r *Relay) allows(set *rules.Set, c *conn) bool {
	d := decide(set, c.target.name, c.to, c.target.port)
	if d.Allowed && c.asked != "" {
		d = decide(set, c.asked, c.to, c.target.port)
	}
	if !d.Allowed {
		r.report.refused(c.target.String() + ", which was connected: " + d.Reason)
	}
	return d.Allowed
}

// change replaces the rules, and has each connection ended soon that the new ones do not allow.
func (r *Relay) change(set *rules.Set) {
	r.rules.Store(set)
	r.loop.Do(func() {
		for c := range r.conns {
			if !r.allows(set, c) {
				r.loop.Reset(&c.flow)
			}
		}
	})
}
