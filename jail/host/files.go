package host

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// OSFiles is the running machine's file tree.
type OSFiles struct{}

// Kind is lstat(2)'s word on a path.
func (OSFiles) Kind(path string) FileKind {
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil {
		return KindMissing
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return KindDir
	case unix.S_IFLNK:
		return KindLink
	case unix.S_IFSOCK:
		return KindSocket
	default:
		return KindFile
	}
}

// Readlink is readlink(2).
func (OSFiles) Readlink(path string) (string, error) { return os.Readlink(path) }

// Kinds lists a directory of about most entries; nil of a larger one, or when it
// can't be read.
func (f OSFiles) Kinds(path string, most int) map[string]FileKind {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = unix.Close(fd) }()
	var st unix.Stat_t
	const usualEntry = 32    // bytes in a directory of ext4, and in what getdents64(2) returns
	const smallest = 4 << 10 // an ext4 directory is not smaller, however few entries it has
	if unix.Fstat(fd, &st) != nil || st.Size > smallest && st.Size/usualEntry > int64(most) {
		return nil
	}
	var room [smallest]byte
	buf := room[:]
	if most < len(buf)/usualEntry {
		buf = buf[:max(most*usualEntry, unix.NAME_MAX+usualEntry)]
	}
	kinds := map[string]FileKind{}
	for {
		n, err := unix.Getdents(fd, buf)
		switch {
		case err != nil, n > 0 && len(kinds) > most:
			return nil
		case n <= 0:
			return kinds
		}
		f.entries(path, buf[:n], kinds)
	}
}

// entries takes struct linux_dirent64 after struct linux_dirent64, see
// getdents64(2).
func (f OSFiles) entries(dir string, buf []byte, kinds map[string]FileKind) {
	const head = 19 // inode, offset, length, type
	for len(buf) > head {
		length := int(binary.NativeEndian.Uint16(buf[16:]))
		if length <= head || length > len(buf) {
			return
		}
		name, _, _ := strings.Cut(string(buf[head:length]), "\x00")
		switch kind := buf[18]; {
		case name == "." || name == "..":
		case kind == unix.DT_DIR:
			kinds[name] = KindDir
		case kind == unix.DT_LNK:
			kinds[name] = KindLink
		case kind == unix.DT_UNKNOWN, kind == unix.DT_SOCK:
			if k := f.Kind(Join(dir, name)); k != KindMissing {
				kinds[name] = k
			}
		default:
			kinds[name] = KindFile
		}
		buf = buf[length:]
	}
}

// Executable asks access(2) for X_OK.
func (OSFiles) Executable(path string) bool { return unix.Access(path, unix.X_OK) == nil }

// Writable tells whether the user may make files in a directory, see access(2).
func (OSFiles) Writable(dir string) bool { return unix.Access(dir, unix.W_OK|unix.X_OK) == nil }

// Text is a file, up to 4 MiB; "" when it can't be read.
func (OSFiles) Text(path string) string {
	return readAll(path)
}

// Same tells whether two names are one inode; links are not followed.
func (OSFiles) Same(a, b string) bool {
	var s, t unix.Stat_t
	return unix.Lstat(a, &s) == nil && unix.Lstat(b, &t) == nil && s.Dev == t.Dev && s.Ino == t.Ino
}

// Owner is who owns a path, and its mode, from lstat(2).
func (OSFiles) Owner(path string) (Owner, bool) {
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil {
		return Owner{}, false
	}
	return Owner{UID: int(st.Uid), GID: int(st.Gid), Mode: st.Mode}, true
}

// ACL is the access list of acl(5) as the kernel keeps it; nil when there is none.
func (OSFiles) ACL(path string) []byte {
	const most = 1 << 16 // XATTR_SIZE_MAX
	var few [256]byte
	n, err := unix.Lgetxattr(path, "system.posix_acl_access", few[:])
	if err == nil {
		return few[:n]
	}
	if !errors.Is(err, unix.ERANGE) {
		return nil
	}
	many := make([]byte, most)
	n, _ = unix.Lgetxattr(path, "system.posix_acl_access", many)
	return many[:max(n, 0)]
}

// Public tells whether the mode lets everybody read a file, or list and enter a
// directory.
func (OSFiles) Public(path string) bool {
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil {
		return false
	}
	need := uint32(0o004)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		need = 0o005
	case unix.S_IFLNK:
		need = 0
	}
	for st.Mode&need == need {
		if path == "/" {
			return true
		}
		path, need = Parent(path), 0o001
		if unix.Stat(path, &st) != nil {
			return false
		}
	}
	return false
}
