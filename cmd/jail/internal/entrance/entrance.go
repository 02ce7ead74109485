// Package entrance makes the plan with which a program enters a jail that runs.
package entrance

import (
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/registry"
)

// Plan puts together what it takes to run a program in a jail. The caller has filled in
// what is the caller's: program, shell, environment, terminal and streams.
func Plan(j *registry.Jail, join *compile.Join) (*plan.Plan, *compile.Entry, diag.List, error) {
	entry, err := compile.DecodeEntry(j.Entry)
	if err != nil {
		return nil, nil, nil, err
	}
	join.Cgroup = j.Cgroup
	own, err := registry.OwnLimits()
	if err != nil {
		return nil, nil, nil, err
	}
	for i := range own {
		join.Limits = append(join.Limits, host.Rlimit{Soft: j.Limits[i][0], Hard: j.Limits[i][1]})
		join.OwnLimits = append(join.OwnLimits, host.Rlimit{Soft: own[i][0], Hard: own[i][1]})
	}
	theirs, ours, err := j.OOMScores()
	if err != nil {
		return nil, nil, nil, err
	}
	if theirs > ours { // to be killed later than the caller takes a privilege
		join.OOMScore = &theirs
	}
	namespaces, err := j.OpenNamespaces()
	if err != nil {
		return nil, nil, nil, err
	}
	for _, n := range namespaces {
		join.Namespaces = append(join.Namespaces, compile.JoinedNamespace{Kind: n.Kind, Flag: n.Flag, FD: n.FD})
	}
	return entry.Join(join), entry, entry.Problems(&join.Stdio), nil
}
