package main

import (
	"net"
	"net/netip"
	"os"

	"github.com/jail-project/jail/cmd/jail/internal/explain"
	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/network"
)

type explainGrammar struct {
	flags.Policy
	JSON bool     `name:"json" help:"Print an array of objects: subject, kind, verdict, text, by, over, notes, and what the kind adds."`
	What []string `arg:"" optional:"" name:"name|what" help:"Without --profile, first a profile, a profile file (….yaml), or a program. Then paths, @groups of paths or of calls, syscalls, environment variables ($$NAME where it could be something else), capabilities (CAP_…), limits (limits.memory), hosts (HOST:PORT), landlock, or groups."`
}

// run exits with 0 whatever the verdict is.
func (g *explainGrammar) run(a *app, args []string) int {
	s, status := a.open(args, false)
	if s == nil {
		return status
	}
	name, first := "", 0
	if g.Profile == "" && len(g.What) > 0 {
		name, first = g.What[0], 1
	}
	if len(g.What) == first {
		return a.fail("nothing to explain is named", usage("explain"))
	}
	l, status := a.loadNamed(s, &g.Policy, name)
	if l == nil {
		return status
	}
	e := explain.Explainer{Policy: l.policy, Host: l.host, Command: l.command, Limits: l.mechanisms, Own: ownAddresses, Service: servicePort}
	for i, what := range g.What[first:] {
		e.What(what, a.line.at(s.others[first+i], 0))
	}
	if e.Problems.HasErrors() {
		return a.report(l.sources, e.Problems)
	}
	if g.JSON {
		return a.printJSON(e.Answers)
	}
	return a.print(explain.Text(e.Answers))
}

// ownAddresses are those of the host's interfaces.
func ownAddresses() []netip.Addr {
	var own []netip.Addr
	addrs, _ := net.InterfaceAddrs() // what cannot be found is not among them
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, p.Addr())
		}
	}
	return own
}

// servicePort looks a service up as the relay does.
func servicePort(name string) (uint16, bool) {
	text, _ := os.ReadFile(network.ServicesFile) // one that is missing has no services
	ports := map[string]uint16{name: 0}
	network.FindServices(ports, string(text), false)
	return ports[name], ports[name] != 0
}
