// Package nat has the settings of a network behind the host's: what pasta(1) is told, and
// the rules of nftables about what may leave the jail. It reads nothing and sends nothing.
package nat

import (
	"bytes"

	"github.com/jail-project/jail/netlink"
	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/policy/kind"
)

// The chain that the rules are in.
const table, name = "jail", "leave"

// rulesInBatch is how many rules one message may have: with the two rules that a port
// takes each has less than 700 bytes, and a socket takes 200 kB.
const rulesInBatch = 250

// Net is an address of 4 or 16 bytes, and how many of its bits are those of its network.
type Net struct {
	Address []byte
	Bits    int
}

// Rules decide what may leave, in batches of netlink(7) that each fit a message. Own are
// the host's own addresses. What deny has is refused first. What is local takes an entry of
// allow that means it: an address, a network in which all is local, or @local. All else
// takes an entry if there are any. Names and services are no business of these rules, and
// must not be among the entries.
func Rules(allow, deny []kind.Host, own []Net) [][]byte {
	c := &chain{batch: netlink.Leave(table, name)}
	for _, text := range [...]string{network.NatNames4, network.NatNames6} {
		c.rule(netlink.Accept, netOf(text), ports{network.NamePort, network.NamePort})
	}
	locals := localNets(own)
	for i := range deny {
		t := targetOf(&deny[i])
		if t.local {
			for _, l := range locals {
				c.rule(netlink.Reject, l.match, t.ports)
			}
			continue
		}
		c.rule(netlink.Reject, t.match, t.ports)
	}
	var opened []ports
	var others []target
	for i := range allow {
		switch t := targetOf(&allow[i]); {
		case t.local:
			opened = append(opened, t.ports)
		case t.opensLocal:
			c.rule(netlink.Accept, t.match, t.ports)
		default:
			others = append(others, t)
		}
	}
	for _, l := range locals {
		for _, p := range opened {
			if !l.carries {
				c.rule(netlink.Accept, l.match, p)
			}
		}
		c.rule(netlink.Reject, l.match, ports{})
	}
	for _, t := range others {
		c.rule(netlink.Accept, t.match, t.ports)
	}
	if len(allow) > 0 {
		c.rule(netlink.Reject, nil, ports{})
	}
	return c.end()
}

// ports is a range with both ends; zero for all packets, those without ports too.
type ports struct{ first, last uint16 }

// target is what an entry of network.allow or network.deny is about.
type target struct {
	match      []netlink.Expression // nil for every destination
	ports      ports
	local      bool // @local
	opensLocal bool // all of it is local
}

func targetOf(h *kind.Host) target {
	t := target{ports: ports{uint16(h.First), uint16(h.Last)}, local: h.Group == kind.LocalGroup}
	switch {
	case h.Net != "":
		t.match, t.opensLocal = netOf(h.Net), opensLocal(h.Net)
	case h.Group == kind.HostGroup:
		t.match = netOf("127.0.0.0/8") // which is never that of the host, whatever is allowed
	}
	return t
}

// netOf limits a rule to packets to an address or a network, which is known to be one.
func netOf(text string) []netlink.Expression {
	address, bits, _ := kind.ParseNet(text)
	return netlink.To(address, bits)
}

// opensLocal tells whether an entry of allow means local addresses: one address, or a
// network in which all are local.
func opensLocal(text string) bool {
	address, bits, _ := kind.ParseNet(text)
	if bits == 8*len(address) {
		return true
	}
	for _, l := range network.LocalNets() {
		if kind.Within(text, l.Net) {
			return true
		}
	}
	return len(address) == 16 && !kind.Within(text, network.GlobalUnicast) && !kind.Within(network.GlobalUnicast, text)
}

// masked is an address without the bits behind those of its network.
func masked(address []byte, bits int) []byte {
	out := bytes.Clone(address)
	for i := range out {
		out[i] &^= byte(0xff >> min(max(bits-8*i, 0), 8))
	}
	return out
}

// local is a network in which all is local.
type local struct {
	match   []netlink.Expression
	carries bool // see network.LocalNet
}

// localNets are those of every host, and the host's own addresses. Of IPv6 that are whole
// networks: a host makes itself new addresses in them, every day for some.
func localNets(own []Net) []local {
	var list []local
	for _, l := range network.LocalNets() {
		list = append(list, local{netOf(l.Net), l.Carries})
	}
	global, bits, _ := kind.ParseNet(network.GlobalUnicast)
	list = append(list, local{match: netlink.NotTo(global, bits)})
	for _, a := range own {
		bits := 8 * len(a.Address)
		if bits == 128 && a.Bits > 0 {
			bits = a.Bits
		}
		list = append(list, local{match: netlink.To(masked(a.Address, bits), bits)})
	}
	return list
}
