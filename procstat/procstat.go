// Package procstat reads the line that the kernel keeps about a process in
// /proc/PID/stat: proc_pid_stat(5). It does not know what the numbers are for.
package procstat

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/sys/unix"
)

// StartTime is the field that says when a process was started, in ticks since
// the machine's start.
const StartTime = 22

// Stat are the fields behind the name, which may itself hold anything.
type Stat struct {
	path   string
	fields [][]byte
}

// Read reads the line at a path. An error of the kernel is wrapped.
func Read(path string) (Stat, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return Stat{}, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { _ = unix.Close(fd) }()
	buf := make([]byte, 2048) // the kernel writes the line in one go
	n, err := unix.Read(fd, buf)
	if err != nil {
		return Stat{}, fmt.Errorf("read %s: %w", path, err)
	}
	return Stat{path, bytes.Fields(buf[bytes.LastIndexByte(buf[:n], ')')+1 : n])}, nil
}

// Number is a field, numbered as in the manual page, where the first one behind
// the name is 3. One that is missing is io.ErrUnexpectedEOF.
func (s Stat) Number(field int) (uint64, error) {
	const afterName = 3
	if field-afterName >= len(s.fields) {
		return 0, fmt.Errorf("%s: %w", s.path, io.ErrUnexpectedEOF)
	}
	return strconv.ParseUint(string(s.fields[field-afterName]), 10, 64)
}
