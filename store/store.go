// Package store keeps jail's own files in a directory of the user: they are cheap to
// make again and must not be believed when another user could have written them.
//
// A file is read only when it and its directory belong to the user and nobody else can
// write them, and it is written complete or not at all. The package does not know what
// is in a file; its callers verify that.
package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Dir is an open directory. Its files are opened through the descriptor, so that the
// directory that was verified is the one that is used, also when its path changes.
type Dir struct{ fd int }

// ErrForeign is why a directory or a file is not used: others could have
// written it.
var ErrForeign = errors.New("it belongs to another user or can be written by others")

// errCut is a file that ends before its length.
var errCut = errors.New("it is cut off")

// temporaryPrefix begins the names of files that are being written.
const temporaryPrefix = ".new-"

// Open opens a directory, and refuses one that others could have put files
// into. There being none is fs.ErrNotExist.
func Open(path string) (Dir, error) {
	return openOwn(unix.AT_FDCWD, path, 0o022)
}

// openOwn refuses a directory that is not the user's own, or for which others
// have one of the permissions in forbidden.
func openOwn(at int, path string, forbidden uint32) (Dir, error) {
	fd, err := open(at, path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return Dir{}, fmt.Errorf("open the directory: %w", err)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		unix.Close(fd)
		return Dir{}, fmt.Errorf("examine the directory: %w", err)
	}
	if stat.Uid != uint32(os.Geteuid()) || stat.Mode&forbidden != 0 {
		unix.Close(fd)
		return Dir{}, ErrForeign
	}
	return Dir{fd}, nil
}

// Make opens a directory like Open, after making it when it is missing.
func Make(path string) (Dir, error) {
	d, err := Open(path)
	if !errors.Is(err, unix.ENOENT) {
		return d, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return Dir{}, err
	}
	return Open(path)
}

// Private opens a directory in this one that no other user can read:
// mode 0700. With make it is made when it is missing.
func (d Dir) Private(name string, make bool) (Dir, error) {
	private, err := openOwn(d.fd, name, 0o077)
	if !make || !errors.Is(err, unix.ENOENT) {
		return private, err
	}
	if err := unix.Mkdirat(d.fd, name, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
		return Dir{}, fmt.Errorf("make the directory: %w", err)
	}
	return openOwn(d.fd, name, 0o077)
}

// Path leads to the directory as long as it is open, whatever its name is.
func (d Dir) Path() string { return "/proc/self/fd/" + strconv.Itoa(d.fd) }

// Close gives the descriptor back.
func (d Dir) Close() { unix.Close(d.fd) }

// Remove removes a file; a missing one is no failure.
func (d Dir) Remove(name string) error {
	if err := unix.Unlinkat(d.fd, name, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove a file: %w", err)
	}
	return nil
}

// Read returns the contents of a file, limit bytes at most, or why it can't be
// trusted.
func (d Dir) Read(name string, limit int) ([]byte, error) {
	// O_NONBLOCK: a fifo of that name must not hold jail up.
	fd, err := open(d.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return nil, err
	}
	regular := stat.Mode&unix.S_IFMT == unix.S_IFREG
	if !regular || stat.Uid != uint32(os.Geteuid()) || stat.Mode&0o7777 != 0o600 || stat.Nlink != 1 {
		return nil, ErrForeign
	}
	if stat.Size > int64(limit) {
		return nil, fmt.Errorf("it has %d bytes, more than jail writes", stat.Size)
	}
	data := make([]byte, stat.Size)
	for at := 0; at < len(data); {
		n, err := unix.Pread(fd, data[at:], int64(at))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errCut
		}
		at += n
	}
	return data, nil
}

// Write stores a file. It appears under its name complete or not at all: a file
// without a name is written and gets it then, so that a writer who is killed leaves
// nothing. Where there is a file of that name already, or no such files, a file
// beside it is renamed.
func (d Dir) Write(name string, data []byte) error {
	temporary := fmt.Sprintf(temporaryPrefix+"%016x", rand.Uint64())
	switch err := d.writeNameless(name, temporary, data); {
	case err == nil:
		return nil
	case errors.Is(err, unix.EEXIST):
		if err = d.replace(temporary, name); err == nil {
			return nil
		}
		_ = unix.Unlinkat(d.fd, temporary, 0)
		return fmt.Errorf("write a file: %w", err)
	}
	return d.writeBeside(name, temporary, data)
}

// writeNameless writes data into a file that has no name before it is complete. It
// fails with EEXIST when the name is taken: the file has the temporary one then.
func (d Dir) writeNameless(name, temporary string, data []byte) error {
	fd, err := open(d.fd, ".", unix.O_WRONLY|unix.O_TMPFILE|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := writeAll(fd, data); err != nil {
		return err
	}
	link := func(name string) error {
		return unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), d.fd, name, unix.AT_SYMLINK_FOLLOW)
	}
	err = link(name)
	if errors.Is(err, unix.EEXIST) {
		if failed := link(temporary); failed != nil {
			return errNotLinked
		}
	}
	return err
}

// errNotLinked is why the other way is tried.
var errNotLinked = errors.New("the file got no name")

// writeBeside writes data into a file beside it, which is renamed.
func (d Dir) writeBeside(name, temporary string, data []byte) error {
	fd, err := open(d.fd, temporary, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("create a file: %w", err)
	}
	err = writeAll(fd, data)
	if closeErr := unix.Close(fd); err == nil {
		err = closeErr
	}
	if err == nil {
		err = d.replace(temporary, name)
	}
	if err != nil {
		_ = unix.Unlinkat(d.fd, temporary, 0)
		return fmt.Errorf("write a file: %w", err)
	}
	return nil
}

// replace renames a file over an existing one of any kind. An empty directory of that
// name is removed; one that is not empty is an error.
func (d Dir) replace(from, to string) error {
	err := unix.Renameat(d.fd, from, d.fd, to)
	if !errors.Is(err, unix.EISDIR) {
		return err
	}
	if err := unix.Unlinkat(d.fd, to, unix.AT_REMOVEDIR); err != nil {
		return err
	}
	return unix.Renameat(d.fd, from, d.fd, to)
}

// writeAll writes a whole file and makes sure that the umask took no
// permission from the file.
func writeAll(fd int, data []byte) error {
	if err := unix.Fchmod(fd, 0o600); err != nil {
		return err
	}
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// open is openat(2), repeated when a signal interrupts it.
func open(dir int, path string, flags int, mode uint32) (int, error) {
	for {
		fd, err := unix.Openat(dir, path, flags, mode)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}
