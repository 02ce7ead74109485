package main

import (
	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
)

// loadNamed reads the profile that show, explain and plan are asked about:
// the one of --profile, else a file, a profile, or what a program would get.
func (a *app) loadNamed(s *session, chosen *flags.Policy, name string) (*loaded, int) {
	var at diag.Range // of the first argument that is not a flag
	if len(s.others) > 0 {
		at = a.line.at(s.others[0], 0)
	}
	req, ok := a.profileFlag(s, chosen)
	if !ok {
		var problems diag.List
		var sources *diag.Sources
		req, sources, problems = s.Named(name, at)
		if problems.HasErrors() {
			return nil, a.report(sources, problems)
		}
	}
	l, status := a.read(s, req)
	if l != nil {
		l.command = compile.Command{Argv: s.ProgramOf(l.policy, name), At: at}
	}
	return l, status
}

func verbNames() []string {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return names
}
