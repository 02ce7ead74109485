package launch

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// watched is a process beside the jail whose end is told.
type watched struct {
	fd    int // poll(2) passes over -1
	ended func()
}

// Watch has Wait call a function when another jail ends while this one runs: what this
// one has of it is gone then. It is for before Wait, and other lives until Wait is over.
func (p *Process) Watch(other *Process, ended func()) {
	p.watched = append(p.watched, watched{other.initfd, ended})
}

// noticeEnds is told what poll(2) found about what is watched.
func (p *Process) noticeEnds(fds []unix.PollFd) {
	for i := range fds {
		if fds[i].Revents != 0 {
			p.watched[i].fd = -1
			p.watched[i].ended()
		}
	}
}

// End kills a jail that runs beside another one, and returns how it ended. Unlike Wait it
// leaves signals to the launcher alone: they are meant for the other.
func (p *Process) End() syscall.WaitStatus {
	_ = unix.PidfdSendSignal(p.initfd, unix.SIGKILL, nil, 0)
	status := reap(p.init)
	p.options.leaveGroup()
	p.close()
	p.placeholders.Release()
	return status
}

// Ended tells whether all of the jail has ended.
func (p *Process) Ended() bool { return p.ended() }
