package main

import (
	"os"
	"time"

	"github.com/jail-project/jail/jail"
	"github.com/jail-project/jail/launchcache"
	"github.com/jail-project/jail/seccomp"
)

// memory collects what a launch has to be kept with, for the next launch of
// the same command line.
type memory struct {
	began  time.Time // before anything was read
	inputs launchcache.Inputs
	// warned is set when the user was told something about the profile,
	// which the next launch has to say again.
	warned  bool
	program seccomp.Program // of the syscall filter
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
	launch := &launchcache.Launch{Policy: l.policy, Program: m.program}
	_ = launchcache.Add(launchcache.Dir(l.host.Own.Cache), request, launch, &m.inputs, m.began)
}

// launchRequest is what a launch is kept and found by.
func (a *app) launchRequest(h *jail.Host, program []string) *launchcache.Request {
	return &launchcache.Request{
		Binaries: []string{h.Own.Binary},
		UID:      h.UID,
		Config:   h.Own.Config,
		Line:     a.line.args[:len(a.line.args)-len(program)+1],
		Cwd:      h.Cwd,
		Path:     searchedPath(h),
	}
}

// recall returns what an earlier launch of the same command line loaded, nil
// when there was none or something it depends on has changed since.
func (a *app) recall(program []string) *loaded {
	host, err := jail.ReadHost(os.Environ())
	if err != nil || host.Own.Cache == "" {
		return nil
	}
	launch, err := launchcache.Find(launchcache.Dir(host.Own.Cache), a.launchRequest(host, program))
	if err != nil {
		return nil
	}
	host.Terminal = a.terminal
	index := len(a.line.args) - len(program)
	return &loaded{
		policy: launch.Policy, host: host, filter: launch.Program, launching: true,
		command: jail.Command{Argv: program, At: a.line.at(index, 0)},
	}
}

// relaunch launches what recall returned. When that does not work out, it is
// false, and everything is to be read: either something has changed in the
// meantime, or there is an error to show, which takes the texts of the profiles.
func (a *app) relaunch(l *loaded, cell *jail.Cell) (int, bool) {
	c, problems := l.compile()
	if problems.HasErrors() || l.filter == nil {
		discard(cell)
		return 0, false
	}
	c.Plan.SetFilterProgram(l.filter)
	l.confine(c.Plan)
	process, failure := jail.Start(c.Plan, cell)
	if failure != nil {
		return 0, false
	}
	sweep(l.host)
	record := register(l.host, c.Plan, process)
	if !process.Begun() {
		index := len(a.line.args) - len(l.command.Argv)
		_ = c.Plan.KeepBeginning(launchcache.Dir(l.host.Own.Cache), index, l.host.Own.Binary)
	}
	return a.wait(process, c.Plan, record), true
}
