package terminal

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Job is the program at the jail's terminal, and the launcher as a job of the
// caller's shell.
type Job interface {
	// Foreground puts the program's process group in the foreground of the
	// jail's terminal, or takes it away.
	Foreground(yes bool)
	// Group is the program's process group, as numbered here.
	Group() int
	// Signal sends a signal to the program's process group.
	Signal(sig syscall.Signal)
	// Suspend lets a stop signal stop this process, and with everybody its whole process
	// group. It returns when the process is continued; false says that it never stopped,
	// since its process group is orphaned.
	Suspend(sig syscall.Signal, everybody bool) bool
	// Others sends a signal to the process group of this process, without it.
	Others(sig syscall.Signal)
}

// Relay copies between the caller's terminal and that of the jail.
type Relay struct {
	outer *Terminal
	job   Job

	master int // the far side of the jail's terminal

	taken   bool         // the outer terminal is raw, and what is typed goes inside
	saved   unix.Termios // its settings before that
	adopted bool         // the jail's terminal has had the settings of the outer one when that was taken

	typed   []byte // on the way in
	printed []byte // on the way out
	modes   modes  // what was printed has changed about the outer terminal

	asked   bool           // somebody pressed the key that suspends
	pressed syscall.Signal // of the last key for which the program was to get one
	gone    bool           // the outer terminal hung up
}

// Room for what was read and could not be written yet.
const (
	typedRoom   = 4 << 10
	printedRoom = 64 << 10
)

// New begins to relay. Master is the far side of the jail's terminal and
// belongs to the Relay from now on.
//
// Precondition: a process in the jail holds the near side open until the jail ends.
// Otherwise the terminal would hang up when the program closes it for a moment.
func New(outer *Terminal, master int, job Job) (*Relay, error) {
	r := &Relay{outer: outer, job: job, master: master}
	if err := unix.SetNonblock(master, true); err != nil {
		return nil, fmt.Errorf("the jail's terminal: %w", err)
	}
	r.adopted = outer.Foreground
	if outer.Foreground {
		r.take()
	}
	return r, nil
}

// Watch returns the descriptors for poll(2), the outer terminal first. A terminal that
// the Relay does not read is watched for its end only.
func (r *Relay) Watch() [2]unix.PollFd {
	fds := [2]unix.PollFd{{Fd: int32(r.outer.fd)}, {Fd: int32(r.master)}}
	if r.gone {
		fds[0].Fd = -1
	}
	if r.taken && len(r.typed) < typedRoom {
		fds[0].Events |= unix.POLLIN
	}
	if len(r.printed) > 0 {
		fds[0].Events |= unix.POLLOUT
	}
	if len(r.printed) < printedRoom {
		fds[1].Events |= unix.POLLIN
	}
	if len(r.typed) > 0 {
		fds[1].Events |= unix.POLLOUT
	}
	return fds
}

// Serve does what poll(2) found possible.
func (r *Relay) Serve(fds [2]unix.PollFd) {
	if fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0 {
		r.hangUp()
		return
	}
	if fds[0].Revents&unix.POLLIN != 0 {
		r.readTyped()
	}
	if fds[1].Revents&unix.POLLIN != 0 {
		r.readPrinted()
	}
	r.writeTyped()
	r.writePrinted()
}

func (r *Relay) readTyped() {
	if !r.outer.ours() {
		// The shell put another job in the foreground without stopping this one.
		r.taken = false
		r.job.Foreground(false)
		return
	}
	buf := make([]byte, typedRoom)
	n, err := unix.Read(r.outer.fd, buf)
	if n <= 0 {
		if !transient(err) {
			r.hangUp()
		}
		return
	}
	r.notice(buf[:n])
	r.typed = append(r.typed, buf[:n]...)
}

// notice looks for the keys that send signals. The jail's terminal sends the signal to its
// own program; the other processes of the launcher's group, such as the script that
// started it, expect it too. They get it only when the outer terminal has the same key for
// it, and the program has neither switched signals off nor put a job of its own in the
// foreground.
func (r *Relay) notice(keys []byte) {
	if bytes.IndexByte(keys, r.saved.Cc[unix.VSUSP]) >= 0 {
		r.asked = true
	}
	for _, k := range [...]struct {
		key int
		sig syscall.Signal
	}{{unix.VINTR, unix.SIGINT}, {unix.VQUIT, unix.SIGQUIT}} {
		if key := r.saved.Cc[k.key]; key == 0 || bytes.IndexByte(keys, key) < 0 {
			continue
		}
		inner, err := unix.IoctlGetTermios(r.master, unix.TCGETS)
		if err != nil || inner.Lflag&unix.ISIG == 0 || inner.Cc[k.key] != r.saved.Cc[k.key] {
			continue
		}
		if group, err := unix.IoctlGetInt(r.master, unix.TIOCGPGRP); err != nil || group != r.job.Group() {
			continue
		}
		r.pressed = k.sig
		r.job.Others(k.sig)
	}
}

// Pressed is SIGINT or SIGQUIT if somebody pressed that key and the program
// was to feel it, the later one; else 0.
func (r *Relay) Pressed() syscall.Signal { return r.pressed }

// readPrinted reports whether there may be more.
func (r *Relay) readPrinted() bool {
	buf := make([]byte, 16<<10)
	n, err := unix.Read(r.master, buf)
	if n <= 0 {
		return errors.Is(err, unix.EINTR)
	}
	r.modes.scan(buf[:n])
	r.follow()
	if r.translates() {
		buf = bytes.ReplaceAll(buf[:n], []byte("\r\n"), []byte("\n"))
		n = len(buf)
	}
	if !r.gone {
		r.printed = append(r.printed, buf[:n]...)
	}
	return true
}

// translates tells whether the outer terminal makes of a line's end what the
// inner one has made of it already.
func (r *Relay) translates() bool {
	if r.taken && !r.shared() {
		return false // it is raw
	}
	const both = unix.OPOST | unix.ONLCR
	s, err := unix.IoctlGetTermios(r.outer.fd, unix.TCGETS)
	return err == nil && s.Oflag&both == both
}

func (r *Relay) writeTyped() {
	if len(r.typed) == 0 {
		return
	}
	if n, _ := unix.Write(r.master, r.typed); n > 0 {
		r.typed = append(r.typed[:0], r.typed[n:]...)
	}
}

// writePrinted writes what it can. In the background, a terminal that is set
// so (stty tostop) stops this process here, like any other job.
func (r *Relay) writePrinted() {
	if len(r.printed) == 0 {
		return
	}
	n, err := unix.Write(r.outer.fd, r.printed)
	if n > 0 {
		r.printed = append(r.printed[:0], r.printed[n:]...)
	} else if err != nil && !transient(err) {
		r.hangUp()
	}
}

// hangUp hangs the jail's terminal up, since the outer one has gone. The kernel tells the
// processes that read or write there.
func (r *Relay) hangUp() {
	if r.gone {
		return
	}
	r.gone, r.taken, r.printed, r.typed = true, false, nil, nil
	_ = unix.Close(r.master)
	r.master = -1
}

// Gone tells whether the outer terminal has hung up.
func (r *Relay) Gone() bool { return r.gone }
