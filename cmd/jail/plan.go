package main

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
)

type planGrammar struct {
	policyFlags
	JSON    bool     `name:"json" help:"Print an object: profile, cloneFlags, namespaces, path, arguments, environment, time, limits, and the steps of setup, init and program."`
	Program []string `arg:"" optional:"" passthrough:"partial" help:"The program and its arguments. Without --profile also a profile, for its program."`
}

// planVerb prints what run would do with the same arguments.
func planVerb(a *app, args []string) int {
	var g planGrammar
	if status, ok := a.parse("plan", "Print what a launch would do, step by step.", &g, args); !ok {
		return status
	}
	if len(g.Program) > 0 && g.Program[0] == "--" {
		g.Program = g.Program[1:]
	}
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
	l, status := a.loadPlanned(s, &g)
	if l == nil {
		return status
	}
	if problems := policy.Unsupported(l.policy); len(problems) > 0 {
		return a.report(l.sources, problems)
	}
	c, status := a.compile(l)
	if c == nil {
		return status
	}
	plan := c.Plan
	if g.JSON {
		out := planOf(plan)
		out.Limits = l.mechanisms()
		return a.printJSON(out)
	}
	return a.print(append(planText(plan), limitsText(l.mechanisms())...))
}

// loadPlanned reads the profile as run does; a profile in the place of the
// program stands for its first program that is installed.
func (a *app) loadPlanned(s *session, g *planGrammar) (*loaded, int) {
	name := ""
	if len(g.Program) > 0 {
		name = g.Program[0]
	}
	l, status := a.loadNamed(s, &g.policyFlags, name, s.place(a))
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
	if !a.filterProgram(l) {
		return nil, exitFailed
	}
	c, problems := l.compile()
	if problems.HasErrors() {
		suggestProgram(l.command.Argv, problems)
		return nil, a.report(l.sources, problems)
	}
	return c, 0
}

// planText is a line for each step: its number, the syscall, the profile line
// that asked for it, and what it is for.
func planText(p *plan.Plan) []byte {
	var b bytes.Buffer
	index := 0
	phase := func(title string, ops []plan.Op) {
		if len(ops) == 0 {
			return
		}
		b.WriteString(title + "\n")
		for i := range ops {
			b.WriteString(diag.Escape(stepLine(index, &ops[i])) + "\n")
			index++
		}
		b.WriteString("\n")
	}
	phase("Setup: the first process of the jail", p.Setup)
	phase("Init: the first process, before it waits for the others", p.Init)
	phase("Program: the process of the program", p.Program)
	if p.Path == "" {
		b.WriteString("The plan ends here: no program was named.\n\n")
	}
	b.WriteString("Namespaces: " + strings.Join(namespaceNames(p), " ") + "\n" + groupsLine(p) + landlockLine(p))
	return b.Bytes()
}

func stepLine(index int, op *plan.Op) string {
	line := fmt.Sprintf("%4d  %-64s  # ", index, op.String())
	if op.At != nil && !op.At.IsZero() {
		line += op.At.String() + " "
	}
	return line + strings.TrimSpace(op.Verb+" "+op.Subject)
}

// namespaceNames lists the namespaces of a plan's own, as in namespaces(7).
func namespaceNames(p *plan.Plan) []string {
	var names []string
	for _, n := range [...]struct {
		flag uintptr
		name string
	}{
		{unix.CLONE_NEWUSER, "user"},
		{unix.CLONE_NEWNS, "mount"},
		{unix.CLONE_NEWPID, "pid"},
		{unix.CLONE_NEWIPC, "ipc"},
		{unix.CLONE_NEWUTS, "uts"},
		{unix.CLONE_NEWCGROUP, "cgroup"},
		{unix.CLONE_NEWNET, "network"},
	} {
		if p.Namespaces&n.flag != 0 {
			names = append(names, n.name)
		}
	}
	for i := range p.Setup {
		if op := &p.Setup[i]; op.Number == unix.SYS_UNSHARE && op.Args[0].Num == unix.CLONE_NEWTIME {
			names = append(names, "time")
		}
	}
	return names
}
