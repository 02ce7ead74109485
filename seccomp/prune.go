package seccomp

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// maxRecords is how many programs a cache keeps, some 7 KiB each.
const maxRecords = 256

// staleAfter is the age in seconds at which a file that was being written
// belongs to a writer who died.
const staleAfter = 3600

// prune removes the oldest programs beyond maxRecords and what dead writers
// left behind. It is called after compiling, which costs far more; what it
// cannot read or remove stays.
func (s store) prune() {
	names, err := s.names()
	if err != nil {
		return
	}
	type record struct {
		name string
		time int64 // of the last change, in nanoseconds
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &now); err != nil {
		return
	}
	var records []record
	for _, name := range names {
		ours := strings.HasSuffix(name, recordSuffix)
		if !ours && !strings.HasPrefix(name, temporaryPrefix) {
			continue
		}
		var stat unix.Stat_t
		if err := unix.Fstatat(s.fd, name, &stat, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			continue
		}
		switch {
		case ours:
			records = append(records, record{name, stat.Mtim.Nano()})
		case now.Sec-stat.Mtim.Sec > staleAfter:
			_ = unix.Unlinkat(s.fd, name, 0)
		}
	}
	if len(records) <= maxRecords {
		return
	}
	slices.SortFunc(records, func(a, b record) int { return cmp.Compare(a.time, b.time) })
	for _, old := range records[:len(records)-maxRecords] {
		_ = unix.Unlinkat(s.fd, old.name, 0)
	}
}

// names lists the directory.
func (s store) names() ([]string, error) {
	// A descriptor of its own, since listing moves the offset.
	fd, err := open(s.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var names []string
	buffer := make([]byte, 16<<10)
	for {
		n, err := unix.ReadDirent(fd, buffer)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil || n == 0:
			return names, err
		}
		_, _, names = unix.ParseDirent(buffer[:n], -1, names)
	}
}
