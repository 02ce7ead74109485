package main

import (
	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/cmd/jail/internal/policyprint"
	"github.com/jail-project/jail/policy"
)

type showGrammar struct {
	flags.Policy
	JSON bool   `name:"json" help:"Print an object: name, layers, and entries with key, value, place and what they overrode."`
	Name string `arg:"" optional:"" help:"A profile, a profile file (….yaml), or a program; not with --profile."`
}

func (g *showGrammar) run(a *app, args []string) int {
	if (g.Name == "") == (g.Profile == "") {
		return a.fail("show takes either a name or --profile", usage("show"))
	}
	s, status := a.open(args, false)
	if s == nil {
		return status
	}
	l, status := a.loadNamed(s, &g.Policy, g.Name)
	if l == nil {
		return status
	}
	if g.JSON {
		return a.printJSON(policyprint.Of(l.policy))
	}
	return a.print([]byte(policy.Show(l.policy)))
}
