package main

import (
	"time"

	"github.com/jail-project/jail/launchcache"
)

// memory collects what a launch has to be kept with, for the next launch of
// the same command line.
type memory struct {
	began  time.Time // before anything was read
	inputs launchcache.Inputs
	// warned is set when the user was told something about the profile,
	// which the next launch has to say again.
	warned bool
}

// remember keeps what was loaded for a launch. It is called when the program
// runs, so that nobody waits for it. What goes wrong costs time at the next
// launch and nothing else.
func (a *app) remember(l *loaded) {
	m := l.memory
	if m.warned || l.host.Own.Cache == "" {
		return
	}
	request := a.launchRequest(l.host, l.command.Argv)
	launch := &launchcache.Launch{Policy: l.policy, Program: l.command.Filter}
	_ = launchcache.Add(launchcache.Dir(l.host.Own.Cache), request, launch, &m.inputs, m.began)
}
