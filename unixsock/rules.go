package unixsock

import (
	"encoding/binary"
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// File is what identifies a file on this machine as long as it exists.
type File struct{ Device, Inode uint64 }

// Stat is what counts of a struct statx.
type Stat struct {
	Mount uint64
	File  File
}

// ReadStat reads a struct statx (statx(2)) as the kernel wrote it.
func ReadStat(b []byte) Stat {
	number := binary.NativeEndian.Uint32
	return Stat{
		Mount: binary.NativeEndian.Uint64(b[0x90:]),
		File:  File{unix.Mkdev(number(b[0x88:]), number(b[0x8c:])), binary.NativeEndian.Uint64(b[0x20:])},
	}
}

// Rules say which sockets may be connected to. They are complete before the
// program starts, and nothing that it does changes them.
type Rules struct {
	// Mounts are the ids (statx(2), stx_mnt_id) of the mounts that belong to
	// the jail alone: what listens there is in the jail.
	Mounts []uint64
	// Files are sockets of the host.
	Files []File
	// Names are abstract names in the host's network namespace. In any other
	// namespace all names are free: it is the jail's.
	Names []string
	// Ports are the only ones that are connected to by TCP; none: all. Landlock can't hold
	// the program to them, since these connections are made by another process.
	Ports []uint16
	// Joined: the jail is in a network namespace that others made. Names counts there as
	// well, and in all others.
	Joined bool
	// User is the user and group id that connections are made as, in a jail of
	// the host's root; 0 for the ids of this process.
	User int
}

// permitsPort judges an address (ip(7), ipv6(7)) for a stream socket. AF_UNSPEC ends an
// association.
func (r *Rules) permitsPort(address []byte) bool {
	if len(r.Ports) == 0 || len(address) < 4 || binary.NativeEndian.Uint16(address) == unix.AF_UNSPEC {
		return true // the kernel refuses what is shorter
	}
	return slices.Contains(r.Ports, binary.BigEndian.Uint16(address[2:]))
}

// findPath resolves a path as the thread that named it would, pins what it
// leads to, and judges that. The descriptor is the caller's to close, and is
// opened with O_PATH.
func (r *Rules) findPath(k Kernel, thread int, name string) (int, unix.Errno) {
	fd, err := openFor(k, thread, name)
	if err != nil {
		return -1, errnoOf(err)
	}
	var st unix.Statx_t
	err = unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_TYPE|unix.STATX_INO|unix.STATX_MNT_ID, &st)
	errno := unix.Errno(0)
	switch {
	case err != nil:
		errno = errnoOf(err)
	case st.Mode&unix.S_IFMT != unix.S_IFSOCK:
		errno = unix.ECONNREFUSED // as the kernel says it
	case st.Mask&unix.STATX_MNT_ID == 0 || !r.permits(&st):
		errno = unix.EACCES
	}
	if errno != 0 {
		_ = unix.Close(fd)
		return -1, errno
	}
	return fd, 0
}

// permits judges a socket file by what it is, whatever name led to it.
func (r *Rules) permits(st *unix.Statx_t) bool {
	return slices.Contains(r.Mounts, st.Mnt_id) ||
		slices.Contains(r.Files, File{unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino})
}

// maxTries bounds lookups through ".." that the kernel gives up because something is
// renamed or mounted meanwhile, anywhere on the host (openat2(2), EAGAIN). On a busy host
// that can be so for a while: after the first few tries there is a pause before each.
const (
	maxTries   = 100
	eagerTries = 4
	pause      = time.Millisecond
)

// openFor opens a path with O_PATH in the root directory of a thread, from its
// working directory if the path is relative. Links lead where they lead for
// the thread, but for the magic ones of /proc, which the kernel does not
// follow in such a lookup.
func openFor(k Kernel, thread int, name string) (int, error) {
	proc := "/proc/" + strconv.Itoa(thread)
	root, err := unix.Open(proc+"/root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer func() { _ = unix.Close(root) }()
	if !strings.HasPrefix(name, "/") {
		dir, err := workingDirectory(proc)
		if err != nil {
			return -1, err
		}
		name = dir + "/" + name
	}
	for try := range maxTries {
		if try >= eagerTries {
			time.Sleep(pause)
		}
		switch fd, errno := k.OpenInRoot(root, name); errno {
		case 0:
			return fd, nil
		case unix.EXDEV:
			return -1, unix.EACCES // a magic link, which connect(2) has no word for
		case unix.EAGAIN, unix.EINTR:
		default:
			return -1, errno
		}
	}
	return -1, unix.ENOENT
}

// workingDirectory is a thread's own, in its root directory. The text may be
// old when it is used; it decides where to look, not what may be found.
func workingDirectory(proc string) (string, error) {
	dir, err := readlink(proc + "/cwd")
	if err != nil {
		return "", err
	}
	root, err := readlink(proc + "/root")
	if err != nil {
		return "", err
	}
	if root == "/" {
		return dir, nil
	}
	inside, ok := strings.CutPrefix(dir, root)
	if !ok || inside != "" && inside[0] != '/' {
		return "", unix.ENOENT // it lies outside the thread's root
	}
	return path.Clean("/" + inside), nil
}

func readlink(name string) (string, error) {
	var buf [unix.PathMax]byte
	n, err := unix.Readlink(name, buf[:])
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// errnoOf is the number of an error of package unix.
func errnoOf(err error) unix.Errno {
	if errno, ok := errors.AsType[unix.Errno](err); ok {
		return errno
	}
	return unix.EIO
}
