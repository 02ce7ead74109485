package main

import (
	"os"
	"path"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/registry"
)

type enterGrammar struct {
	Words []string `arg:"" name:"ID" passthrough:"partial" help:"The jail, then a program and its arguments. Without a program it is a shell."`
}

// enterVerb runs a program in a jail that runs already, confined like the
// jail's own. The exit status is that of run.
func enterVerb(a *app, args []string) int {
	var g enterGrammar
	if status, ok := a.parse("enter", "Run a program in a jail that runs already.", &g, args); !ok {
		return status
	}
	// kong changes what is no UTF-8; the words are the last of the arguments.
	g.Words = args[len(args)-len(g.Words):]
	if g.Words[0] == "--" {
		g.Words = g.Words[1:]
	}
	if len(g.Words) == 0 {
		return a.fail("no ID given", usage("enter"))
	}
	j, status := a.findJail(g.Words[0])
	if j == nil {
		return status
	}
	defer j.Close()
	if status, ok := a.findTerminal(); !ok {
		return status
	}
	plan, entry, problems, err := a.joinPlan(j, g.Words[1:])
	if err != nil {
		return a.fail("cannot enter "+diag.Quote(j.ID)+": "+err.Error(), openFilesRemedy(err))
	}
	if problems.HasErrors() {
		return a.report(nil, problems)
	}
	process, failure := launch.Start(plan, nil, launch.Options{Terminal: a.terminal, Sockets: entry.Sockets(), Confined: true})
	if failure != nil {
		a.report(nil, diag.List{failure.Diagnostic()})
		return failure.ExitStatus()
	}
	unconfined := process.Confine()
	status = process.Wait()
	if unconfined != nil {
		return a.fail("what entered the jail was ended: "+unconfined.Error(), "")
	}
	process.EndLikeProgram(status)
	return status
}

// joinPlan puts together what it takes to run a program in a jail.
func (a *app) joinPlan(j *registry.Jail, argv []string) (*plan.Plan, *compile.Entry, diag.List, error) {
	if len(argv) > 0 && argv[0] == "--" {
		argv = argv[1:]
	}
	entry, err := compile.DecodeEntry(j.Entry)
	if err != nil {
		return nil, nil, nil, err
	}
	join := &compile.Join{Cgroup: j.Cgroup, Env: os.Environ(), Argv: argv, Shell: shell(), Stdio: host.ReadStreams(), Terminal: a.terminal}
	own, err := registry.OwnLimits()
	if err != nil {
		return nil, nil, nil, err
	}
	for i := range own {
		join.Limits = append(join.Limits, host.Rlimit{Soft: j.Limits[i][0], Hard: j.Limits[i][1]})
		join.OwnLimits = append(join.OwnLimits, host.Rlimit{Soft: own[i][0], Hard: own[i][1]})
	}
	if join.OOMScore, err = oomScore(j); err != nil {
		return nil, nil, nil, err
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

// oomScore is the jail's oom_score_adj where the caller's differs. To be
// killed later than the caller takes a privilege.
func oomScore(j *registry.Jail) (*int, error) {
	theirs, err := j.OOMScore()
	if err != nil {
		return nil, err
	}
	own, err := registry.OwnOOMScore()
	if err != nil || theirs <= own {
		return nil, err
	}
	return &theirs, nil
}

// shell is the caller's shell, "" when that is not known.
func shell() string {
	if s := os.Getenv("SHELL"); path.IsAbs(s) {
		return s
	}
	return ""
}
