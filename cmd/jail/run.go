package main

import (
	"os"
	"time"

	"github.com/jail-project/jail/cmd/internal/launcher"
	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/launchcache"
)

// runGrammar documents the flags of run; package flags gives them their
// meaning.
type runGrammar struct {
	flags.Policy
	LogNetwork bool `help:"Print each decision of a filtered network."`

	Program []string `arg:"" passthrough:"partial" help:"The program and its arguments."`
}

func (g *runGrammar) run(a *app, args []string) int {
	program := undashed(g.Program)
	if len(program) == 0 {
		return a.fail("no program given", "`jail run [flags] PROGRAM [ARGUMENT...]`")
	}
	if status, ok := a.findTerminal(); !ok {
		return status
	}
	l, status := a.load(&g.Policy, program, args)
	if l == nil {
		return status
	}
	if l.logNetwork = g.LogNetwork; l.logNetwork {
		l.memory.warned = true // a launch from the cache would not print
	}
	return a.launch(l)
}

// relaunch launches what the cache has, unless a launcher has looked already.
func (a *app) relaunch() (status int, done bool) {
	launcher.Prepare()
	if a.caller != "" {
		return 0, false
	}
	return launcher.Relaunch(os.Environ(), a.programs, a.line.args, a.err)
}

// launch compiles, starts and waits. A kernel that can't do what its version
// promises gets a second plan.
func (a *app) launch(l *loaded) int {
	l.launching = true
	shared, problem := launcher.FindShared(l.policy, l.host)
	if problem != nil {
		return a.report(l.sources, diag.List{*problem})
	}
	defer shared.Close()
	l.command.Inside = shared.Inside()
	joined := false
	for {
		c, status := a.compile(l)
		if c == nil {
			return status
		}
		launch := l.launch()
		launch.ToldInPlace, launch.LogNetwork, launch.Shared = a.tellInPlace(l, c), l.logNetwork, shared
		launch.Tell = func(d diag.Diagnostic) { a.report(nil, diag.List{d}) }
		running, failure := launch.Start(c, nil)
		switch {
		case failure == nil:
			a.keep(l, launch)
			return a.wait(running, l, launch)
		case failure.AskedTooMuch():
			l.host.Kernel.DetachedTree = false
		case failure.Joined != nil && !joined:
			joined = true
			l.host.JoinedUID, l.host.JoinedGID = failure.Joined.UID, failure.Joined.GID
		case failure.NeedsListener():
			l.host.Kernel.NoListener = true
		default:
			a.report(l.sources, diag.List{failure.Diagnostic()})
			return failure.ExitStatus()
		}
	}
}

// tellInPlace warns, once for a launch, of files that can be written in place only. It does
// not keep the launch out of the cache: who launches the same again has been told.
func (a *app) tellInPlace(l *loaded, c *compile.Compiled) bool {
	if files := c.View.InPlace(l.host); files != nil && !l.toldInPlace {
		a.report(l.sources, files)
		l.toldInPlace = true
	}
	return l.toldInPlace
}

// wait returns the exit status of the program.
func (a *app) wait(running *launcher.Running, l *loaded, launch *launcher.Launch) int {
	status, err := running.Wait()
	if list := running.Left(); len(list) > 0 {
		a.report(nil, list)
	}
	if err != nil {
		return a.fail(err.Error(), "")
	}
	a.explainKilled(l.group)
	if running.TimedOut() {
		a.report(nil, diag.List{launch.TimeIsOver()})
	}
	if remark := running.Remark(status); remark != nil {
		a.report(l.sources, remark)
	}
	running.EndLikeProgram(status)
	return status
}

// memory collects what a launch has to be kept with, for the next launch of
// the same command line.
type memory struct {
	began  time.Time // before anything was read
	inputs launchcache.Inputs
	// warned is set when the user was told something about the profile,
	// which the next launch has to say again.
	warned bool
}

// keep keeps what was loaded for a launch.
func (a *app) keep(l *loaded, launch *launcher.Launch) {
	if !l.memory.warned {
		launch.Keep(a.line.args[:len(a.line.args)-len(l.command.Argv)+1], &l.memory.inputs, l.memory.began)
	}
}
