package main

import (
	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/policy"
)

// runGrammar documents the flags of run; package flags gives them their
// meaning.
type runGrammar struct {
	flags.Policy
	Program []string `arg:"" passthrough:"partial" help:"The program and its arguments."`
}

// program is the program and its arguments.
func (g *runGrammar) program() []string {
	if len(g.Program) > 0 && g.Program[0] == "--" {
		return g.Program[1:]
	}
	return g.Program
}

func runVerb(a *app, args []string) int {
	settle()
	var g runGrammar
	if status, ok := a.parse("run", "Run a program in a jail.", &g, args); !ok {
		return status
	}
	program := g.program()
	if len(program) == 0 {
		a.fail("no program given", "`jail run [flags] PROGRAM [ARGUMENT...]`")
		return exitFailed
	}
	if status, ok := a.findTerminal(); !ok {
		return status
	}
	// The init makes its namespaces while the profile is read here. Without
	// one, Start says what is wrong.
	init, _ := launch.NewInit(launch.UsualNamespaces, a.terminal != nil)
	if l := a.recall(program); l != nil {
		if status, ok := a.relaunch(l, init); ok {
			return status
		}
		init = nil
	}
	l, status := a.load(&g.Policy, program, args)
	if l != nil {
		if problems := policy.Unsupported(l.policy); len(problems) > 0 {
			status, l = a.report(l.sources, problems), nil
		}
	}
	if l == nil {
		init.Discard()
		return status
	}
	return a.launch(l, init)
}

// launch compiles, starts and waits. A kernel that can't do what its version
// promises gets a second plan.
func (a *app) launch(l *loaded, init *launch.Init) int {
	l.launching = true
	for {
		c, status := a.compile(l)
		if c == nil {
			init.Discard()
			return status
		}
		process, failure := launch.Start(c.Plan, init, l.options())
		switch {
		case failure == nil:
			record := register(&l.prepared, c, process)
			a.remember(l)
			sweep(l.host)
			return a.wait(process, &l.prepared, record)
		case failure.AskedTooMuch():
			l.host.Kernel.DetachedTree, init = false, nil
		case failure.NeedsListener():
			l.host.Kernel.NoListener, init = true, nil
		default:
			a.report(l.sources, diag.List{failure.Diagnostic()})
			return failure.ExitStatus()
		}
	}
}
