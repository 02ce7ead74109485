package jail

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/standin"
	"github.com/jail-project/jail/terminal"
	"github.com/jail-project/jail/unixsock"
)

// Process is a started jail. Its first process is a child of this one.
type Process struct {
	first    int // pid of PID 1 of the jail, as seen here
	program  int // pid of the program, as seen here
	pidfd    int // of the program
	firstfd  int // pidfd of PID 1
	plan     *Plan
	limit    time.Time        // when the time limit is over; zero for none
	sockets  *unixsock.Server // until the first call; nil: nobody has to answer for Unix sockets
	timedOut bool
	standIns *standin.Held

	// For a program with a terminal.
	relay   *terminal.Relay
	control int              // a socket to PID 1, see serveTerminal
	stops   []syscall.Signal // what it said and nobody has attended to
	pressed syscall.Signal   // SIGINT or SIGQUIT, when a key for it was pressed
	hungUp  bool             // somebody said so by SIGHUP
	grace   time.Time        // how long the program may go on after that; zero for ever
}

// Failure says why a plan did not become a running program. Op is nil when
// the first process could not be made.
type Failure struct {
	Plan  *Plan
	Op    *Op
	Errno syscall.Errno
	// Died is set when the child ended without a report: it was killed.
	Died *syscall.WaitStatus
	Err  error // a failure of the launcher itself
	// Ran is set when the program may have begun to run: it is not to run again.
	Ran bool
}

// Error describes the failure in one line.
func (f *Failure) Error() string {
	switch {
	case f.Err != nil:
		return f.Err.Error()
	case f.Op == nil:
		return fmt.Sprintf("new namespaces: %v", f.Errno)
	case f.Died != nil:
		return fmt.Sprintf("the jail's first process died while it was being set up, at %s", f.Op)
	default:
		return fmt.Sprintf("%s: %v", f.Op, f.Errno)
	}
}

// Start executes the plan. On return the program runs, or it never ran and
// the Failure says why. The cell is used if it has the namespaces of the plan, else
// thrown away; nil is no cell. The calling goroutine must not be locked to a
// thread that ends before the jail: the thread's end would be the jail's.
func Start(p *Plan, cell *Cell) (*Process, *Failure) {
	held, err := p.holdStandIns()
	if err != nil {
		if cell != nil {
			cell.Discard()
		}
		return nil, &Failure{Plan: p, Err: err}
	}
	done, failure := p.asRoot()
	if failure != nil {
		if cell != nil {
			cell.Discard()
		}
		held.Release()
		return nil, failure
	}
	proc, failure := startCell(p, cell, held)
	done()
	if failure != nil {
		held.Release()
		return nil, failure
	}
	proc.standIns = held
	return proc, nil
}

func startCell(p *Plan, cell *Cell, held *standin.Held) (*Process, *Failure) {
	if cell != nil && (cell.namespaces != p.Namespaces || len(p.Inputs) > 0 || (p.Terminal != nil) != (cell.control >= 0)) {
		cell.Discard()
		cell = nil
	}
	if cell != nil {
		if ok, err := p.lower(cell.shared); err != nil {
			cell.Discard()
			return nil, &Failure{Plan: p, Err: err}
		} else if ok {
			return follow(p, cell, held)
		}
		cell.Discard()
	}
	cell, err := newCell(p.Namespaces, p.Terminal != nil, planSize(p), p.Inputs)
	if err != nil {
		return nil, cellFailure(p, err)
	}
	if _, err := p.lower(cell.shared); err != nil {
		cell.Discard()
		return nil, &Failure{Plan: p, Err: err}
	}
	return follow(p, cell, held)
}

// leaveGroup removes the control group of a jail that has ended.
func (p *Plan) leaveGroup() {
	if p.Group != nil {
		p.Group.Remove()
	}
}

func cellFailure(p *Plan, err error) *Failure {
	if refused, ok := errors.AsType[forkError](err); ok {
		return &Failure{Plan: p, Errno: syscall.Errno(refused)}
	}
	return &Failure{Plan: p, Err: err}
}

// follow lets the child begin and reads its records; see record.go for their
// order.
func follow(p *Plan, cell *Cell, held *standin.Held) (*Process, *Failure) {
	report, first := cell.report, cell.pid
	defer cell.release()
	if err := held.For(first); err != nil {
		cell.kill()
		return nil, &Failure{Plan: p, Err: err}
	}
	if p.Group != nil {
		if err := p.Group.Add(first); err != nil {
			cell.kill()
			p.leaveGroup()
			return nil, &Failure{Plan: p, Err: err}
		}
	}
	err := errors.Join(p.writeMaps(first), p.writeGroupMap(first))
	if err == nil {
		err = report.begin()
	}
	if err != nil {
		cell.kill()
		p.leaveGroup()
		return nil, &Failure{Plan: p, Err: fmt.Errorf("tell the jail's first process to begin: %w", err)}
	}
	if err := catchSignals(); err != nil {
		cell.kill()
		p.leaveGroup()
		return nil, &Failure{Plan: p, Err: fmt.Errorf("eventfd: %w", err)}
	}
	openGate(cell.shared)
	rec, program, err := report.receive()
	ready := err == nil && rec.step == readyStep
	if ready {
		proc := openProcess(p, first, program)
		rec, _, err = report.receive()
		if errors.Is(err, errReportEnded) {
			proc.sockets = p.socketServer(report.takeListener(), cell.shared)
			return proc.withTerminal(cell)
		}
		proc.close()
	}
	releaseSignals()
	failure := &Failure{Plan: p}
	switch {
	case err == nil && rec.step == unshareStep:
		failure.Errno = syscall.Errno(rec.errno)
	case err == nil && rec.step == forkStep:
		failure.Err = fmt.Errorf("fork the program's process: %w", syscall.Errno(rec.errno))
	case err == nil:
		failure.Op, failure.Errno = p.Op(Index(rec.step)), syscall.Errno(rec.errno)
	case errors.Is(err, errReportEnded):
		failure.Op = p.Op(Index(header(cell.shared).step))
	default:
		failure.Err, failure.Ran = fmt.Errorf("read the jail's report: %w", err), ready
		_ = unix.Kill(first, unix.SIGKILL)
	}
	status := reap(first)
	p.leaveGroup()
	if errors.Is(err, errReportEnded) {
		failure.Died = &status
	}
	return nil, failure
}

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
