package compiler

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// inMemory puts a program into a memory file that nobody can change any more.
func inMemory(text []byte) (*os.File, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("jail-filter", flags|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3, where all can be executed
		fd, err = unix.MemfdCreate("jail-filter", flags)
	}
	if err != nil {
		return nil, fmt.Errorf("make an executable memory file: %w", err)
	}
	file := os.NewFile(uintptr(fd), "jail-filter")
	if _, err := file.Write(text); err != nil {
		file.Close()
		return nil, fmt.Errorf("fill the memory file: %w", err)
	}
	const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		file.Close()
		return nil, fmt.Errorf("seal the memory file: %w", err)
	}
	return file, nil
}

// openTrusted opens a program that nobody but root and the user can have put
// there. What was examined is what is executed, by its descriptor.
func openTrusted(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // a fifo must not hold jail up
	if err != nil {
		return nil, err
	}
	var stat unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &stat); err != nil {
		file.Close()
		return nil, &os.PathError{Op: "fstat", Path: path, Err: err}
	}
	if err := trusted(&stat); err != nil {
		file.Close()
		return nil, fmt.Errorf("%q is not used: %w", path, err)
	}
	return file, nil
}

// trusted says why a program is not to be used.
func trusted(stat *unix.Stat_t) error {
	switch {
	case stat.Mode&unix.S_IFMT != unix.S_IFREG:
		return errors.New("it is no regular file")
	case stat.Uid != 0 && stat.Uid != uint32(os.Geteuid()):
		return errors.New("it belongs to another user")
	case stat.Mode&0o022 != 0:
		return errors.New("others can write to it")
	}
	return nil
}
