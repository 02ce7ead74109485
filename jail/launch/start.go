// Package launch executes a plan. It forks the jail's init, does beside it what takes
// the launcher's rights, reads its status messages, and turns a failed step into a
// diagnostic at its profile line. Then it follows the jail until its end: signals, the
// terminal, connections to Unix sockets, the time limit, the exit status. It knows
// neither policies nor how a plan is made.
package launch

import (
	"errors"
	"slices"
	"syscall"

	"github.com/jail-project/jail/jail/child"
	"github.com/jail-project/jail/jail/plan"
)

// Start executes the plan. On return the program runs, or the Failure says why it does
// not. Start uses the init if it has the namespaces of the plan, and discards it
// otherwise; nil is none. The calling goroutine must not be locked to a thread that ends
// before the jail: the kernel would kill the jail with the thread.
func Start(p *plan.Plan, init *Init, o Options) (*Process, *Failure) {
	clones, failure := asRoot(p)
	if failure != nil {
		init.Discard()
		return nil, failure
	}
	inputs := slices.Concat(p.Inputs, clones)
	init, err := encode(p, init, inputs)
	closeInputs(clones)
	if err == nil {
		l := &launch{plan: p, init: init, options: o}
		return l.follow()
	}
	return nil, initFailure(p, err)
}

// encode puts the plan into the memory of this init, or of a new one if the plan does not
// fit it.
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
	join, err := openNetwork(p)
	if err != nil {
		return nil, err
	}
	init, err = newInit(p.Namespaces, p.Terminal, child.Size(p), inputs, join)
	if err = joined(p, join, err); err != nil {
		init.Discard()
		return nil, err
	}
	if _, err := init.memory.Encode(p); err != nil {
		init.Discard()
		return nil, err
	}
	return init, nil
}

func initFailure(p *plan.Plan, err error) *Failure {
	if other, ok := errors.AsType[IDs](err); ok {
		return &Failure{Plan: p, Err: err, Joined: &other}
	}
	if refused, ok := errors.AsType[child.ForkError](err); ok {
		return &Failure{Plan: p, Errno: syscall.Errno(refused)}
	}
	return &Failure{Plan: p, Err: err}
}
