package main

import (
	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/cmd/jail/internal/planprint"
	"github.com/jail-project/jail/cmd/jail/internal/search"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
)

type planGrammar struct {
	flags.Policy
	JSON    bool     `name:"json" help:"Print an object: profile, cloneFlags, namespaces, path, arguments, environment, time, limits, and the steps of setup, init and program."`
	Program []string `arg:"" optional:"" passthrough:"partial" help:"The program and its arguments. Without --profile also a profile, for its program."`
}

// run prints what run would do with the same arguments.
func (g *planGrammar) run(a *app, args []string) int {
	g.Program = undashed(g.Program)
	if len(g.Program) == 0 && g.Profile == "" {
		return a.fail("no program given", usage("plan"))
	}
	if status, ok := a.findTerminal(); !ok {
		return status
	}
	s, status := a.open(args, true)
	if s == nil {
		return status
	}
	l, status := a.loadPlanned(s, g)
	if l == nil {
		return status
	}
	c, status := a.compile(l)
	if c == nil {
		return status
	}
	if g.JSON {
		return a.printJSON(planprint.Of(c.Plan, l.mechanisms()))
	}
	return a.print(append(planprint.Text(c.Plan), limitsText(l.mechanisms())...))
}

// loadPlanned reads the profile as run does; a profile in the place of the
// program stands for its first program that is installed.
func (a *app) loadPlanned(s *session, g *planGrammar) (*loaded, int) {
	name := ""
	if len(g.Program) > 0 {
		name = g.Program[0]
	}
	l, status := a.loadNamed(s, &g.Policy, name)
	switch {
	case l == nil:
	case g.Profile != "":
		l.command.Argv = g.Program
	case len(l.command.Argv) > 0:
		l.command.Argv = append(l.command.Argv, g.Program[1:]...)
	}
	return l, status
}

// compile makes the plan of a launch, with its syscall filter. A profile of
// which no program is installed has a plan that ends before execve.
func (a *app) compile(l *loaded) (*compile.Compiled, int) {
	if problems := policy.Unsupported(l.policy); len(problems) > 0 {
		return nil, a.report(l.sources, problems)
	}
	if !a.filterProgram(l) {
		return nil, plan.ExitFailed
	}
	c, problems := l.compile()
	if problems.HasErrors() {
		if len(l.command.Argv) > 0 {
			search.SuggestProgram(l.command.Argv[0], verbNames(), problems)
		}
		return nil, a.report(l.sources, problems)
	}
	return c, 0
}
