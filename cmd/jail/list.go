package main

import (
	"bytes"

	"github.com/jail-project/jail/cmd/jail/internal/policyprint"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

type listGrammar struct {
	Names bool `help:"Print the names alone, one a line."`
	JSON  bool `name:"json" help:"Print an array of objects: name, file, description, programs, hides."`
}

// run exits with 1 when a profile can't be read; the others are listed.
func (g *listGrammar) run(a *app, args []string) int {
	s, status := a.open(args, false)
	if s == nil {
		return status
	}
	found, sources, problems := policy.Profiles(s.Store)
	switch {
	case g.JSON:
		status = a.printJSON(policyprint.List(found))
	case g.Names:
		var b bytes.Buffer
		for _, p := range found {
			b.WriteString(diag.Escape(p.Name) + "\n")
		}
		status = a.print(b.Bytes())
	default:
		status = a.print(policyprint.ListText(found))
	}
	if len(problems) > 0 {
		a.report(sources, problems)
	}
	if status == 0 && problems.HasErrors() {
		status = 1
	}
	return status
}
