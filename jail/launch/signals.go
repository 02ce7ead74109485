package launch

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// passOn passes on the signals that the launcher got. One that a process sent goes to
// the program; one of a terminal to the program's process group, as without jail.
func (p *Process) passOn(sent, typed uint64) {
	if (sent|typed)>>uint(newName)&1 != 0 {
		p.look()
	}
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

// signalGroup sends a signal to the program's process group. A kernel that can't do
// that by pidfd is asked whether the program lives, so that its pid is still its own.
func (p *Process) signalGroup(sig syscall.Signal) {
	err := unix.PidfdSendSignal(p.pidfd, sig, nil, toGroup)
	if errors.Is(err, unix.EINVAL) && unix.PidfdSendSignal(p.pidfd, 0, nil, 0) == nil {
		err = unix.Kill(-p.program, sig)
	}
	if errors.Is(err, unix.ESRCH) {
		p.signal(sig) // it leads no group
	}
}
