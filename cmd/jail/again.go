package main

import (
	"slices"

	"github.com/jail-project/jail/cmd/internal/launcher"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/terminal"
)

// findTerminal looks for the terminal that the program's is to be like.
func (a *app) findTerminal() (status int, ok bool) {
	var err error
	if a.terminal, err = terminal.Find(); err != nil {
		return a.fail("cannot use the terminal: "+err.Error(), "start jail from another one, or with standard input, output and error redirected"), false
	}
	return 0, true
}

// launch is what package launcher takes.
func (l *loaded) launch() *launcher.Launch {
	out := &launcher.Launch{Policy: l.policy, Host: l.host, Command: l.command}
	if l.group = l.limiter(); l.group != nil {
		out.Group = l.group
	}
	return out
}

// compile makes a plan.
func (l *loaded) compile() (*compile.Compiled, diag.List) {
	if l.launching {
		return l.launch().Compile()
	}
	c, problems := compile.Compile(l.policy, l.host, l.command)
	if refusesStream(problems) {
		// A plan that is only printed does not depend on where it is printed to.
		l.host.Stdio = [3]host.Stream{}
		return compile.Compile(l.policy, l.host, l.command)
	}
	return c, problems
}

// refusesStream tells whether standard input, output or error is in the way of a plan.
func refusesStream(problems diag.List) bool {
	return slices.ContainsFunc(problems, func(d diag.Diagnostic) bool { return d.Code == compile.CodeStream })
}
