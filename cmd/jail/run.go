package main

import (
	"runtime"
	"runtime/debug"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/registry"
	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/terminal"
)

// runGrammar documents the flags of run; settings.go gives them their
// meaning.
type runGrammar struct {
	policyFlags
	Program []string `arg:"" passthrough:"partial" help:"The program and its arguments."`
}

func runVerb(a *app, args []string) int {
	// A launch lives for milliseconds before it only waits: collecting
	// garbage would cost more than it gives back.
	debug.SetGCPercent(-1)
	runtime.MemProfileRate = 0
	var g runGrammar
	if status, ok := a.parse("run", "Run a program in a jail.", &g, args); !ok {
		return status
	}
	if g.Program[0] == "--" {
		g.Program = g.Program[1:]
	}
	if len(g.Program) == 0 {
		a.fail("no program given", "`jail run [flags] PROGRAM [ARGUMENT...]`")
		return exitFailed
	}
	if status, ok := a.findTerminal(); !ok {
		return status
	}
	// The cell makes its namespaces while the profile is read here. Without
	// a cell, Start says what is wrong.
	cell := jail.Begun()
	if cell == nil {
		cell, _ = jail.NewCell(jail.UsualNamespaces, a.terminal != nil)
	}
	if l := a.recall(g.Program); l != nil {
		if status, ok := a.relaunch(l, cell); ok {
			return status
		}
		cell = nil
	}
	l, status := a.load(&g.policyFlags, g.Program, args)
	if l != nil {
		if problems := policy.Unsupported(l.policy); len(problems) > 0 {
			status, l = a.report(l.sources, problems), nil
		}
	}
	if l == nil {
		discard(cell)
		return status
	}
	return a.launch(l, cell)
}

// findTerminal looks for the terminal that the program's is to be like.
func (a *app) findTerminal() (status int, ok bool) {
	var err error
	if a.terminal, err = terminal.Find(); err != nil {
		return a.fail("cannot use the terminal: "+err.Error(), "start jail from another one, or with standard input, output and error redirected"), false
	}
	return 0, true
}

// loaded is everything that was read for a launch.
type loaded struct {
	policy  *policy.Policy
	sources *diag.Sources
	host    *jail.Host
	command jail.Command
	memory  *memory
	filter  seccomp.Program // what recall has; otherwise compile gets it
	// launching: this is not only to be looked at.
	launching bool
}

// launch compiles, starts and waits. A kernel that can't do what its version
// promises gets a second plan.
func (a *app) launch(l *loaded, cell *jail.Cell) int {
	l.launching = true
	for {
		plan, status := a.compile(l)
		if plan == nil {
			discard(cell)
			return status
		}
		l.confine(plan)
		process, failure := jail.Start(plan, cell)
		switch {
		case failure == nil:
			record := register(l.host, plan, process)
			a.remember(l)
			sweep(l.host)
			return a.wait(process, plan, record)
		case failure.AskedTooMuch():
			l.host.Kernel.DetachedTree, cell = false, nil
		case failure.NeedsListener():
			l.host.Kernel.NoListener, cell = true, nil
		default:
			a.report(l.sources, diag.List{failure.Diagnostic()})
			return failure.ExitStatus()
		}
	}
}

// wait returns the exit status of the program.
func (a *app) wait(process *jail.Process, plan *jail.Plan, record *registry.Registration) int {
	status := process.Wait()
	record.Remove()
	a.explainKilled(plan)
	if process.TimedOut() {
		a.fail("the time limit of "+plan.Time.String()+" is over; the jail was ended", "")
	}
	process.EndLikeProgram(status)
	return status
}

func discard(cell *jail.Cell) {
	if cell != nil {
		cell.Discard()
	}
}
