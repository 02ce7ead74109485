package main

import (
	"github.com/jail-project/jail/cmd/jail/internal/check"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

type checkGrammar struct {
	JSON     bool     `name:"json" help:"Print one object a line for each diagnostic: severity, code, message, label, file, line, column, endLine, endColumn, notes, help."`
	Profiles []string `arg:"" optional:"" name:"profile" help:"Names, or files: what has a / or ends in .yaml. Without any, every profile of the search path."`
}

// run exits with 1 when a profile has an error, 0 when there are none
// or only warnings.
func (g *checkGrammar) run(a *app, args []string) int {
	s, status := a.open(args, false)
	if s == nil {
		return status
	}
	c := check.Check{Store: s.Store, Host: s.Host}
	if len(g.Profiles) == 0 {
		c.All()
	}
	for i, name := range g.Profiles {
		req := policy.Request{CommandLine: a.line.text, At: a.line.at(s.others[i], 0)}
		s.Name(&req, name)
		c.Profile(req)
	}
	return a.checked(&c, g.JSON)
}

// checked prints what is wrong with the profiles.
func (a *app) checked(c *check.Check, asJSON bool) int {
	status := 0
	if c.Found.HasErrors() {
		status = 1
	}
	printed := []byte(c.Summary())
	if asJSON {
		printed = []byte(diag.JSON(c.Found))
	} else {
		for i := range c.Found {
			a.report(c.Sources[i], c.Found[i:i+1])
		}
	}
	if failed := a.print(printed); failed != 0 {
		return failed
	}
	return status
}
