// Package launch executes a plan. It forks the jail's init, does beside it what takes
// the launcher's rights, reads its status messages, and turns a failed step into a
// diagnostic at its profile line. Then it follows the jail until its end: signals, the
// terminal, connections to Unix sockets, the time limit, the exit status. It knows
// neither policies nor how a plan is made.
package launch

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/child"
	"github.com/jail-project/jail/jail/confine"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/placeholder"
	"github.com/jail-project/jail/terminal"
	"github.com/jail-project/jail/unixsock"
)

// Options are what a launch needs beside its plan.
type Options struct {
	// Group is where the init goes before it begins; nil is where the
	// launcher is.
	Group Group
	// Terminal is the caller's, for a plan with a terminal.
	Terminal *terminal.Terminal
	// Sockets are the rules of the jail that a plan enters, nil for none.
	Sockets *unixsock.Rules
	// Settled is called by Wait, once, when the jail has run for a moment: what is to
	// be done about a jail that runs is for nothing when it is over at once, as most
	// commands of a build are. It is called before the first connection is
	// answered, and before anything is read that the program has written to a terminal
	// of the jail's own. nil is nothing to do.
	Settled func()
	// Confined: Process.Confine will be called. What can go wrong with that is tried
	// before the program runs.
	Confined bool
}

// Group limits a jail as a whole. The launcher puts the init into it
// before that process begins, so that all of the jail is in it.
type Group interface {
	// Add puts a process into the group. A *Refusal says more to people
	// than another error.
	Add(pid int) error
	// Remove is called when all of the jail has ended, or did not start.
	Remove()
}

// Start executes the plan. On return the program runs, or it never ran and
// the Failure says why. The init is used if it has the namespaces of the plan, else
// thrown away; nil is none. The calling goroutine must not be locked to a
// thread that ends before the jail: the thread's end would be the jail's.
func Start(p *plan.Plan, init *Init, o Options) (*Process, *Failure) {
	held, err := holdPlaceholders(p)
	if err != nil {
		init.Discard()
		return nil, &Failure{Plan: p, Err: err}
	}
	clones, failure := asRoot(p)
	if failure != nil {
		init.Discard()
		held.Release()
		return nil, failure
	}
	inputs := slices.Concat(p.Inputs, clones)
	init, err = encode(p, init, inputs)
	closeInputs(clones)
	if err == nil {
		l := &launch{plan: p, init: init, options: o, held: held}
		var process *Process
		if process, failure = l.follow(); failure == nil {
			return process, nil
		}
	} else {
		failure = initFailure(p, err)
	}
	held.Release()
	return nil, failure
}

// encode puts the plan into the memory of an init: of this one, or of another if
// the plan does not fit it.
func encode(p *plan.Plan, init *Init, inputs []plan.Input) (*Init, error) {
	if init != nil && init.fits(p, inputs) {
		if fits, err := init.memory.Encode(p); fits {
			return init, nil
		} else if err != nil {
			init.Discard()
			return nil, err
		}
	}
	init.Discard()
	init, err := newInit(p.Namespaces, p.Terminal, child.Size(p), inputs)
	if err != nil {
		return nil, err
	}
	if _, err := init.memory.Encode(p); err != nil {
		init.Discard()
		return nil, err
	}
	return init, nil
}

func initFailure(p *plan.Plan, err error) *Failure {
	if refused, ok := errors.AsType[child.ForkError](err); ok {
		return &Failure{Plan: p, Errno: syscall.Errno(refused)}
	}
	return &Failure{Plan: p, Err: err}
}

// launch is a plan in the memory of an init, on its way to become a process.
type launch struct {
	plan    *plan.Plan
	init    *Init
	options Options
	held    *placeholder.Held
	confine *confine.Confinement
}

// follow lets the child begin and reads its status messages.
func (l *launch) follow() (*Process, *Failure) {
	defer l.init.release()
	defer func() { l.confine.Close() }()
	if err := l.prepare(); err != nil {
		l.init.kill()
		l.leaveGroup()
		return nil, &Failure{Plan: l.plan, Err: err}
	}
	l.init.memory.OpenBarrier()
	status := l.init.status
	message, program, err := status.receive()
	ready := err == nil && message.Step == plan.StepReady
	if ready {
		proc := openProcess(l, program)
		message, _, err = status.receive()
		if errors.Is(err, errStatusEnded) {
			proc.serveSockets(l.init)
			return proc.withTerminal(l.init)
		}
		proc.close()
	}
	releaseSignals()
	failure := l.failure(message, err)
	failure.Ran = failure.Err != nil && ready
	ended := reap(l.init.pid)
	l.leaveGroup()
	if errors.Is(err, errStatusEnded) {
		failure.Died = &ended
	}
	return nil, failure
}

// prepare does what has to be done before the child begins, and lets it begin.
func (l *launch) prepare() error {
	init := l.init.pid
	if err := l.prepareConfinement(); err != nil {
		return err
	}
	if err := l.held.For(init); err != nil {
		return err
	}
	if l.options.Group != nil {
		if err := l.options.Group.Add(init); err != nil {
			return err
		}
	}
	err := errors.Join(writeMaps(l.plan, init), writeGroupMap(&l.plan.GroupMap, init))
	if err == nil {
		err = l.init.status.begin()
	}
	if err != nil {
		return fmt.Errorf("tell the jail's init to begin: %w", err)
	}
	if err := catchSignals(); err != nil {
		return fmt.Errorf("eventfd: %w", err)
	}
	return nil
}

// failure says what a message, or the error of receiving one, means.
func (l *launch) failure(message plan.StatusMessage, err error) *Failure {
	f := &Failure{Plan: l.plan}
	switch {
	case err == nil && message.Step == plan.StepUnshare:
		f.Errno = syscall.Errno(message.Errno)
	case err == nil && message.Step == plan.StepFork:
		f.Err = fmt.Errorf("fork the program's process: %w", syscall.Errno(message.Errno))
	case err == nil:
		f.Op, f.Errno = l.plan.Op(plan.Index(message.Step)), syscall.Errno(message.Errno)
	case errors.Is(err, errStatusEnded):
		f.Op = l.plan.Op(l.init.memory.Step())
	default:
		f.Err = fmt.Errorf("read the jail's status messages: %w", err)
		_ = unix.Kill(l.init.pid, unix.SIGKILL)
	}
	return f
}

// leaveGroup removes the control group of a jail that has ended.
func (o *Options) leaveGroup() {
	if o.Group != nil {
		o.Group.Remove()
	}
}

func (l *launch) leaveGroup() { l.options.leaveGroup() }

// reap waits for a child of ours. The runtime is told, unlike with
// receiveMessage: this wait may take days, in which a thread that counts as
// running would be sent a signal a hundred times a second.
func reap(pid int) syscall.WaitStatus {
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(pid, &status, 0, nil); !errors.Is(err, syscall.EINTR) {
			return status
		}
	}
}
