package launch

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Watch makes Wait call a function when another jail ends while this one runs. It is
// called before Wait, and other must not be waited for until Wait returns.
func (p *Process) Watch(other *Process, ended func()) {
	p.watched = append(p.watched, watched{other.initfd, ended})
}

// WatchFD is like Watch for a process that is no child of this one, by its pidfd.
func (p *Process) WatchFD(pidfd int, ended func()) {
	p.watched = append(p.watched, watched{pidfd, ended})
}

// End kills a jail that runs beside another one, and returns how it ended. Unlike Wait it
// handles no signals of the launcher: they are meant for the other jail.
func (p *Process) End() syscall.WaitStatus {
	_ = unix.PidfdSendSignal(p.initfd, unix.SIGKILL, nil, 0)
	status := reap(p.init)
	p.options.leaveGroup()
	p.endFree()
	p.close()
	return status
}

// Ended tells whether all of the jail has ended.
func (p *Process) Ended() bool { return p.ended() }
