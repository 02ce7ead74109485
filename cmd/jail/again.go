package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/launchcache"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/registry"
	"github.com/jail-project/jail/terminal"
)

// A launch from what is remembered of an earlier one.

// findTerminal looks for the terminal that the program's is to be like.
func (a *app) findTerminal() (status int, ok bool) {
	var err error
	if a.terminal, err = terminal.Find(); err != nil {
		return a.fail("cannot use the terminal: "+err.Error(), "start jail from another one, or with standard input, output and error redirected"), false
	}
	return 0, true
}

// prepared is what a jail is launched from.
type prepared struct {
	policy  *policy.Policy
	host    *host.Host
	command compile.Command
	group   *limiter
	// launching: this is not only to be looked at.
	launching bool
}

// launchRequest is what a launch is kept and found by.
func (a *app) launchRequest(h *host.Host, program []string) *launchcache.Request {
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
func (a *app) recall(program []string) *prepared {
	host, err := host.Read(os.Environ())
	if err != nil || host.Own.Cache == "" {
		return nil
	}
	kept, err := launchcache.Find(launchcache.Dir(host.Own.Cache), a.launchRequest(host, program))
	if err != nil {
		return nil
	}
	host.Terminal = a.terminal
	index := len(a.line.args) - len(program)
	return &prepared{
		policy: kept.Policy, host: host, launching: true,
		command: compile.Command{Argv: program, At: a.line.at(index, 0), Filter: kept.Program},
	}
}

// relaunch launches what recall returned. When that does not work out, it is
// false, and everything is to be read: either something has changed in the
// meantime, or there is an error to show, which takes the texts of the profiles.
func (a *app) relaunch(l *prepared, init *launch.Init) (int, bool) {
	c, problems := l.compile()
	if problems.HasErrors() || l.command.Filter == nil {
		init.Discard()
		return 0, false
	}
	process, failure := launch.Start(c.Plan, init, l.options())
	switch {
	case failure != nil && failure.Ran:
		return a.fail(failure.Error(), ""), true
	case failure != nil:
		return 0, false
	}
	sweep(l.host)
	return a.wait(process, l, register(l, c, process)), true
}

// settle prepares the Go runtime for a launch, which lives for milliseconds
// before it only waits: to collect garbage would cost more than it gives back.
func settle() {
	debug.SetGCPercent(-1)
	runtime.MemProfileRate = 0
}

// wait returns the exit status of the program.
func (a *app) wait(process *launch.Process, l *prepared, record *registry.Registration) int {
	unconfined := process.Confine(record.Dirs()...)
	status := process.Wait()
	record.Remove()
	if unconfined != nil {
		return a.fail("the jail was ended: "+unconfined.Error(), "")
	}
	a.explainKilled(l.group)
	if process.TimedOut() {
		a.fail("the time limit of "+l.policy.Limits.Time.V.String()+" is over; the jail was ended", "")
	}
	process.EndLikeProgram(status)
	return status
}

// searchedPath is where programs are looked for, with colons between the
// directories.
func searchedPath(h *host.Host) string {
	for _, e := range h.Env {
		if list, ok := strings.CutPrefix(e, "PATH="); ok {
			return list
		}
	}
	return ""
}
