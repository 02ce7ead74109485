package main

import (
	"github.com/jail-project/jail/cgroup"
	"github.com/jail-project/jail/cmd/internal/launcher"
	"github.com/jail-project/jail/cmd/jail/internal/doctor"
)

type doctorGrammar struct {
	JSON bool `name:"json" help:"Print an array of objects: name, state, needed, detail, remedy."`
}

// run exits with 1 when jails can't start here.
func (g *doctorGrammar) run(a *app, args []string) int {
	s, status := a.open(nil, false)
	if s == nil {
		return status
	}
	d := doctor.Doctor{
		Finder: s.Finder, CommandLine: a.line.text, Registrations: launcher.Place(s.Host), GroupRemedy: limitRemedy,
		Manager: func(tree cgroup.Tree, controllers []string) (string, error) {
			return managerOf(s.Host.Dirs["XDG_RUNTIME_DIR"], tree, controllers)
		},
	}
	findings := d.Examine()
	if g.JSON {
		status = a.printJSON(findings)
	} else {
		status = a.print(doctor.Text(findings))
	}
	for i := range findings {
		if findings[i].Needed && findings[i].State != doctor.OK && status == 0 {
			status = 1
		}
	}
	return status
}
