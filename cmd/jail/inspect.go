package main

import (
	"github.com/jail-project/jail/cmd/jail/internal/running"
	"github.com/jail-project/jail/diag"
)

type inspectGrammar struct {
	JSON bool   `name:"json" help:"Print an object: what ps prints, and what is true inside and outside."`
	ID   string `arg:"" help:"The jail."`
}

// run prints what a jail's program can see and do beside what this
// process can.
func (g *inspectGrammar) run(a *app, args []string) int {
	j, status := a.findJail(g.ID)
	if j == nil {
		return status
	}
	defer j.Close()
	inside, outside, err := j.Inspect()
	if err != nil {
		return a.fail("cannot inspect "+diag.Quote(j.ID)+": "+err.Error(), "")
	}
	if g.JSON {
		return a.printJSON(running.InspectedOf(j, inside, outside))
	}
	return a.print(running.InspectedText(j, inside, outside))
}
