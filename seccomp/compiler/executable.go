package compiler

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

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
