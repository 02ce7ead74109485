//go:build quick

package main

import (
	"os"
	"runtime"
	"syscall"

	"github.com/jail-project/jail/jail"
	"github.com/jail-project/jail/launchcache"
)

// realMain goes on with the launch that was begun before it, else it has the
// whole of jail do everything: that is in the same file, and is where such a
// process begins that finds nothing to begin with.
func realMain(argv []string) int {
	a := newApp(argv)
	settle()
	if cell, index := jail.Begun(); cell != nil {
		if _, ok := a.findTerminal(); !ok {
			cell.Discard()
			return exitFailed
		}
		if l := a.recall(argv[index:]); l == nil {
			cell.Discard()
		} else if status, ok := a.relaunch(l, cell); ok {
			return status
		}
	}
	if jail.Alone() {
		return a.fail("this is a part of jail and cannot be used by itself", "build the whole with `make build`")
	}
	if host, err := jail.ReadHost(os.Environ()); err == nil {
		jail.ForgetBeginning(launchcache.Dir(host.Own.Cache))
	}
	runtime.LockOSThread()
	jail.LikeCaller()
	err := syscall.Exec(jail.Again, argv, os.Environ())
	return a.fail("cannot execute jail's own file once more: "+err.Error(), "")
}

// startsAnew: this build launches only what was begun.
const startsAnew = false

// confine tells whether a plan can be carried out without a control group.
func (l *launch) confine(*jail.Plan) bool {
	_, needed := jail.GroupLimits(l.policy, l.host)
	return !needed
}

// Without a control group there is none to name, and nothing to tell about it.

func groupOf(*jail.Plan) string { return "" }

func (a *app) explainKilled(*jail.Plan) {}
