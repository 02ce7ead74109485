package jail

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/terminal"
)

// terminal makes a terminal of the jail's own and puts it in the place of the
// caller's, wherever a standard descriptor is that one. The launcher gets the far
// side by descriptor. Nothing of this happens when jail is started without a
// terminal: then the program has none.
func (k *compiler) terminal(b *builder) {
	t := k.h.Terminal
	if t == nil {
		return
	}
	b.because("make", "a terminal of the jail's own", nil)
	far, near := b.slot(), b.slot()
	b.openat2(far, fd(slotRoot), "dev/pts/ptmx", &Block{
		Bytes: words(unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS),
		Show:  "{O_RDWR|O_NOCTTY|O_CLOEXEC, RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS|RESOLVE_NO_MAGICLINKS}",
	})
	b.ioctl(far, unix.TIOCSPTLCK, "TIOCSPTLCK", block(&Block{Bytes: make([]byte, 4), Show: "{0}"}))
	b.call("ioctl", unix.SYS_IOCTL, near, fd(far), num(unix.TIOCGPTPEER, "TIOCGPTPEER"),
		num(unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, "O_RDWR|O_NOCTTY|O_CLOEXEC"))
	b.ioctl(near, unix.TCSETS, "TCSETS", block(settings(&t.Settings)))
	b.ioctl(near, unix.TIOCSWINSZ, "TIOCSWINSZ", block(size16(&t.Size)))
	b.ioctl(near, unix.TIOCSCTTY, "TIOCSCTTY", num(0, ""))
	k.near = near
	k.sendFarSide(b, far)
	for n, is := range t.Descriptors {
		if is {
			b.dup(near, n)
		}
	}
}

// sendFarSide sends the far side to the launcher. A message names descriptors
// by number, and of those only the standard ones are known before the launch;
// one of them is about to be replaced.
func (k *compiler) sendFarSide(b *builder, far Slot) {
	n := 0
	for !k.h.Terminal.Descriptors[n] {
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
// descriptor; SIGTTOU would be for using the terminal in the background.
func (k *compiler) keptByReaper(b *builder) uint64 {
	if k.h.Terminal == nil {
		return 0
	}
	if k.h.Terminal.Foreground {
		b.ioctl(k.near, unix.TIOCSPGRP, "TIOCSPGRP", Arg{Kind: ArgShared, Num: programOffset})
	}
	b.signalMask("[CHLD TTOU]", unix.SIGCHLD, unix.SIGTTOU)
	children := b.slot()
	b.call("signalfd4", unix.SYS_SIGNALFD4, children, num(0xffffffffffffffff, "-1"),
		block(&Block{Bytes: words(1 << (unix.SIGCHLD - 1)), Show: "[CHLD]"}), num(signalSetSize, ""),
		num(unix.SFD_CLOEXEC|unix.SFD_NONBLOCK, "SFD_CLOEXEC|SFD_NONBLOCK"))
	b.dup(slotControl, controlFD)
	b.dup(k.near, terminalFD)
	b.dup(children, childrenFD)
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
	p.relay, err = terminal.New(p.plan.Terminal, fds[0], job{p})
	return err
}
