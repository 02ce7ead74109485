package main

import (
	"github.com/jail-project/jail/cgroup"
	"github.com/jail-project/jail/cmd/jail/internal/doctor"
)

type doctorGrammar struct {
	JSON bool `name:"json" help:"Print an array of objects: name, state, needed, detail, remedy."`
}

// doctorVerb exits with 1 when jails can't start here.
func doctorVerb(a *app, args []string) int {
	var g doctorGrammar
	if status, ok := a.parse("doctor", "Examine whether jails can start on this host, and what would be missing in them.", &g, args); !ok {
		return status
	}
	s, status := a.open(nil, false)
	if s == nil {
		return status
	}
	d := doctor.Doctor{
		Finder: s.Finder, CommandLine: a.line.text, Registrations: placeOf(s.Host), GroupRemedy: limitRemedy,
		Manager: func(tree cgroup.Tree, controllers []string) (string, error) {
			return managerOf(s.Host.Dirs["XDG_RUNTIME_DIR"], tree, controllers)
		},
		Sweep: func() []string { return sweep(s.Host) },
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
