package launch

import (
	"github.com/jail-project/jail/terminal"
	"github.com/jail-project/jail/unixsock"
)

// Options are what a launch needs beside its plan.
type Options struct {
	// Group is the control group of the jail; nil leaves the jail in the launcher's.
	Group Group
	// Terminal is the caller's, for a plan with a terminal.
	Terminal *terminal.Terminal
	// Sockets are the rules of the jail that a plan enters, nil for none.
	Sockets *unixsock.Rules
	// Settled is called by Wait, once, when the jail has run for a moment, and before
	// the first connection is answered; nil for nothing. Most commands of a build end
	// before that, and so are not held up by it.
	Settled func()
	// Reads are absolute names of files that Process.OpenNamed opens, also when the launcher
	// is confined.
	Reads []string
	// Confined: Process.Confine will be called. Start fails before the program runs if
	// the kernel refuses what that needs.
	Confined bool
}

// Group is a control group that limits a jail as a whole. The launcher puts the init
// into it before the init runs the plan, so that all processes of the jail are in it.
type Group interface {
	// Add puts a process into the group. A *Refusal says more to people
	// than another error.
	Add(pid int) error
	// Remove is called when all of the jail has ended, or did not start.
	Remove()
}

// leaveGroup removes the control group of a jail that has ended.
func (o *Options) leaveGroup() {
	if o.Group != nil {
		o.Group.Remove()
	}
}
