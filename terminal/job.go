package terminal

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// take makes the outer terminal raw, if this process is in the foreground
// there.
func (r *Relay) take() bool {
	if r.gone || !r.outer.ours() {
		r.taken = false
		return false
	}
	if r.taken {
		return true
	}
	now, err := unix.IoctlGetTermios(r.outer.fd, unix.TCGETS)
	if err != nil {
		return false
	}
	// A shell that continues a job may give it the settings that it stopped
	// with, and those may be ours.
	if ours := raw(r.saved); now.Lflag != ours.Lflag || now.Iflag != ours.Iflag || now.Cc != ours.Cc {
		r.saved = *now
	}
	wanted := r.wanted()
	if unix.IoctlSetTermios(r.outer.fd, unix.TCSETS, &wanted) != nil {
		return false
	}
	r.taken = true
	r.Resized()
	r.adopt()
	return true
}

// wanted are the settings of the outer terminal while it is taken. What others
// print there, in the same pipeline, goes through it as before as long as the
// program prints like them.
func (r *Relay) wanted() unix.Termios {
	wanted := raw(r.saved)
	if r.shared() {
		if inner, err := unix.IoctlGetTermios(r.master, unix.TCGETS); err == nil && inner.Oflag == r.saved.Oflag {
			wanted.Oflag = r.saved.Oflag
		}
	}
	return wanted
}

// shared tells whether others are expected to print while the terminal is
// taken: at the other end of a pipe, for example.
func (r *Relay) shared() bool { return !r.outer.Foreground }

// follow keeps the outer terminal as it is wanted; the program may have
// changed its own.
func (r *Relay) follow() {
	if !r.taken || !r.shared() || !r.outer.ours() {
		return
	}
	now, err := unix.IoctlGetTermios(r.outer.fd, unix.TCGETS)
	if wanted := r.wanted(); err == nil && now.Oflag != wanted.Oflag {
		_ = unix.IoctlSetTermios(r.outer.fd, unix.TCSETS, &wanted)
	}
}

// adopt gives the jail's terminal the settings of the outer one, the first
// time that it is taken. Those of the start were not for a program to see when it
// was started in the background: a shell that reads a line has its own. What
// the program has changed meanwhile stays.
func (r *Relay) adopt() {
	if r.adopted {
		return
	}
	r.adopted = true
	now, err := unix.IoctlGetTermios(r.master, unix.TCGETS)
	given := &r.outer.Settings
	if err == nil && now.Iflag == given.Iflag && now.Oflag == given.Oflag && now.Lflag == given.Lflag && now.Cc == given.Cc {
		_ = unix.IoctlSetTermios(r.master, unix.TCSETS, &r.saved)
	}
}

// release gives the outer terminal its settings back.
func (r *Relay) release() {
	if r.taken && r.outer.ours() {
		_ = unix.IoctlSetTermios(r.outer.fd, unix.TCSETS, &r.saved)
	}
	r.taken = false
}

// Stopped says that a signal stopped the program. If a user stopped it, or it would be
// stopped without jail too, the launcher stops as well, so that the shell sees its job
// stopped. A program that wants the terminal gets it, if this job has it.
func (r *Relay) Stopped(sig syscall.Signal) {
	stopped := true
	switch {
	case r.gone:
	case sig == unix.SIGTTIN || sig == unix.SIGTTOU:
		if !r.outer.ours() {
			stopped = r.job.Suspend(sig, false)
		}
	default:
		r.settle()
		r.release()
		// Only a person may stop what else runs in the caller's job.
		stopped = r.job.Suspend(unix.SIGTSTP, r.asked)
		r.asked = false
	}
	has := r.take()
	// In the background without a shell that could change it: the program
	// would ask for the terminal again and again.
	r.job.Foreground(has || !stopped)
	r.job.Signal(unix.SIGCONT)
}

// Continued says that this process was continued after a stop that it did not ask for:
// other jobs may have used the terminal meanwhile.
func (r *Relay) Continued() {
	if !r.taken {
		return
	}
	r.taken = false
	r.job.Foreground(r.take())
}

// Resized passes the size of the outer terminal on. The kernel tells the
// program if it is another.
func (r *Relay) Resized() {
	if r.gone {
		return
	}
	if size, err := unix.IoctlGetWinsize(r.outer.fd, unix.TIOCGWINSZ); err == nil {
		_ = unix.IoctlSetWinsize(r.master, unix.TIOCSWINSZ, size)
	}
}

// settleTime is how long settle reads, and an outer terminal that takes nothing
// is waited for, in milliseconds.
const settleTime = 2000

// settleReads is how often settle reads at most: more than the two sides of a
// pseudo-terminal hold between them (tty_buffer_set_limit in the kernel, 640 KiB).
const settleReads = 1 << 10

// settle prints what the program has printed so far. Others in the jail may
// print without end meanwhile.
func (r *Relay) settle() {
	end := time.Now().Add(settleTime * time.Millisecond)
	for reads := 0; !r.gone; {
		// poll(2) has the kernel pass on what is under way between the two
		// sides of a pseudo-terminal.
		in := []unix.PollFd{{Fd: int32(r.master), Events: unix.POLLIN}}
		n, _ := unix.Poll(in, 0)
		more := n > 0 && in[0].Revents&unix.POLLIN != 0 && reads < settleReads && time.Now().Before(end)
		if more && len(r.printed) < printedRoom {
			more = r.readPrinted()
			reads++
		}
		r.writePrinted()
		if len(r.printed) == 0 && !more {
			return
		}
		out := []unix.PollFd{{Fd: int32(r.outer.fd), Events: unix.POLLOUT}}
		if n, err := unix.Poll(out, settleTime); n == 0 && err == nil {
			return
		}
	}
}

// End prints what is left, undoes what the program did to the outer terminal,
// and gives it back. The jail has ended.
func (r *Relay) End() {
	r.settle()
	if !r.gone {
		r.printed = append(r.printed, r.modes.undo()...)
		r.settle()
	}
	r.release()
	if r.master >= 0 {
		_ = unix.Close(r.master)
	}
	_ = unix.Close(r.outer.fd)
}
