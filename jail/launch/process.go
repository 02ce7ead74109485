package launch

import (
	"errors"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/confine"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/placeholder"
	"github.com/jail-project/jail/terminal"
	"github.com/jail-project/jail/unixsock"
)

// Process is a started jail. Its init is a child of this one.
type Process struct {
	init         int // pid of PID 1 of the jail, as seen here
	program      int // pid of the program, as seen here
	pidfd        int // of the program
	initfd       int // pidfd of PID 1
	plan         *plan.Plan
	options      Options
	limit        time.Time        // when the time limit is over; zero for none
	sockets      *unixsock.Server // until the first call; nil: nobody has to answer for Unix sockets
	rules        *unixsock.Rules  // of sockets
	timedOut     bool
	placeholders *placeholder.Held
	confinement  *confine.Confinement // what Confine completes
	watched      []watched

	// For a program with a terminal.
	relay   *terminal.Relay
	control int              // a socket to PID 1, see serveTerminal
	stops   []syscall.Signal // what it said and nobody has attended to
	pressed syscall.Signal   // SIGINT or SIGQUIT, when a key for it was pressed
	hungUp  bool             // somebody said so by SIGHUP
	grace   time.Time        // how long the program may go on after that; zero for ever
}

// openProcess begins to follow a jail whose program is about to run. Both
// processes exist, or are at worst not yet reaped: the numbers are still
// theirs.
func openProcess(l *launch, program int) *Process {
	open := func(pid int) int {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			return -1
		}
		return fd
	}
	init := l.init.pid
	return &Process{
		init: init, program: program, initfd: open(init), pidfd: open(program),
		plan: l.plan, options: l.options, placeholders: l.held, confinement: l.takeConfinement(), control: -1,
	}
}

// serveSockets gets ready to answer the connections of the jail, if its guard has
// a listener.
func (p *Process) serveSockets(in *Init) {
	listener := in.status.takeListener()
	if listener < 0 {
		return
	}
	if p.rules = p.options.Sockets; p.rules == nil {
		p.rules = socketRules(p.plan, in.memory.Result)
	}
	p.sockets = unixsock.NewServer(notifications{p.rules.User}, listener, *p.rules)
}

// Sockets are the rules by which the jail's connections are answered, nil for none.
func (p *Process) Sockets() *unixsock.Rules { return p.rules }

// Pid returns the process id of the program, as seen from outside.
func (p *Process) Pid() int { return p.program }

// Init returns the process id of the jail's init, as seen from
// outside.
func (p *Process) Init() int { return p.init }

// Kill ends the jail and everything in it; of what entered one, the program and
// its process group.
func (p *Process) Kill() error {
	if p.plan.Entering {
		p.signalGroup(unix.SIGKILL)
	}
	return unix.Kill(p.init, unix.SIGKILL)
}

// Wait returns the exit status to pass on: the program's own, 128+N when
// signal N ended it, 124 when the time limit did. Meanwhile it passes on
// what signals come.
func (p *Process) Wait() int {
	p.follow()
	status := reap(p.init)
	p.options.leaveGroup()
	if p.relay != nil {
		p.relay.End()
	}
	releaseSignals()
	p.close()
	p.placeholders.Release()
	switch {
	case p.timedOut:
		return plan.ExitTimeLimit
	case status.Signaled():
		return 128 + int(status.Signal())
	default:
		return status.ExitStatus()
	}
}

// TimedOut tells, after Wait, whether the time limit ended the jail.
func (p *Process) TimedOut() bool { return p.timedOut }

// follow serves the jail until its init has ended.
func (p *Process) follow() {
	if p.plan.Time > 0 {
		p.limit = time.Now().Add(p.plan.Time)
	}
	began := time.Now()
	var fds []unix.PollFd
	for {
		wait := p.timeLeft()
		switch {
		case p.options.Settled == nil:
		case time.Since(began) >= moment*time.Millisecond:
			p.settle()
		case wait < 0 || wait > moment:
			wait = moment
		}
		fds = append(fds[:0],
			unix.PollFd{Fd: int32(p.initfd), Events: unix.POLLIN},
			unix.PollFd{Fd: int32(wakeFD()), Events: unix.POLLIN})
		if p.relay != nil {
			outer := p.relay.Watch()
			fds = append(fds, unix.PollFd{Fd: int32(p.control), Events: unix.POLLIN}, outer[0], outer[1])
		}
		others := len(fds)
		if p.sockets != nil {
			fds = append(fds, unix.PollFd{Fd: int32(p.sockets.Listener()), Events: unix.POLLIN})
		}
		services := len(fds)
		for i := range p.watched {
			fds = append(fds, unix.PollFd{Fd: int32(p.watched[i].fd), Events: unix.POLLIN})
		}
		_, err := unix.Poll(fds, wait)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || p.initfd < 0 {
			p.answer(unix.POLLIN)
			return // waiting is all that can be done
		}
		if fds[0].Revents != 0 {
			return
		}
		if fds[1].Revents != 0 {
			p.passOn(takeSignals())
		}
		if others < services {
			p.answer(fds[others].Revents)
		}
		p.noticeEnds(fds[services:])
		if p.relay != nil {
			if fds[fromJail].Revents != 0 {
				p.settle() // before anything is read that the program has written
			}
			p.serve(fds[2:others])
		}
	}
}

// fromJail is where follow has the jail's terminal among what it polls, if there is one.
const fromJail = 4

// moment is how many milliseconds a jail has to run for Options.Settled. To find it with
// another command of jail takes longer.
const moment = 3

// settle calls Options.Settled, once.
func (p *Process) settle() {
	settled := p.options.Settled
	if settled == nil {
		return
	}
	p.options.Settled = nil
	keep := traced() // which can't be asked when settled has confined this process
	settled()
	if !keep {
		releaseCode()
	}
}

// answer has the program's calls answered from the first one on, by a goroutine
// that may have to wait for the program.
func (p *Process) answer(events int16) {
	switch {
	case p.sockets == nil:
	case events&unix.POLLIN != 0:
		p.settle()
		if runtime.GOMAXPROCS(0) == 1 {
			runtime.GOMAXPROCS(2) // Serve may wait in the kernel and keep one
		}
		go p.sockets.Serve()
		p.sockets = nil
	case events != 0: // there is nobody left who could call
		p.sockets.Close()
		p.sockets = nil
	}
}

// timeLeft is how long poll(2) may wait, in milliseconds. When the time is
// over, it ends the jail.
func (p *Process) timeLeft() int {
	end := p.limit
	if !p.grace.IsZero() && (end.IsZero() || p.grace.Before(end)) {
		end = p.grace
	}
	if end.IsZero() {
		return -1
	}
	if left := time.Until(end); left > 0 {
		return int(min(left, time.Hour).Milliseconds()) + 1
	}
	p.timedOut = end.Equal(p.limit)
	p.limit, p.grace = time.Time{}, time.Time{}
	_ = p.Kill()
	return -1
}

// passOn does with signals for the launcher what they were meant for. One that
// somebody sent goes to the program, one that a terminal sent, to the whole of
// its process group, as it would without jail.
func (p *Process) passOn(sent, typed uint64) {
	for _, sig := range caught() {
		bit := uint64(1) << uint(sig)
		if (sent|typed)&bit == 0 {
			continue
		}
		switch sig {
		case syscall.SIGTSTP:
			p.suspend()
		case syscall.SIGCONT:
			if p.relay != nil {
				p.relay.Continued()
			}
		case syscall.SIGWINCH:
			if p.relay != nil {
				p.relay.Resized()
			}
		default:
			p.hungUp = p.hungUp || sig == syscall.SIGHUP
			if typed&bit != 0 {
				p.pressed = sig
			}
			if sent&bit != 0 {
				p.signal(sig)
			} else {
				p.signalGroup(sig)
			}
		}
	}
}

// suspend stops the program's process group and then the launcher, so that
// the shell sees its job stopped. When the job goes on, so does the group. At a
// terminal of the jail's own, the init says when the program has stopped.
func (p *Process) suspend() {
	p.signalGroup(unix.SIGTSTP)
	if p.relay != nil {
		return
	}
	raiseDefault(unix.SIGTSTP)
	p.signalGroup(unix.SIGCONT)
}

// signal sends a signal to the program, which may just have ended.
func (p *Process) signal(sig syscall.Signal) {
	_ = unix.PidfdSendSignal(p.pidfd, sig, nil, 0)
}

// toGroup is PIDFD_SIGNAL_PROCESS_GROUP of pidfd_send_signal(2), Linux 6.9.
const toGroup = 4

// signalGroup sends a signal to the program's process group. Where the kernel
// can't by descriptor, the program is asked for first: as long as it is there,
// its number is its own.
func (p *Process) signalGroup(sig syscall.Signal) {
	err := unix.PidfdSendSignal(p.pidfd, sig, nil, toGroup)
	if errors.Is(err, unix.EINVAL) && unix.PidfdSendSignal(p.pidfd, 0, nil, 0) == nil {
		err = unix.Kill(-p.program, sig)
	}
	if errors.Is(err, unix.ESRCH) {
		p.signal(sig) // it leads no group
	}
}

func (p *Process) close() {
	p.confinement.Close()
	p.watched = nil
	if p.sockets != nil {
		p.sockets.Close()
	}
	for _, fd := range []*int{&p.pidfd, &p.initfd, &p.control} {
		if *fd >= 0 {
			_ = unix.Close(*fd)
			*fd = -1
		}
	}
}
