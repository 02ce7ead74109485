package compile

import (
	"encoding/binary"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
)

// builder collects the ops of a plan. It copies its origin fields to every op, so that
// a step of the compiler sets them once.
type builder struct {
	list    *[]plan.Op
	args    []plan.Arg // arena: the Args of all ops are cut from it
	free    []plan.Slot
	next    plan.Slot
	verb    string
	subject string
	at      *diag.Range
	each    bool // see Op
}

func newBuilder(list *[]plan.Op) *builder {
	return &builder{list: list, next: plan.SlotFirst}
}

// because says what the following ops are for.
func (b *builder) because(verb, subject string, at *diag.Range) {
	b.verb, b.subject, b.at = verb, subject, at
}

func (b *builder) slot() plan.Slot {
	if n := len(b.free); n > 0 {
		s := b.free[n-1]
		b.free = b.free[:n-1]
		return s
	}
	s := b.next
	if s >= plan.SlotControl {
		panic("internal error: a plan needs more than 63 descriptors at a time")
	}
	b.next++
	return s
}

// call appends an op and returns it for the rare caller that changes it. The
// pointer is valid until the next call.
func (b *builder) call(name string, number uintptr, out plan.Slot, args ...plan.Arg) *plan.Op {
	if cap(b.args)-len(b.args) < len(args) {
		b.args = make([]plan.Arg, 0, 1024)
	}
	start := len(b.args)
	b.args = append(b.args, args...)
	*b.list = append(*b.list, plan.Op{
		Name: name, Number: number, Out: out,
		Args: b.args[start:len(b.args):len(b.args)],
		Verb: b.verb, Subject: b.subject, At: b.at, Each: b.each,
	})
	return &(*b.list)[len(*b.list)-1]
}

func num(v uint64, text string) plan.Arg { return plan.Arg{Kind: plan.ArgNumber, Num: v, Text: text} }
func fd(s plan.Slot) plan.Arg            { return plan.Arg{Kind: plan.ArgSlot, Num: uint64(s)} }
func text(s string) plan.Arg             { return plan.Arg{Kind: plan.ArgText, Text: s} }
func block(b *plan.Block) plan.Arg       { return plan.Arg{Kind: plan.ArgBlock, Block: b} }
func octal(mode uint32) plan.Arg         { return num(uint64(mode), "0"+strconv.FormatUint(uint64(mode), 8)) }
func null() plan.Arg                     { return num(0, "NULL") }
func cwd() plan.Arg                      { return num(0xffffffffffffff9c, "AT_FDCWD") }
func size(b *plan.Block) plan.Arg        { return num(uint64(len(b.Bytes)), "") }
func shared(at uint64) plan.Arg          { return plan.Arg{Kind: plan.ArgShared, Num: at} }

func words(vs ...uint64) []byte {
	out := make([]byte, 0, 8*len(vs))
	for _, v := range vs {
		out = binary.NativeEndian.AppendUint64(out, v)
	}
	return out
}

// packed is a structure or a slice as it lies in memory, without padding.
func packed(v any) []byte {
	out, err := binary.Append(nil, binary.NativeEndian, v)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return out
}

// message is struct msghdr of sendmsg(2).
func message(content, control *plan.Block, show string) *plan.Block {
	iov := &plan.Block{Bytes: words(0, uint64(len(content.Bytes))), Refs: []plan.Ref{{Offset: 0, Block: content}}}
	return &plan.Block{
		Bytes: words(0, 0, 0, 1, 0, uint64(len(control.Bytes)), 0), Show: show,
		Refs: []plan.Ref{{Offset: 16, Block: iov}, {Offset: 32, Block: control}},
	}
}

// passed is struct cmsghdr of cmsg(3), and one descriptor.
func passed(descriptor uint64) []byte {
	return words(uint64(unix.CmsgLen(4)), unix.SOL_SOCKET|unix.SCM_RIGHTS<<32, descriptor)
}

// The blocks below are the same for every op that uses them; they are made
// once per plan, not at package initialisation.
type blocks struct {
	openSource, openTarget, openLink, readDirectory *plan.Block
	readOnly, writable, device, rootOnly            *plan.Block
}

// mountAttr is struct mount_attr of mount_setattr(2).
func mountAttr(set, propagation uint64, show string) *plan.Block {
	return &plan.Block{Bytes: words(set, 0, propagation, 0), Show: show}
}

func newBlocks() *blocks {
	const nosuid, nodev, ro = unix.MOUNT_ATTR_NOSUID, unix.MOUNT_ATTR_NODEV, unix.MOUNT_ATTR_RDONLY
	return &blocks{
		// struct open_how of openat2(2). No component of a source may be a
		// symbolic link: the compiler has resolved them all, so a link found
		// now was planted since.
		openSource: &plan.Block{
			Bytes: words(unix.O_PATH|unix.O_CLOEXEC|unix.O_DIRECTORY, 0, unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS),
			Show:  "{O_PATH|O_CLOEXEC|O_DIRECTORY, RESOLVE_NO_SYMLINKS|RESOLVE_NO_MAGICLINKS}",
		},
		openTarget: &plan.Block{
			Bytes: words(unix.O_PATH|unix.O_CLOEXEC, 0, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS),
			Show:  "{O_PATH|O_CLOEXEC, RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS|RESOLVE_NO_MAGICLINKS}",
		},
		openLink: &plan.Block{
			Bytes: words(unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS),
			Show:  "{O_PATH|O_NOFOLLOW|O_CLOEXEC, RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS|RESOLVE_NO_MAGICLINKS}",
		},
		readDirectory: &plan.Block{
			Bytes: words(unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS),
			Show:  "{O_RDONLY|O_DIRECTORY|O_CLOEXEC, RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS|RESOLVE_NO_MAGICLINKS}",
		},
		readOnly: mountAttr(nosuid|nodev|ro, unix.MS_PRIVATE, "{RDONLY|NOSUID|NODEV, MS_PRIVATE}"),
		writable: mountAttr(nosuid|nodev, unix.MS_PRIVATE, "{NOSUID|NODEV, MS_PRIVATE}"),
		device:   mountAttr(nosuid|unix.MOUNT_ATTR_NOEXEC, unix.MS_PRIVATE, "{NOSUID|NOEXEC, MS_PRIVATE}"),
		rootOnly: mountAttr(ro, 0, "{RDONLY}"),
	}
}

func (b *builder) openat2(out plan.Slot, dir plan.Arg, path string, how *plan.Block) {
	b.call("openat2", unix.SYS_OPENAT2, out, dir, text(path), block(how), size(how))
}

// open is openat2 with a new slot, which it returns.
func (b *builder) open(dir plan.Arg, path string, how *plan.Block) plan.Slot {
	s := b.slot()
	b.openat2(s, dir, path, how)
	return s
}

func (b *builder) mkdirat(dir plan.Arg, path string, mode uint32) *plan.Op {
	return b.call("mkdirat", unix.SYS_MKDIRAT, plan.NoSlot, dir, text(path), octal(mode))
}

// mknodat makes an empty regular file, which needs no descriptor.
func (b *builder) mknodat(dir plan.Arg, path string, mode uint32) *plan.Op {
	return b.call("mknodat", unix.SYS_MKNODAT, plan.NoSlot, dir, text(path), num(uint64(unix.S_IFREG|mode), "S_IFREG|0"+strconv.FormatUint(uint64(mode), 8)), num(0, ""))
}

// symlinkat makes a link below the root directory of the jail.
func (b *builder) symlinkat(target, path string) {
	b.call("symlinkat", unix.SYS_SYMLINKAT, plan.NoSlot, text(target), fd(plan.SlotRoot), text(path))
}

func (b *builder) close(s plan.Slot) {
	b.call("close", unix.SYS_CLOSE, plan.NoSlot, fd(s))
	b.free = append(b.free, s)
}

// moveTo attaches the detached mount in slot m at a path below the root
// directory of the jail. Every component of the path was made by this plan.
func (b *builder) moveTo(m plan.Slot, path string) {
	b.call("move_mount", unix.SYS_MOVE_MOUNT, plan.NoSlot, fd(m), text(""), fd(plan.SlotRoot), text(path),
		num(unix.MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH"))
}

// moveOnto attaches the detached mount in slot m on the directory or file in
// slot target.
func (b *builder) moveOnto(m, target plan.Slot) {
	b.call("move_mount", unix.SYS_MOVE_MOUNT, plan.NoSlot, fd(m), text(""), fd(target), text(""),
		num(unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_EMPTY_PATH"))
}

func (b *builder) prctl(option uint64, name string, arg uint64, argText string) *plan.Op {
	return b.call("prctl", unix.SYS_PRCTL, plan.NoSlot, num(option, name), num(arg, argText), num(0, ""), num(0, ""), num(0, ""))
}

func (b *builder) sendmsg(s plan.Slot, message *plan.Block) {
	b.call("sendmsg", unix.SYS_SENDMSG, plan.NoSlot, fd(s), block(message), num(0, ""))
}

// writeFile writes a short text to a file of /proc in one go.
func (b *builder) writeFile(dir plan.Arg, name, content string) {
	b.tryWriteFile(dir, name, content, 0)
}

// tryWriteFile is writeFile where one errno of the write is no failure.
func (b *builder) tryWriteFile(dir plan.Arg, name, content string, accept syscall.Errno) {
	s := b.slot()
	b.call("openat", unix.SYS_OPENAT, s, dir, text(name), num(unix.O_WRONLY|unix.O_CLOEXEC, "O_WRONLY|O_CLOEXEC"), num(0, ""))
	b.call("write", unix.SYS_WRITE, plan.NoSlot, fd(s), block(&plan.Block{Bytes: []byte(content), Show: strconv.Quote(content)}),
		num(uint64(len(content)), "")).Accept = accept
	b.close(s)
}
