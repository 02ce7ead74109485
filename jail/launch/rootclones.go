package launch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// asRoot makes the files and mounts that a jail of root needs before its init is forked.
// The clones are descriptors of this process, for the caller to close.
func asRoot(p *plan.Plan) (clones []plan.Input, failure *Failure) {
	for _, c := range p.Creates {
		if err := makeForRoot(c.Path, c.Dir); err != nil {
			return nil, rootFailure(p, plan.Op{Name: "mkdirat", Verb: "create", Subject: c.Written, At: c.At}, c.Path, err)
		}
	}
	if len(p.Clones) == 0 {
		return nil, nil
	}
	ns, err := rootNamespace(p.RunAs.Outside)
	if err != nil {
		return nil, &Failure{Plan: p, Err: fmt.Errorf("a user namespace for the owners of files: %w", err)}
	}
	defer func() { _ = unix.Close(ns) }()
	for i := range p.Clones {
		fd, err := cloneMapped(&p.Clones[i], ns)
		if err != nil {
			closeInputs(clones)
			return nil, rootFailure(p, p.Clones[i].For, p.Clones[i].Source, err)
		}
		clones = append(clones, plan.Input{Slot: p.Clones[i].Slot, FD: fd})
	}
	return clones, nil
}

func closeInputs(inputs []plan.Input) {
	for _, in := range inputs {
		_ = unix.Close(in.FD)
	}
}

// rootFailure is a failure of the launcher that is reported like one of the child, at the
// line of the profile.
func rootFailure(p *plan.Plan, because plan.Op, source string, err error) *Failure {
	f := &Failure{Plan: p, Op: &because}
	because.Args = []plan.Arg{{Kind: plan.ArgText, Text: source}}
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

// mapError is the kernel's refusal to make an ID-mapped mount.
type mapError unix.Errno

func (e mapError) Error() string { return unix.Errno(e).Error() }

// cloneMapped makes an ID-mapped clone of a mount, with the owners that the user
// namespace ns maps.
func cloneMapped(c *plan.Clone, ns int) (int, error) {
	parent, err := unix.Openat2(unix.AT_FDCWD, path.Dir(c.Source), &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return -1, err
	}
	defer func() { _ = unix.Close(parent) }()
	name := path.Base(c.Source)
	if c.Source == "/" {
		name = "."
	}
	flags := uint(unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC | unix.AT_SYMLINK_NOFOLLOW)
	recursive := uint(0)
	if c.Recursive {
		recursive = unix.AT_RECURSIVE
	}
	fd, err := unix.OpenTree(parent, name, flags|recursive)
	if err != nil {
		return -1, err
	}
	set, propagation := mountFlags(c.Attr)
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
func mountFlags(b *plan.Block) (set, propagation uint64) {
	return binary.NativeEndian.Uint64(b.Bytes), binary.NativeEndian.Uint64(b.Bytes[16:])
}

// rootNamespace returns a user namespace that maps root to this user and every other
// user to itself.
func rootNamespace(user int) (int, error) {
	holder, err := newInit(unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD), false, 1<<16, nil, nil)
	if err != nil {
		return -1, err
	}
	defer holder.Discard()
	const last = 1<<32 - 2
	text := fmt.Sprintf("0 %d 1\n1 1 %d\n%d %d %d\n", user, user-1, user+1, user+1, last-user)
	for _, name := range [...]string{"uid_map", "gid_map"} {
		if err := writeProc(holder.pid, name, text); err != nil {
			return -1, err
		}
	}
	return unix.Open("/proc/"+strconv.Itoa(holder.pid)+"/ns/user", unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// writeMaps gives the jail's init its user and group.
func writeMaps(p *plan.Plan, pid int) error {
	if p.RunAs.Outside == 0 {
		return nil
	}
	return errors.Join(
		writeProc(pid, "uid_map", fmt.Sprintf("%d %d 1\n", p.RunAs.UID, p.RunAs.Outside)),
		writeProc(pid, "gid_map", fmt.Sprintf("%d %d 1\n", p.RunAs.GID, p.RunAs.Outside)))
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
	parent := path.Dir(real)
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
