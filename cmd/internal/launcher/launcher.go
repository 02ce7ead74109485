// Package launcher is the last part of `jail run`, which both programs of an installed
// jail have: from a policy to the end of the program. The whole program gets the policy
// from profiles, the small launcher from the launch cache alone. It knows neither
// YAML nor the grammar of flags.
package launcher

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/registry"
)

// Launch is what a jail is launched from.
type Launch struct {
	Policy  *policy.Policy
	Host    *host.Host
	Command compile.Command
	// Group is the control group that the limits of the policy need, nil for none.
	Group Group
	// Shared is the network of a group of jails, nil for none. Command.Inside is from it.
	Shared *Shared
	// ToldInPlace: the user knows already which files can be written in place only.
	ToldInPlace bool
	// LogNetwork: the decisions of a filtered network are printed.
	LogNetwork bool
	// Tell tells the user something while the program runs; nil waits until its end.
	Tell func(diag.Diagnostic)
}

// Group is a control group that can be named.
type Group interface {
	launch.Group
	// Inside is the directory in which the processes of the jail are, "" before
	// there is one.
	Inside() string
}

// Prepare prepares the Go runtime for a launch, which lives for milliseconds
// before it only waits: to collect garbage would cost more than it gives back. One
// goroutine does it all. With GOMAXPROCS 1 the runtime's monitor thread sleeps once that
// goroutine waits in the kernel; with more it wakes up every 20 microseconds to look
// whether another one has work, and idle threads are started.
func Prepare() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	runtime.MemProfileRate = 0
}

// Running is a jail that was launched.
type Running struct {
	*launch.Process
	registered *registry.Remover
	unconfined error
	left       *left
	lost       *lost
	relay      refuser    // of a filtered network
	lists      []hostList // that it knows
	user       uint32
	shown      shown // the filtered display
	published  *published
	shared     *Shared
	unserved   error // why a service did not start
}

// Options are what a launch needs beside its plan: the control group, and the
// caller's terminal.
func (l *Launch) Options() launch.Options {
	return launch.Options{Terminal: l.Host.Terminal, Group: l.Group, Confined: true, Reads: l.listNames()}
}

// Start launches a compiled jail. When it has run for a moment, Wait registers it and
// confines this process. The init is used if it fits the plan; nil is none.
func (l *Launch) Start(c *compile.Compiled, init *launch.Init) (*Running, *launch.Failure) {
	r, o := &Running{user: uint32(l.Host.UID), shared: l.Shared, left: l.lookBefore(c), lost: l.newLost(c)}, l.Options()
	o.Settled = func() {
		r.left.open() // while files can be opened
		r.registered = l.register(c, r.Process)
		l.Shared.registered()
		if r.unserved = r.serve(l, c.View); r.unserved != nil {
			_ = r.Kill()
		}
		r.unconfined = r.Confine(r.registered.Dirs()...)
		debug.SetGCPercent(100) // what follows may take days
	}
	var err error
	if r.published, err = publish(&l.Policy.Network); err != nil {
		init.Discard()
		return nil, &launch.Failure{Plan: c.Plan, Err: err}
	}
	if err := r.prepareDisplay(l, c); err != nil {
		init.Discard()
		r.published.end()
		return nil, &launch.Failure{Plan: c.Plan, Err: err}
	}
	var failure *launch.Failure
	if r.Process, failure = launch.Start(c.Plan, init, o); failure != nil {
		r.published.end()
		r.shown.end()
		return nil, failure
	}
	l.Shared.follow(r, l.Policy.Network.Mode.V)
	return r, nil
}

// serve starts the services of the jail. It closes this process's copies of the sockets
// that they get, so that what is connected ends with them.
func (r *Running) serve(l *Launch, view *fstree.View) error {
	network, x11, wayland := r.takeSockets(view)
	defer closeAll(network)
	defer closeAll(x11)
	defer closeAll(wayland)
	if err := r.startRelay(l, view, network); err != nil {
		return err
	}
	if err := r.startDisplay(l, view, x11); err != nil {
		return err
	}
	if err := r.confineWayland(l, &view.Compositor, wayland); err != nil {
		return err
	}
	return r.published.start(l, r.Process)
}

// Wait returns the exit status of the program, when all of the jail has ended. An error
// has ended it.
func (r *Running) Wait() (int, error) {
	status := r.Process.Wait()
	r.relay.end(relayEnded)
	r.shown.end()
	r.published.end()
	r.registered.Remove()
	r.left.find(r.Taken())
	if err := r.Unguarded(); err != nil {
		return plan.ExitFailed, fmt.Errorf("the jail was ended: %w", err)
	}
	if r.unserved != nil {
		return plan.ExitFailed, fmt.Errorf("the jail was ended: %w", r.unserved)
	}
	if r.unconfined != nil {
		return plan.ExitFailed, fmt.Errorf("the jail was ended: %w", r.unconfined)
	}
	return status, nil
}

// register writes a registration for ps, enter, stop and inspect. It is called when
// the program runs, so that nobody waits for it. Without a directory for it, these
// verbs do not find the jail.
func (l *Launch) register(c *compile.Compiled, process *launch.Process) *registry.Remover {
	entry, err := c.Entry(process.Sockets()).Encode()
	if err != nil {
		return nil
	}
	r := &registry.Registration{Profile: c.Plan.Profile, Program: c.Plan.Path, Entry: entry}
	r.Init.PID, r.Main.PID = process.Init(), process.Pid()
	if l.Group != nil {
		r.Cgroup = l.Group.Inside()
	}
	if l.Shared != nil {
		r.Group, r.Rules, r.Joined = l.Shared.name, l.Shared.rules, l.Shared.inside != nil
	}
	remover, _ := registry.Register(Place(l.Host), r)
	return remover
}

// Place is where this caller's running jails are registered.
func Place(h *host.Host) registry.Place {
	return registry.Place{Runtime: h.Dirs["XDG_RUNTIME_DIR"], State: h.Own.State}
}

// TimeIsOver is what the user is told when the time limit has ended the jail.
func (l *Launch) TimeIsOver() diag.Diagnostic {
	return diag.Diagnostic{Code: "failed", Summary: "the time limit of " + l.Policy.Limits.Time.V.String() + " is over; the jail was ended"}
}
