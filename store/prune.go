package store

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// staleAfter is the age in seconds at which a file that was being written
// belongs to a writer who died.
const staleAfter = 3600

// Prune removes the oldest of the files with a suffix, all but keep of them, and the
// temporary files of dead writers. Files that it can't examine or remove stay.
func (d Dir) Prune(suffix string, keep int) {
	names, err := d.names()
	if err != nil {
		return
	}
	type file struct {
		name string
		time int64 // of the last change, in nanoseconds
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &now); err != nil {
		return
	}
	var files []file
	for _, name := range names {
		ours := strings.HasSuffix(name, suffix)
		if !ours && !strings.HasPrefix(name, temporaryPrefix) {
			continue
		}
		var stat unix.Stat_t
		if err := unix.Fstatat(d.fd, name, &stat, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			continue
		}
		switch {
		case ours:
			files = append(files, file{name, stat.Mtim.Nano()})
		case now.Sec-stat.Mtim.Sec > staleAfter:
			_ = unix.Unlinkat(d.fd, name, 0)
		}
	}
	if len(files) <= keep {
		return
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.time, b.time) })
	for _, old := range files[:len(files)-keep] {
		_ = unix.Unlinkat(d.fd, old.name, 0)
	}
}

// Names lists the files, without those that are being written.
func (d Dir) Names() ([]string, error) {
	names, err := d.names()
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, temporaryPrefix) })
	slices.Sort(names)
	return names, err
}

// names lists the directory.
func (d Dir) names() ([]string, error) {
	// A descriptor of its own, since listing moves the offset.
	fd, err := open(d.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
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
