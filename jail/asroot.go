package jail

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
)

// Who starts a jail as the host's root gets one that runs as somebody else: a
// user id that nobody has, new for every jail, which is root in the jail and
// nothing outside. What the profile grants is shown through mounts that turn
// the owner root into that user and back (mount_setattr(2), ID-mapped mounts).
// Everything in the jail's own process happens as that user, as in any other
// jail; what takes the rights of root the launcher does before it.

// firstRootID begins the user ids of jails that root started. Neither
// distributions nor systemd hand out ids up there.
const firstRootID = 1879048192

// rootID is the user id for a jail of the host's root that this process
// starts, 0 for everybody else. Root in a user namespace is nobody's root
// outside and stays what it is.
func (h *Host) rootID() (int, error) {
	if h.UID != 0 || !FirstUserNamespace() {
		return 0, nil
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, err
	}
	const needed = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID | 1<<unix.CAP_SYS_ADMIN
	if data[0].Effective&needed != needed {
		return -1, nil
	}
	return firstRootID + unix.Getpid(), nil
}

// refuseHalfRoot refuses a root that can't become somebody else, as in a
// container: what it starts would own all that root owns.
func (k *compiler) refuseHalfRoot() {
	if k.h.RunAs < 0 {
		k.problems = append(k.problems, diag.Diagnostic{
			Code:    "half-root",
			Summary: "you are root without the capabilities setuid, setgid and sys_admin, so the jail could not run as anybody but root",
			Remedy:  "start jail as an ordinary user, or as a root that has them",
		})
	}
}

// become makes the first process the jail's user. The launcher has written
// the maps. Without a user id change nothing else would be the other's.
func (k *compiler) become(b *builder) {
	if k.h.RunAs <= 0 {
		return
	}
	at := &k.p.Identity.User.At
	uid, gid, ok := insideIDs(k.p.Identity.User.V, k.h)
	if !ok {
		return // reported by identity
	}
	k.plan.runAs, k.plan.insideUID, k.plan.insideGID = k.h.RunAs, uid, gid
	b.because("become", "the jail's user", at)
	b.call("setgroups", unix.SYS_SETGROUPS, NoSlot, num(0, ""), null())
	g, u := num(uint64(gid), ""), num(uint64(uid), "")
	b.call("setresgid", unix.SYS_SETRESGID, NoSlot, g, g, g)
	b.call("setresuid", unix.SYS_SETRESUID, NoSlot, u, u, u)
	// The kernel took it away with the old id: the process's own files in
	// /proc would be root's. opaque takes it away again.
	b.prctl(unix.PR_SET_DUMPABLE, "PR_SET_DUMPABLE", 1, "")
}

// borrowed is a mount that the launcher makes for a jail of root: a copy of
// the mount at source, whose owner root is the jail's user.
type borrowed struct {
	slot      Slot
	source    string
	recursive bool
	attr      *Block
	because   Op // for messages
}

// borrow has the launcher clone a mount, where the jail's user could not
// reach the source, or not write it. It is false where the child can do it.
func (m *mounter) borrow(source string, dir bool, attr *Block) (Slot, bool) {
	if m.h.RunAs <= 0 || attr != m.writable && m.h.Files.Public(source) {
		return NoSlot, false
	}
	m.lastSlot--
	s := m.lastSlot
	if s <= m.next {
		*m.problems = append(*m.problems, diag.Diagnostic{
			Code: "too-many-mounts", Summary: "root's files are granted or protected in more places than a jail of root can have",
			Subject: *atOrNone(m.at), Remedy: "grant fewer directories that only root can read or write",
		})
		m.lastSlot++
		return m.slot(), true
	}
	m.plan.borrowed = append(m.plan.borrowed, borrowed{s, source, dir, attr, Op{Verb: m.verb, Subject: m.subject, At: m.at}})
	return s, true
}

func atOrNone(at *diag.Range) *diag.Range {
	if at == nil {
		return new(diag.Range)
	}
	return at
}

// asRoot does what a plan for a jail of root needs before its first process is
// forked. The descriptors are this process's; done closes them.
func (p *Plan) asRoot() (done func(), failure *Failure) {
	var open []int
	done = func() {
		for _, fd := range open {
			_ = unix.Close(fd)
		}
		p.Inputs = p.Inputs[:len(p.Inputs)-len(open)]
	}
	for _, c := range p.creates {
		if err := makeForRoot(c.real, c.file == KindDir); err != nil {
			return done, borrowFailure(p, Op{Name: "mkdirat", Verb: "create", Subject: c.written, At: c.at}, c.real, err)
		}
	}
	if len(p.borrowed) == 0 {
		return done, nil
	}
	ns, err := p.rootNamespace()
	if err != nil {
		return done, &Failure{Plan: p, Err: fmt.Errorf("a user namespace for the owners of files: %w", err)}
	}
	defer func() { _ = unix.Close(ns) }()
	for i := range p.borrowed {
		b := &p.borrowed[i]
		fd, err := b.open(ns)
		if err != nil {
			done()
			return func() {}, borrowFailure(p, b.because, b.source, err)
		}
		open = append(open, fd)
		p.Inputs = append(p.Inputs, Input{Slot: b.slot, FD: fd})
	}
	return done, nil
}

// borrowFailure is a failure of the launcher's that is told like one of the
// child's, at the line of the profile.
func borrowFailure(p *Plan, because Op, source string, err error) *Failure {
	f := &Failure{Plan: p, Op: &because}
	because.Args = []Arg{text(source)}
	if because.Name == "" {
		because.Name = "open_tree"
	}
	if errno, ok := errors.AsType[mapError](err); ok {
		because.Name, f.Errno = "mount_setattr", unix.Errno(errno)
	} else if !errors.As(err, &f.Errno) {
		f.Err = err
	}
	return f
}

// mapError is the refusal to show a mount with other owners.
type mapError unix.Errno

func (e mapError) Error() string { return unix.Errno(e).Error() }

func (b *borrowed) open(ns int) (int, error) {
	parent, err := unix.Openat2(unix.AT_FDCWD, parentOf(b.source), &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return -1, err
	}
	defer func() { _ = unix.Close(parent) }()
	name := path.Base(b.source)
	if b.source == "/" {
		name = "."
	}
	flags := uint(unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC | unix.AT_SYMLINK_NOFOLLOW)
	recursive := uint(0)
	if b.recursive {
		recursive = unix.AT_RECURSIVE
	}
	fd, err := unix.OpenTree(parent, name, flags|recursive)
	if err != nil {
		return -1, err
	}
	set, propagation := b.attr.mountFlags()
	attr := unix.MountAttr{Attr_set: set | unix.MOUNT_ATTR_IDMAP, Propagation: propagation, Userns_fd: uint64(ns)}
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|recursive, &attr); err != nil {
		_ = unix.Close(fd)
		if errno, ok := errors.AsType[unix.Errno](err); ok {
			return -1, mapError(errno)
		}
		return -1, err
	}
	return fd, nil
}

// mountFlags are the attributes to set, and the propagation, of a block that
// mountAttr made.
func (b *Block) mountFlags() (set, propagation uint64) {
	return binary.NativeEndian.Uint64(b.Bytes), binary.NativeEndian.Uint64(b.Bytes[16:])
}

// rootNamespace returns a user namespace in which root is the jail's user and
// everybody else is who they are.
func (p *Plan) rootNamespace() (int, error) {
	cell, err := newCell(unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD), false, 1<<16, nil)
	if err != nil {
		return -1, err
	}
	defer cell.Discard()
	const last = 1<<32 - 2
	text := fmt.Sprintf("0 %d 1\n1 1 %d\n%d %d %d\n", p.runAs, p.runAs-1, p.runAs+1, p.runAs+1, last-p.runAs)
	for _, name := range [...]string{"uid_map", "gid_map"} {
		if err := writeProc(cell.pid, name, text); err != nil {
			return -1, err
		}
	}
	return unix.Open("/proc/"+strconv.Itoa(cell.pid)+"/ns/user", unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// RunsAs tells who the program is in a jail that root starts, outside and
// inside: the launcher writes these maps of ids. In all other jails an op does,
// and ok is false.
func (p *Plan) RunsAs() (outside, uid, gid int, ok bool) {
	return p.runAs, p.insideUID, p.insideGID, p.runAs != 0
}

// writeMaps gives the jail's first process its user and group.
func (p *Plan) writeMaps(pid int) error {
	if p.runAs == 0 {
		return nil
	}
	return errors.Join(
		writeProc(pid, "uid_map", fmt.Sprintf("%d %d 1\n", p.insideUID, p.runAs)),
		writeProc(pid, "gid_map", fmt.Sprintf("%d %d 1\n", p.insideGID, p.runAs)))
}

func writeProc(pid int, name, text string) error {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/"+name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	if _, err := unix.Write(fd, []byte(text)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// makeForRoot makes a directory or an empty file and the directories before
// it, through no link.
func makeForRoot(real string, dir bool) error {
	parent := parentOf(real)
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}
	fd, err := unix.Openat2(unix.AT_FDCWD, parent, &how)
	if errors.Is(err, unix.ENOENT) {
		if err := makeForRoot(parent, true); err != nil {
			return err
		}
		fd, err = unix.Openat2(unix.AT_FDCWD, parent, &how)
	}
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	if dir {
		err = unix.Mkdirat(fd, path.Base(real), 0o700)
	} else {
		err = unix.Mknodat(fd, path.Base(real), unix.S_IFREG|0o600, 0)
	}
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}

// own attaches a borrowed mount inside the jail's tree, out of sight: of one
// that is attached nowhere an overlay takes no directory, since it belongs to the
// user namespace of the launcher.
func (m *mounter) own(s Slot) Slot {
	m.layers++
	dir := layersDir + strconv.Itoa(m.layers)
	m.mkdirat(fd(slotRoot), dir, 0o700)
	m.moveTo(s, dir)
	m.close(s)
	t := m.slot()
	m.openat2(t, fd(slotRoot), dir, m.openTarget)
	return t
}
