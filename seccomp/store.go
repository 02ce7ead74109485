package seccomp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"

	"golang.org/x/sys/unix"
)

// store is an open directory of records. Everything in it is reached through
// the descriptor, so that what was verified is what is used, whatever happens
// to the path meanwhile.
type store struct{ fd int }

// openStore opens the directory of a cache, making it when it is missing, and
// refuses one that others could have put files into.
func openStore(path string) (store, error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := open(unix.AT_FDCWD, path, flags, 0)
	if errors.Is(err, unix.ENOENT) {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return store{}, err
		}
		fd, err = open(unix.AT_FDCWD, path, flags, 0)
	}
	if err != nil {
		return store{}, fmt.Errorf("open the directory: %w", err)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		unix.Close(fd)
		return store{}, fmt.Errorf("examine the directory: %w", err)
	}
	if stat.Uid != uint32(os.Geteuid()) || stat.Mode&0o022 != 0 {
		unix.Close(fd)
		return store{}, errForeignDir
	}
	return store{fd}, nil
}

// close gives the descriptor back.
func (s store) close() { unix.Close(s.fd) }

// recordName is the file of a record in the directory.
func recordName(k key) string { return k.String() + recordSuffix }

// How names in the directory begin or end: of records, and of files that are
// being written.
const (
	recordSuffix    = ".bpf"
	temporaryPrefix = ".new-"
)

// read returns the program stored under a key, or why there is none that can
// be trusted.
func (s store) read(k key) (Program, error) {
	// O_NONBLOCK: a fifo of that name must not hold jail up.
	fd, err := open(s.fd, recordName(k), unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
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
		return nil, errDamaged
	}
	if stat.Size < int64(recordSize) || stat.Size > int64(MaxRecord) {
		return nil, errDamaged
	}
	record := make([]byte, stat.Size)
	for at := 0; at < len(record); {
		n, err := unix.Pread(fd, record[at:], int64(at))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errDamaged
		}
		at += n
	}
	return decodeRecord(k, record)
}

// write stores a program under a key. It appears under its name complete or
// not at all: a file beside it is written and renamed.
func (s store) write(k key, p Program) error {
	temporary := fmt.Sprintf(temporaryPrefix+"%016x", rand.Uint64())
	fd, err := open(s.fd, temporary, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("create a file: %w", err)
	}
	err = writeAll(fd, encodeRecord(k, p))
	if closeErr := unix.Close(fd); err == nil {
		err = closeErr
	}
	if err == nil {
		err = s.replace(temporary, recordName(k))
	}
	if err != nil {
		_ = unix.Unlinkat(s.fd, temporary, 0)
		return fmt.Errorf("write a file: %w", err)
	}
	return nil
}

// replace renames a file over whatever has the name. A directory there is
// removed when it is empty; a full one is not ours to remove.
func (s store) replace(from, to string) error {
	err := unix.Renameat(s.fd, from, s.fd, to)
	if !errors.Is(err, unix.EISDIR) {
		return err
	}
	if err := unix.Unlinkat(s.fd, to, unix.AT_REMOVEDIR); err != nil {
		return err
	}
	return unix.Renameat(s.fd, from, s.fd, to)
}

// writeAll writes a whole record and makes sure that the umask took no
// permission from the file.
func writeAll(fd int, record []byte) error {
	if err := unix.Fchmod(fd, 0o600); err != nil {
		return err
	}
	for len(record) > 0 {
		n, err := unix.Write(fd, record)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		record = record[n:]
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
