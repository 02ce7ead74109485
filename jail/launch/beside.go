package launch

import (
	"syscall"
	"time"

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

// interval is how often Regularly calls its function.
const interval = time.Second / 2

// Regularly makes Wait call a function twice a second as long as the jail runs. It must not
// wait for anything.
func (p *Process) Regularly(call func()) { p.regularly, p.next = call, time.Now().Add(interval) }

// callRegularly calls the function when it is time, and returns how many milliseconds
// poll(2) may wait, which has to be no longer than wait if that is not negative.
func (p *Process) callRegularly(wait int) int {
	if !time.Now().Before(p.next) {
		p.regularly()
		p.next = time.Now().Add(interval)
	}
	left := int(time.Until(p.next).Milliseconds()) + 1
	if wait >= 0 && wait < left {
		return wait
	}
	return left
}

// OpenNamed opens one of Options.Reads by its place in that list, for reading.
func (p *Process) OpenNamed(i int) (int, error) {
	fd, errno := p.confinement.OpenNamed(i)
	if errno != 0 {
		return -1, errno
	}
	return fd, nil
}
