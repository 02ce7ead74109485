package launch

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/confine"
	"github.com/jail-project/jail/jail/plan"
)

// launch is a plan in the memory of an init, until it is a Process or has failed.
type launch struct {
	plan    *plan.Plan
	init    *Init
	options Options
	free    *free
	confine *confine.Confinement
	network *attached
}

// follow lets the child begin and reads its status messages.
func (l *launch) follow() (*Process, *Failure) {
	defer l.init.release()
	defer func() {
		l.confine.Close()
		l.free.close()
		l.network.end()
	}()
	if err := l.prepare(); err != nil {
		return nil, l.abandon(err)
	}
	l.init.status.attach = l.attach
	l.init.memory.OpenBarrier()
	status := l.init.status
	message, program, err := status.receive()
	ready := err == nil && message.Step == plan.StepReady
	if ready {
		proc, unopened := l.openProcess(program)
		if unopened != nil {
			releaseSignals()
			failure := l.abandon(unopened)
			failure.Ran = true
			return nil, failure
		}
		message, _, err = status.receive()
		if errors.Is(err, errStatusEnded) {
			proc.serveSockets(l.init)
			return l.withTerminal(proc)
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

// abandon kills a jail that there is no Process of.
func (l *launch) abandon(err error) *Failure {
	l.init.kill()
	l.leaveGroup()
	return &Failure{Plan: l.plan, Err: err}
}

// prepare gives the init its control group and its user and group ids, lets it begin,
// and begins to catch signals.
func (l *launch) prepare() error {
	init := l.init.pid
	if err := l.prepareConfinement(); err != nil {
		return err
	}
	var err error
	if l.free, err = keepFree(l.plan); err != nil {
		return err
	}
	if l.options.Group != nil {
		if err := l.options.Group.Add(init); err != nil {
			return err
		}
	}
	err = errors.Join(writeMaps(l.plan, init), writeGroupMap(&l.plan.GroupMap, init))
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

// failure is the failure that a status message, or the error of receiving one, means.
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
	case errors.As(err, new(*Refusal)):
		f.Err = err
		_ = unix.Kill(l.init.pid, unix.SIGKILL)
	default:
		f.Err = fmt.Errorf("read the jail's status messages: %w", err)
		_ = unix.Kill(l.init.pid, unix.SIGKILL)
	}
	return f
}

func (l *launch) leaveGroup() { l.options.leaveGroup() }

// connects tells whether the launcher will make connections for the jail.
func (l *launch) connects() bool {
	guard := l.plan.Sockets
	return guard != nil && (guard.Listener != nil || l.options.Sockets != nil)
}

// prepareConfinement tries the syscalls that Process.Confine needs.
func (l *launch) prepareConfinement() (err error) {
	if !l.options.Confined {
		return nil
	}
	if l.confine, err = confine.Prepare(l.connects(), l.options.Reads); err != nil {
		return fmt.Errorf("prepare to confine the launcher: %w", err)
	}
	return nil
}

// takeConfinement returns the prepared confinement, which the caller owns from then on.
func (l *launch) takeConfinement() *confine.Confinement {
	c := l.confine
	l.confine = nil
	return c
}

// takeFree returns what keeps names free, which the caller owns from then on.
func (l *launch) takeFree() *free {
	f := l.free
	l.free = nil
	return f
}

// openProcess makes a Process of a jail whose program is about to run. Both of its
// processes exist or are not reaped yet, so no other process has their pids. Without a
// pidfd of the init the jail can't be followed to its end, nor the launcher confined.
func (l *launch) openProcess(program int) (*Process, error) {
	init := l.init.pid
	initfd, err := unix.PidfdOpen(init, 0)
	if err != nil {
		return nil, fmt.Errorf("open a pidfd of the jail's init: %w", err)
	}
	pidfd, err := unix.PidfdOpen(program, 0)
	if err != nil {
		pidfd = -1
	}
	p := &Process{
		init: init, program: program, initfd: initfd, pidfd: pidfd, network: l.network,
		plan: l.plan, options: l.options, free: l.takeFree(), confinement: l.takeConfinement(), control: -1,
		handed: l.init.status.takeHanded(), relayed: l.init.status.takeRelayed(), netSocket: l.init.status.takeNetwork(),
	}
	l.network = nil
	if p.network != nil {
		p.watched = append(p.watched, watched{p.network.pidfd, func() { p.network.noticeEnd() }})
	}
	return p, nil
}

// withTerminal takes over the terminal of a jail that has one. The program
// runs already; it gets no further than to the terminal.
func (l *launch) withTerminal(p *Process) (*Process, *Failure) {
	if !p.plan.Terminal {
		return p, nil
	}
	p.control, l.init.control = l.init.control, -1
	if err := p.startRelay(); err != nil {
		p.options.Settled = nil // there is no Process yet that it could be about
		_ = p.Kill()
		p.Wait()
		return nil, &Failure{Plan: p.plan, Err: fmt.Errorf("take over the jail's terminal: %w", err), Ran: true}
	}
	return p, nil
}
