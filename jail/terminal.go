package jail

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/terminal"
)

// ownTerminal is a terminal of the jail's own, as the steps of a plan share it.
type ownTerminal struct {
	*terminal.Terminal      // the caller's, in whose place it is
	near               Slot // the program's side
	children           Slot // a signalfd(2) for SIGCHLD
}

// terminal makes a terminal of the jail's own. Nothing of this happens when jail
// is started without a terminal: then the program has none.
func (k *compiler) terminal(b *builder) {
	if k.h.Terminal == nil {
		return
	}
	b.because("make", "a terminal of the jail's own", nil)
	far := b.slot()
	b.multiplexer(far, slotRoot, "dev/pts/ptmx", 0, "")
	k.own = b.terminal(k.h.Terminal, far)
}

// joinTerminal makes a terminal of the jail's own for a process that has
// entered the jail and leads a session. Programs run there: a link is not followed,
// and nothing is opened but a file of the very file system that is mounted at
// /dev/pts. What a program could make in its place is no multiplexer, and the first
// request says so: no other side is asked for then.
func (b *builder) joinTerminal(t *terminal.Terminal) *ownTerminal {
	b.because("make", "a terminal of the jail's own", nil)
	dir, far := b.slot(), b.slot()
	b.openat2(dir, cwd(), "/dev/pts", &Block{
		Bytes: words(unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS),
		Show:  "{O_PATH|O_DIRECTORY|O_CLOEXEC, RESOLVE_NO_SYMLINKS|RESOLVE_NO_MAGICLINKS}",
	})
	b.multiplexer(far, dir, "ptmx", unix.RESOLVE_NO_XDEV, "|RESOLVE_NO_XDEV")
	b.close(dir)
	return b.terminal(t, far)
}

// multiplexer opens the far side of a new terminal: pts(4).
func (b *builder) multiplexer(far, dir Slot, name string, resolve uint64, shown string) {
	b.openat2(far, fd(dir), name, &Block{
		Bytes: words(unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0, resolve|unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS),
		Show:  "{O_RDWR|O_NOCTTY|O_CLOEXEC, RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS|RESOLVE_NO_MAGICLINKS" + shown + "}",
	})
}

// terminal makes the terminal that has this far side the controlling one of the
// session, and puts it in the place of the caller's, wherever a standard descriptor
// is that one. The launcher gets the far side by descriptor.
//
// Precondition: the process leads its session, and has no limit on open files yet.
func (b *builder) terminal(t *terminal.Terminal, far Slot) *ownTerminal {
	near, children := b.slot(), b.slot()
	b.ioctl(far, unix.TIOCSPTLCK, "TIOCSPTLCK", block(&Block{Bytes: make([]byte, 4), Show: "{0}"}))
	b.call("ioctl", unix.SYS_IOCTL, near, fd(far), num(unix.TIOCGPTPEER, "TIOCGPTPEER"),
		num(unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, "O_RDWR|O_NOCTTY|O_CLOEXEC"))
	b.ioctl(near, unix.TCSETS, "TCSETS", block(settings(&t.Settings)))
	b.ioctl(near, unix.TIOCSWINSZ, "TIOCSWINSZ", block(size16(&t.Size)))
	b.ioctl(near, unix.TIOCSCTTY, "TIOCSCTTY", num(0, ""))
	b.sendFarSide(t, far)
	for n, is := range t.Descriptors {
		if is {
			b.dup(near, n)
		}
	}
	b.call("signalfd4", unix.SYS_SIGNALFD4, children, num(0xffffffffffffffff, "-1"),
		block(&Block{Bytes: words(1 << (unix.SIGCHLD - 1)), Show: "[CHLD]"}), num(signalSetSize, ""),
		num(unix.SFD_CLOEXEC|unix.SFD_NONBLOCK, "SFD_CLOEXEC|SFD_NONBLOCK"))
	return &ownTerminal{t, near, children}
}

// sendFarSide sends the far side to the launcher. A message names descriptors
// by number, and of those only the standard ones are known before the launch;
// one of them is about to be replaced.
func (b *builder) sendFarSide(t *terminal.Terminal, far Slot) {
	n := 0
	for !t.Descriptors[n] {
		n++
	}
	b.dup(far, n)
	b.close(far)
	// struct msghdr of sendmsg(2): a byte, and a descriptor as of cmsg(3).
	control := binary.NativeEndian.AppendUint64(nil, uint64(unix.CmsgLen(4)))
	for _, v := range [...]uint32{unix.SOL_SOCKET, unix.SCM_RIGHTS, uint32(n), 0} {
		control = binary.NativeEndian.AppendUint32(control, v)
	}
	iovec := &Block{Bytes: words(0, 1), Refs: []Ref{{Offset: 0, Text: "!"}}}
	message := &Block{
		Bytes: words(0, 0, 0, 1, 0, uint64(len(control)), 0),
		Refs:  []Ref{{Offset: 16, Block: iovec}, {Offset: 32, Block: &Block{Bytes: control}}},
		Show:  "the terminal's far side",
	}
	b.call("sendmsg", unix.SYS_SENDMSG, NoSlot, fd(slotControl), block(message), num(0, ""))
}

// keptByReaper leaves the first process what it needs to serve the terminal,
// and returns the first descriptor that it does not need. It takes SIGCHLD from a
// descriptor. All signals are blocked: it leads the session, so that a hangup
// would end it, and SIGTTOU is for using the terminal in the background.
func (b *builder) keptByReaper(t *ownTerminal) uint64 {
	if t == nil {
		return 0
	}
	if t.Foreground {
		b.ioctl(t.near, unix.TIOCSPGRP, "TIOCSPGRP", Arg{Kind: ArgShared, Num: programOffset})
	}
	b.signalMask("~[]", ^uint64(0))
	b.dup(slotControl, controlFD)
	b.dup(t.near, terminalFD)
	b.dup(t.children, childrenFD)
	return keptFDs
}

func (b *builder) ioctl(s Slot, request uint64, name string, arg Arg) {
	b.call("ioctl", unix.SYS_IOCTL, NoSlot, fd(s), num(request, name), arg)
}

// dup puts a descriptor in the place of a standard one.
func (b *builder) dup(s Slot, onto int) {
	b.call("dup3", unix.SYS_DUP3, NoSlot, fd(s), num(uint64(onto), ""), num(0, ""))
}

// settings is struct termios as the kernel has it (asm-generic/termbits.h).
func settings(t *unix.Termios) *Block {
	const characters = 19
	out := make([]byte, 0, 36)
	for _, flags := range [...]uint32{t.Iflag, t.Oflag, t.Cflag, t.Lflag} {
		out = binary.NativeEndian.AppendUint32(out, flags)
	}
	out = append(out, t.Line)
	return &Block{Bytes: append(out, t.Cc[:characters]...), Show: "as the caller's"}
}

func size16(s *unix.Winsize) *Block {
	var out []byte
	for _, v := range [...]uint16{s.Row, s.Col, s.Xpixel, s.Ypixel} {
		out = binary.NativeEndian.AppendUint16(out, v)
	}
	return &Block{Bytes: out, Show: "as the caller's"}
}

// startRelay takes the far side of the jail's terminal over. The message is
// there: it was sent long before the program's process said that it is ready.
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
	p.relay, err = terminal.New(p.plan.Terminal, fds[0], job{p})
	return err
}

// isFarSide refuses what is not the far side of a pseudo-terminal in a devpts:
// only that is a terminal of the kernel's own, on both sides.
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
