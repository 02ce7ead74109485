package launch

import (
	"encoding/binary"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/terminal"
)

// EndLikeProgram ends this process, after Wait, by the signal that ended the program, if
// a key sent it: a shell that runs a loop then ends the loop, as without jail. An exit
// status would not tell it to.
func (p *Process) EndLikeProgram(status int) {
	sig := p.pressed
	if p.relay != nil && p.relay.Pressed() != 0 {
		sig = p.relay.Pressed()
	}
	if (sig == unix.SIGINT || sig == unix.SIGQUIT) && status == 128+int(sig) {
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // a core dump of the launcher would be useless
		raiseDefault(sig)
	}
}

// hangUpGrace is how long a program may go on after SIGHUP.
const hangUpGrace = 2 * time.Second

// serve reads from the socket to the init and lets the Relay copy, by the result of
// poll(2).
func (p *Process) serve(fds []unix.PollFd) {
	if fds[0].Revents != 0 {
		if message, ok := p.hear(); ok && message.Errno != 0 {
			p.stops = append(p.stops, stopSignal(message))
		}
	}
	p.relay.Serve([2]unix.PollFd{fds[1], fds[2]})
	for len(p.stops) > 0 {
		sig := p.stops[0]
		p.stops = p.stops[1:]
		p.relay.Stopped(sig)
	}
	if p.relay.Gone() && p.hungUp && p.grace.IsZero() {
		p.signalGroup(unix.SIGHUP)
		p.signalGroup(unix.SIGCONT)
		p.grace = time.Now().Add(hangUpGrace)
	}
}

// hear reads a message of serveTerminal.
func (p *Process) hear() (plan.StatusMessage, bool) {
	var buf [plan.StatusSize]byte
	n, err := unix.Read(p.control, buf[:])
	if err != nil || n != plan.StatusSize {
		// The init is gone, which its pidfd tells as well.
		_ = unix.Close(p.control)
		p.control = -1
		return plan.StatusMessage{}, false
	}
	return plan.ParseStatus(buf[:]), true
}

// stopSignal is the signal that stopped the program. The launcher stops itself by it, so
// it is one of those that stop, whatever the message says.
func stopSignal(message plan.StatusMessage) syscall.Signal {
	switch sig := syscall.WaitStatus(message.Step).StopSignal(); sig {
	case unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
		return sig
	}
	return unix.SIGSTOP
}

// job is a Process as a terminal.Relay uses it.
type job struct{ p *Process }

func (j job) Foreground(yes bool) {
	if yes {
		j.p.ask(plan.AskForeground)
	} else {
		j.p.ask(plan.AskBackground)
	}
}

// ask has the init do something, and waits until it has.
func (p *Process) ask(wish uint32) {
	ask := binary.NativeEndian.AppendUint32(nil, wish)
	if _, err := unix.Write(p.control, binary.NativeEndian.AppendUint32(ask, 0)); err != nil {
		return
	}
	for {
		message, ok := p.hear()
		if !ok || message.Errno == 0 {
			return
		}
		p.stops = append(p.stops, stopSignal(message))
	}
}

func (j job) Group() int { return j.p.program }

func (j job) Signal(sig syscall.Signal) { j.p.signalGroup(sig) }

func (j job) Others(sig syscall.Signal) { signalOthers(sig) }

// Suspend returns whether the process was continued: only then was it
// stopped.
func (j job) Suspend(sig syscall.Signal, everybody bool) bool {
	if everybody {
		signalOthers(sig)
	}
	// While this process is stopped, it keeps no names free.
	if j.p.free != nil {
		j.p.ask(plan.AskStop)
	}
	raiseDefault(sig)
	if j.p.free != nil {
		j.p.look()
		j.p.ask(plan.AskContinue)
	}
	const soon = 20 // milliseconds; another thread may note the signal
	wake := []unix.PollFd{{Fd: int32(wakeFD()), Events: unix.POLLIN}}
	_, _ = unix.Poll(wake, soon)
	sent, typed := takeSignals()
	const continued = uint64(1) << uint(unix.SIGCONT)
	j.p.passOn(sent&^continued, typed&^continued)
	return (sent|typed)&continued != 0
}

// startRelay receives the far side of the jail's terminal and makes a Relay of it. The
// init sent it before the program's process said that it is ready, so the call need not
// wait.
func (p *Process) startRelay() error {
	var oob [64]byte
	_, n, _, _, err := unix.Recvmsg(p.control, make([]byte, 1), oob[:], unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return err
	}
	messages, err := unix.ParseSocketControlMessage(oob[:n])
	if err != nil || len(messages) != 1 {
		return unix.EBADMSG
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return unix.EBADMSG
	}
	if err := isFarSide(fds[0]); err != nil {
		_ = unix.Close(fds[0])
		return err
	}
	p.relay, err = terminal.New(p.options.Terminal, fds[0], job{p})
	return err
}

// isFarSide refuses a file that is not the far side of a pseudo-terminal in a devpts: a
// program could be on the other side of it.
func isFarSide(fd int) error {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return err
	}
	if fs.Type != unix.DEVPTS_SUPER_MAGIC {
		return unix.ENOTTY
	}
	_, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	return err
}
