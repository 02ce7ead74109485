// Package rules decides which destinations the filtered network of a jail reaches.
// The relay, jail explain and tests ask it, so that there is one decision.
//
// The way through the package: Parse makes a Rule of an entry of network.allow or
// network.deny, New a Set of all of them, and Set.Decide judges a connection by the
// name that the program asked for and by the address that is dialled; both have to
// pass. Names and addresses come from the jail, so they go through Canonical and
// ParseAddr first, which know one spelling of each.
//
// The package opens nothing and asks nobody: what the name of a service stands for
// and which addresses the host has are handed in.
package rules

import (
	"net/netip"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
)

// HostName is the name under which a jail reaches the host's own loopback, where
// @host allows it. No resolver is asked for it.
const HostName = kind.HostsName

// Rule is one entry of network.allow or network.deny.
type Rule struct {
	Text  string // as the profile has it
	Place string // where: FILE:LINE:COLUMN

	host   kind.Host
	prefix netip.Prefix // of an address or a network
	ports  Ports
	// opensLocal: all of prefix is local, so that an entry of allow means that.
	opensLocal bool
}

// Ports is a range of TCP or UDP ports with both ends, from 1 to 65535.
type Ports struct{ First, Last uint16 }

// allPorts is what an entry without a port means.
func allPorts() Ports { return Ports{1, 65535} }

func (p Ports) has(port uint16) bool { return p.First <= port && port <= p.Last }

// Services tells which port the name of a service stands for, as services(5) does.
type Services func(name string) (port uint16, ok bool)

// Parse reads an entry of network.allow or network.deny; at is its place. What the
// kind of such entries accepts is refused for two reasons more: a service that
// services does not know, and a name in xn-- form that is none (RFC 5891, section 5.3).
func Parse(text, at string, services Services) (Rule, *diag.Problem) {
	host, p := kind.ParseHost(text)
	if p != nil {
		return Rule{}, p
	}
	r := Rule{Text: text, Place: at, host: host, ports: allPorts()}
	switch {
	case host.Service != "":
		port, ok := services(host.Service)
		if !ok || port == 0 {
			return Rule{}, &diag.Problem{
				Code: "unknown-service", Summary: "unknown service " + diag.Quote(host.Service),
				Remedy: "write the number of the port; the services of this host are in /etc/services",
			}
		}
		r.ports = Ports{port, port}
	case host.First != 0:
		r.ports = Ports{uint16(host.First), uint16(host.Last)}
	}
	switch {
	case host.Net != "":
		r.prefix = parsePrefix(host.Net)
		r.opensLocal = r.prefix.IsSingleIP() || isLocalNet(r.prefix)
	case host.Name != "":
		name, err := Canonical(host.Name)
		if err != nil {
			return Rule{}, diag.Invalid("a host", text, err.Error())
		}
		r.host.Name = name
	}
	return r, nil
}

// parsePrefix reads what kind.ParseHost has found to be an address or a network.
func parsePrefix(text string) netip.Prefix {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p
	}
	addr := netip.MustParseAddr(text)
	return netip.PrefixFrom(addr, addr.BitLen())
}
