package compile

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/terminal"
)

// ownTerminal is a terminal of the jail's own, as the steps of a plan share it.
type ownTerminal struct {
	*terminal.Terminal           // the caller's, which the jail's terminal replaces
	near               plan.Slot // the program's side
	children           plan.Slot // a signalfd(2) for SIGCHLD
}

// terminal makes a terminal of the jail's own. Nothing of this happens when jail
// is started without a terminal: then the program has none.
func (k *compiler) terminal(b *builder) {
	if k.h.Terminal == nil {
		return
	}
	b.because("make", "a terminal of the jail's own", nil)
	far := b.slot()
	b.multiplexer(far, plan.SlotRoot, "dev/pts/ptmx", 0, "")
	k.own = b.terminal(k.h.Terminal, far)
}

// joinTerminal makes a terminal of the jail's own for a process that has entered the
// jail and leads a session. Programs run there already, so it follows no link and opens
// only a file of the file system that is mounted at /dev/pts. A file that a program put
// there is no multiplexer: the first ioctl(2) fails, and the other side is not opened.
func (b *builder) joinTerminal(t *terminal.Terminal) *ownTerminal {
	b.because("make", "a terminal of the jail's own", nil)
	dir, far := b.slot(), b.slot()
	b.openat2(dir, cwd(), "/dev/pts", &plan.Block{
		Bytes: words(unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS),
		Show:  "{O_PATH|O_DIRECTORY|O_CLOEXEC, RESOLVE_NO_SYMLINKS|RESOLVE_NO_MAGICLINKS}",
	})
	b.multiplexer(far, dir, "ptmx", unix.RESOLVE_NO_XDEV, "|RESOLVE_NO_XDEV")
	b.close(dir)
	return b.terminal(t, far)
}

// multiplexer opens the far side of a new terminal: pts(4).
func (b *builder) multiplexer(far, dir plan.Slot, name string, resolve uint64, shown string) {
	b.openat2(far, fd(dir), name, &plan.Block{
		Bytes: words(unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0, resolve|unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS),
		Show:  "{O_RDWR|O_NOCTTY|O_CLOEXEC, RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS|RESOLVE_NO_MAGICLINKS" + shown + "}",
	})
}

// terminal makes the terminal that has this far side the controlling one of the
// session, and puts it in the place of the caller's, wherever a standard descriptor
// is that one. The launcher gets the far side by descriptor.
//
// Precondition: the process leads its session, and has no limit on open files yet.
func (b *builder) terminal(t *terminal.Terminal, far plan.Slot) *ownTerminal {
	near, children := b.slot(), b.slot()
	b.ioctl(far, unix.TIOCSPTLCK, "TIOCSPTLCK", block(&plan.Block{Bytes: make([]byte, 4), Show: "{0}"}))
	b.call("ioctl", unix.SYS_IOCTL, near, fd(far), num(unix.TIOCGPTPEER, "TIOCGPTPEER"),
		num(unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, "O_RDWR|O_NOCTTY|O_CLOEXEC"))
	// The kernel's struct termios is shorter than the C library's (asm-generic/termbits.h).
	const termios = 36
	b.ioctl(near, unix.TCSETS, "TCSETS", block(&plan.Block{Bytes: packed(t.Settings)[:termios], Show: "as the caller's"}))
	b.ioctl(near, unix.TIOCSWINSZ, "TIOCSWINSZ", block(&plan.Block{Bytes: packed(t.Size), Show: "as the caller's"}))
	b.ioctl(near, unix.TIOCSCTTY, "TIOCSCTTY", num(0, ""))
	b.sendFarSide(t, far)
	for n, is := range t.Descriptors {
		if is {
			b.dup(near, n)
		}
	}
	b.call("signalfd4", unix.SYS_SIGNALFD4, children, num(0xffffffffffffffff, "-1"),
		block(&plan.Block{Bytes: words(1 << (unix.SIGCHLD - 1)), Show: "[CHLD]"}), num(plan.SignalSetSize, ""),
		num(unix.SFD_CLOEXEC|unix.SFD_NONBLOCK, "SFD_CLOEXEC|SFD_NONBLOCK"))
	return &ownTerminal{t, near, children}
}

// sendFarSide sends the far side to the launcher. A message names descriptors
// by number, and of those only the standard ones are known before the launch;
// one of them is about to be replaced.
func (b *builder) sendFarSide(t *terminal.Terminal, far plan.Slot) {
	n := slices.Index(t.Descriptors[:], true)
	b.dup(far, n)
	b.close(far)
	content, control := &plan.Block{Bytes: []byte("!")}, &plan.Block{Bytes: passed(uint64(n))}
	b.sendmsg(plan.SlotControl, message(content, control, "the terminal's far side"))
}

// keptByReaper makes the descriptors that the init needs to serve the terminal, and
// returns the first number that it does not need. The init gets SIGCHLD from a signalfd.
// It blocks all signals: it leads the session, so that a hangup would end it, and it uses
// the terminal in the background, which SIGTTOU would stop.
func (b *builder) keptByReaper(t *ownTerminal) uint64 {
	if t == nil {
		return 0
	}
	if t.Foreground {
		b.ioctl(t.near, unix.TIOCSPGRP, "TIOCSPGRP", shared(plan.ProgramPID))
	}
	b.signalMask("~[]", ^uint64(0))
	b.dup(plan.SlotControl, plan.ControlFD)
	b.dup(t.near, plan.TerminalFD)
	b.dup(t.children, plan.ChildrenFD)
	return plan.KeptFDs
}

func (b *builder) ioctl(s plan.Slot, request uint64, name string, arg plan.Arg) {
	b.call("ioctl", unix.SYS_IOCTL, plan.NoSlot, fd(s), num(request, name), arg)
}

// dup puts a descriptor in the place of a standard one.
func (b *builder) dup(s plan.Slot, onto int) {
	b.call("dup3", unix.SYS_DUP3, plan.NoSlot, fd(s), num(uint64(onto), ""), num(0, ""))
}
