package search

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// HostFS is a directory of this machine as an fs.FS. It does what os.DirFS
// does without package os: the poller behind an os.File starts threads, which
// costs a launch more than reading its profile.
type HostFS string

func (d HostFS) path(op, name string) (string, error) {
	if !fs.ValidPath(name) || strings.IndexByte(name, 0) >= 0 {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return path.Join(string(d), name), nil
}

// Open implements fs.FS. A pipe does not hold it up.
func (d HostFS) Open(name string) (fs.File, error) {
	full, err := d.path("open", name)
	if err != nil {
		return nil, err
	}
	return open(full, 0)
}

func open(full string, more int) (fs.File, error) {
	fd, err := again(func() (int, error) {
		return unix.Open(full, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY|more, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: full, Err: err}
	}
	return &hostFile{fd: fd, name: full}, nil
}

// Stat implements fs.StatFS. It follows symbolic links.
func (d HostFS) Stat(name string) (fs.FileInfo, error) {
	full, err := d.path("stat", name)
	if err != nil {
		return nil, err
	}
	return infoOf("stat", full, func(st *unix.Stat_t) error { return unix.Stat(full, st) })
}

// ReadDir implements fs.ReadDirFS.
func (d HostFS) ReadDir(name string) ([]fs.DirEntry, error) {
	full, err := d.path("open", name)
	if err != nil {
		return nil, err
	}
	fd, err := again(func() (int, error) {
		return unix.Open(full, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: full, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	var entries []fs.DirEntry
	buf := make([]byte, 8192)
	for {
		n, err := again(func() (int, error) { return unix.ReadDirent(fd, buf) })
		if err != nil {
			return nil, &fs.PathError{Op: "readdir", Path: full, Err: err}
		}
		if n <= 0 {
			break
		}
		entries = appendEntries(entries, full, buf[:n])
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// appendEntries takes the records of getdents64(2) apart: inode, offset,
// length, type, and the name with a NUL behind it.
func appendEntries(entries []fs.DirEntry, dir string, buf []byte) []fs.DirEntry {
	const header = 19
	for len(buf) >= header {
		length := int(binary.NativeEndian.Uint16(buf[16:]))
		if length < header || length > len(buf) {
			break
		}
		name, _, _ := strings.Cut(string(buf[header:length]), "\x00")
		if name != "." && name != ".." {
			entries = append(entries, hostEntry{dir: dir, name: name, kind: buf[18]})
		}
		buf = buf[length:]
	}
	return entries
}

// hostFile is an open file or directory.
type hostFile struct {
	fd      int
	name    string
	entries []fs.DirEntry // not yet returned by ReadDir
	listed  bool
}

func (f *hostFile) Stat() (fs.FileInfo, error) {
	return infoOf("stat", f.name, func(st *unix.Stat_t) error { return unix.Fstat(f.fd, st) })
}

func (f *hostFile) Read(buf []byte) (int, error) {
	n, err := again(func() (int, error) { return unix.Read(f.fd, buf) })
	switch {
	case err != nil:
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: err}
	case n == 0 && len(buf) > 0:
		return 0, io.EOF
	}
	return n, nil
}

// ReadDir implements fs.ReadDirFile.
func (f *hostFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if !f.listed {
		entries, err := HostFS(f.name).ReadDir(".")
		if err != nil {
			return nil, err
		}
		f.entries, f.listed = entries, true
	}
	if n <= 0 {
		n = len(f.entries)
	} else if len(f.entries) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.entries))
	out := f.entries[:n:n]
	f.entries = f.entries[n:]
	return out, nil
}

func (f *hostFile) Close() error { return unix.Close(f.fd) }

// hostInfo is what stat(2) says; Sys returns the *unix.Stat_t itself.
type hostInfo struct {
	name string
	stat unix.Stat_t
}

func infoOf(op, full string, stat func(st *unix.Stat_t) error) (fs.FileInfo, error) {
	info := &hostInfo{name: path.Base(full)}
	if err := stat(&info.stat); err != nil {
		return nil, &fs.PathError{Op: op, Path: full, Err: err}
	}
	return info, nil
}

func (i *hostInfo) Name() string       { return i.name }
func (i *hostInfo) Size() int64        { return i.stat.Size }
func (i *hostInfo) ModTime() time.Time { return time.Unix(i.stat.Mtim.Unix()) }
func (i *hostInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i *hostInfo) Sys() any           { return &i.stat }

func (i *hostInfo) Mode() fs.FileMode {
	mode := fs.FileMode(i.stat.Mode&0o777) | typeOf(i.stat.Mode&unix.S_IFMT)
	if i.stat.Mode&unix.S_ISVTX != 0 {
		mode |= fs.ModeSticky
	}
	return mode
}

// typeOf is the type of a file by the bits of st_mode (inode(7)).
func typeOf(format uint32) fs.FileMode {
	switch format {
	case unix.S_IFREG:
		return 0
	case unix.S_IFDIR:
		return fs.ModeDir
	case unix.S_IFLNK:
		return fs.ModeSymlink
	}
	return fs.ModeIrregular
}

// hostEntry is one name of a directory.
type hostEntry struct {
	dir, name string
	kind      byte
}

func (e hostEntry) Name() string { return e.name }
func (e hostEntry) IsDir() bool  { return e.Type().IsDir() }

func (e hostEntry) Type() fs.FileMode {
	if e.kind != unix.DT_UNKNOWN {
		return typeOf(uint32(e.kind) << 12) // the bits of st_mode (readdir(3), IFTODT)
	}
	if info, err := e.Info(); err == nil { // this file system does not say
		return info.Mode().Type()
	}
	return fs.ModeIrregular
}

// Info does not follow a symbolic link.
func (e hostEntry) Info() (fs.FileInfo, error) {
	full := path.Join(e.dir, e.name)
	return infoOf("lstat", full, func(st *unix.Stat_t) error { return unix.Lstat(full, st) })
}

// again repeats a syscall that a signal interrupted.
func again(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
