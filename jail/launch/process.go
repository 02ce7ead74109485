package launch

import (
	"errors"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/confine"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/terminal"
	"github.com/jail-project/jail/unixsock"
	"github.com/jail-project/jail/watch"
)

// Process is a started jail. Its init is a child of this one.
type Process struct {
	init        int // pid of the jail's init, in this PID namespace
	program     int // pid of the program, likewise
	pidfd       int // of the program
	initfd      int // of the init
	plan        *plan.Plan
	options     Options
	limit       time.Time        // when the time limit is over; zero for none
	sockets     *unixsock.Server // until its goroutine runs; nil when the jail has no socket guard
	rules       *unixsock.Rules  // of sockets
	timedOut    bool
	free        *free
	taken       []watch.Taken
	unguarded   error                // why a name could not be kept free
	exposed     bool                 // could not be confined: nothing of the program's is read, it is killed
	confinement *confine.Confinement // what Confine completes
	watched     []watched
	handed      *handed
	network     *attached // what connects the jail's network, nil for none
	relayed     []int     // sockets of the jail's network, until TakeRelayed
	netSocket   int       // a socket of the jail's network, -1 for none
	regularly   func()
	next        time.Time // when that is called

	// For a program with a terminal.
	relay   *terminal.Relay
	control int              // a socket to the init, see serveTerminal of package child
	stops   []syscall.Signal // signals that stopped the program and were not handled yet
	pressed syscall.Signal   // SIGINT or SIGQUIT, when a key for it was pressed
	hungUp  bool             // the launcher got SIGHUP
	grace   time.Time        // when the program is killed after that; zero for never
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

// Kill kills all processes of the jail; of a program that entered one, its process
// group.
func (p *Process) Kill() error {
	if p.plan.Entering {
		p.signalGroup(unix.SIGKILL)
	}
	return unix.Kill(p.init, unix.SIGKILL)
}

// Wait waits until the jail has ended and passes on signals meanwhile. It returns the
// exit status for the launcher: the program's own, 128+N when signal N ended it, 124
// when the time limit did.
func (p *Process) Wait() int {
	p.follow()
	status := reap(p.init)
	p.options.leaveGroup()
	p.handed.read()
	if p.relay != nil {
		p.relay.End()
	}
	releaseSignals()
	p.endFree()
	p.close()
	switch {
	case p.unguarded != nil:
		return plan.ExitFailed
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
		case time.Since(began) >= time.Duration(p.moment())*time.Millisecond:
			p.settle()
		case wait < 0 || wait > p.moment():
			wait = p.moment()
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
		relayed := len(fds)
		for _, fd := range p.relayed {
			fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
		}
		services := len(fds)
		for i := range p.watched {
			fds = append(fds, unix.PollFd{Fd: int32(p.watched[i].fd), Events: unix.POLLIN})
		}
		if often := p.free.interval(); often > 0 && (wait < 0 || wait > often) {
			wait = often
		}
		if p.regularly != nil {
			wait = p.callRegularly(wait)
		}
		_, err := unix.Poll(fds, wait)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			p.answer(unix.POLLIN)
			return // Wait can still reap the init
		}
		if fds[0].Revents != 0 {
			p.noticeEnds(fds[services:]) // which may have come before
			return
		}
		if fds[1].Revents != 0 {
			p.passOn(takeSignals())
		} else if p.free.interval() > 0 {
			p.look()
		}
		if others < relayed {
			p.answer(fds[others].Revents)
		}
		if anyReady(fds[relayed:services]) {
			p.settle() // which takes these sockets
		}
		p.noticeEnds(fds[services:])
		if p.relay != nil {
			if fds[fromJail].Revents != 0 {
				p.settle() // before anything is read that the program has written
			}
			if !p.exposed {
				p.serve(fds[2:others])
			}
		}
	}
}

func anyReady(fds []unix.PollFd) bool {
	return slices.ContainsFunc(fds, func(fd unix.PollFd) bool { return fd.Revents != 0 })
}

// fromJail is where follow has the jail's terminal among what it polls, if there is one.
const fromJail = 4

// moment is how many milliseconds a jail has to run for Options.Settled. Another command
// of jail that looks for it takes longer to start. Where that starts a service for the
// jail's sockets, which costs more than most commands of a build, it waits longer for the
// first connection: until then the launcher reads nothing that comes from the jail.
func (p *Process) moment() int {
	if len(p.relayed) > 0 {
		return 50
	}
	return 3
}

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

// answer starts a goroutine that answers the program's calls when the first one comes.
func (p *Process) answer(events int16) {
	if p.sockets == nil || events == 0 {
		return
	}
	called := events&unix.POLLIN != 0 // else no process is left that could call
	if called {
		p.settle()
	}
	if called && !p.exposed {
		if runtime.GOMAXPROCS(0) == 1 {
			runtime.GOMAXPROCS(2) // Serve may wait in the kernel and keep one
		}
		p.sockets.FindNetwork() // which Confine has done where this process is confined
		go p.sockets.Serve()
	} else {
		p.sockets.Close()
	}
	p.sockets = nil
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

// TakeRelayed returns the sockets of the jail's network, in the order of the ops that made
// them. The caller owns them from then on.
func (p *Process) TakeRelayed() []int {
	fds := p.relayed
	p.relayed = nil
	return fds
}

func (p *Process) close() {
	p.network.end()
	p.handed.close()
	closeAll(p.TakeRelayed())
	p.confinement.Close()
	p.free.close()
	p.watched = nil
	if p.sockets != nil {
		p.sockets.Close()
	}
	for _, fd := range []*int{&p.pidfd, &p.initfd, &p.control, &p.netSocket} {
		if *fd >= 0 {
			_ = unix.Close(*fd)
			*fd = -1
		}
	}
}

// ended tells whether the jail's init has ended.
func (p *Process) ended() bool {
	fds := []unix.PollFd{{Fd: int32(p.initfd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return n > 0 && err == nil
}

// watched is a process beside the jail; ended is called when it ends.
type watched struct {
	fd    int // a pidfd, -1 when it has ended: poll(2) skips that
	ended func()
}

// noticeEnds calls the functions of watched processes that have ended, by the result of
// poll(2).
func (p *Process) noticeEnds(fds []unix.PollFd) {
	for i := range fds {
		if fds[i].Revents != 0 {
			p.watched[i].fd = -1
			p.watched[i].ended()
		}
	}
}
