package main

import "github.com/jail-project/jail/cmd/jail/internal/flags"

// flagLine is the command line as the flags know it.
func (a *app) flagLine() *flags.Line { return &flags.Line{Args: a.line.args, At: a.line.at} }

// plainly fills in the grammar of run without kong, where that is possible.
func (g *runGrammar) plainly(c *commandLine, args []string) (ok bool) {
	g.Profile, g.Program, ok = flags.Plainly(&flags.Line{Args: c.args, At: c.at}, args)
	return ok
}
