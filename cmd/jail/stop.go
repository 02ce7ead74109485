package main

import (
	"fmt"
	"time"

	"github.com/jail-project/jail/diag"
)

type stopGrammar struct {
	Grace time.Duration `placeholder:"DURATION" default:"10s" help:"How long the program may take to end after SIGTERM; then everything in the jail is killed. With 0s it is killed at once."`
	IDs   []string      `arg:"" name:"ID" help:"The jails."`
}

// run ends jails, one after the other.
func (g *stopGrammar) run(a *app, args []string) int {
	if g.Grace < 0 {
		return a.fail("--grace is negative", "")
	}
	result := 0
	for _, id := range g.IDs {
		if status := a.stop(id, g.Grace); status != 0 {
			result = status
		}
	}
	return result
}

func (a *app) stop(id string, grace time.Duration) int {
	j, status := a.findJail(id)
	if j == nil {
		return status
	}
	defer j.Close()
	killed, err := j.Stop(grace)
	if err != nil {
		return a.fail("cannot stop "+diag.Quote(j.ID)+": "+err.Error(), "")
	}
	if killed && grace > 0 {
		fmt.Fprintf(a.err, "jail: %s did not end within %v and was killed\n", diag.Escape(j.ID), grace)
	}
	return 0
}
