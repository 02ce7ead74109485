package placeholder

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/store"
)

// list is a file that names the placeholders in one directory and the jails that
// need them. Every jail of the user that needs one holds a shared lock on the file,
// and one on the directory (place), which other users see as well. A launcher that
// gets the exclusive lock on the list, and finds no lock of another user on the
// directory, is the last, and removes the placeholders and the list.
type list struct {
	path  string
	dir   string
	fd    int
	place place
}

// makeLists makes the directory of lists, which nobody but the user can write.
func makeLists(listDir string) error {
	d, err := store.Make(listDir)
	if err != nil {
		return fmt.Errorf("%q: %w", listDir, err)
	}
	d.Close()
	return nil
}

// hold opens the list of a directory and locks it shared. A list without a name
// was removed by its last holder, and is not used again.
func hold(listDir, dir string) (*list, error) {
	sum := sha256.Sum256([]byte(dir))
	path := listDir + "/" + hex.EncodeToString(sum[:])
	for {
		fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_APPEND|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
		if err != nil {
			return nil, err
		}
		if err := lock(fd, unix.LOCK_SH); err != nil {
			_ = unix.Close(fd)
			return nil, err
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err == nil && st.Nlink > 0 {
			return &list{path: path, dir: dir, fd: fd, place: nowhere}, nil
		}
		_ = unix.Close(fd) // the last holder removed it meanwhile
	}
}

// lock is flock(2), which a signal may interrupt.
func lock(fd, how int) error {
	for {
		if err := unix.Flock(fd, how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// add appends a line that names the directory, then one for each entry.
func (l *list) add(entries []Entry) error {
	text := append(strconv.AppendQuote(nil, l.dir), '\n')
	for _, e := range entries {
		text = append(strconv.AppendQuote(text, baseOf(e.Path)), '\n')
	}
	return l.write(text)
}

// write appends lines in one write(2), so that other writers' lines are not mixed
// with them.
func (l *list) write(text []byte) error {
	n, err := unix.Write(l.fd, text)
	if err == nil && n < len(text) {
		err = unix.ENOSPC
	}
	return err
}

// release unlocks the directory and the list, and removes the placeholders if
// nobody else needs them. The directory comes first: the next launcher that gets
// the exclusive lock on the list must not find our lock on the directory.
func (l *list) release(deadline time.Time) {
	l.place.leave()
	if lock(l.fd, unix.LOCK_EX|unix.LOCK_NB) == nil {
		l.sweep(deadline)
	}
	l.close()
}

func (l *list) close() {
	l.place.close()
	_ = unix.Close(l.fd)
}

// sweep removes the placeholders of a list that is locked, and the list. It
// leaves both while a jail needs them: one of another user, or one whose launcher
// was killed and that is not dead by the deadline.
//
// Precondition: the list holds no lock on the directory any more.
func (l *list) sweep(deadline time.Time) bool {
	names, jails := l.contents()
	for _, jail := range jails {
		if !jail.gone(deadline) {
			return false
		}
	}
	if l.place == nowhere && l.dir != "" {
		var err error
		if l.place, err = openPlace(l.dir); err != nil && !errors.Is(err, unix.ENOENT) {
			return false // the next Sweep removes them, when the directory is there again
		}
	}
	if l.place != nowhere {
		if !l.place.clear() {
			return false
		}
		for _, name := range names {
			remove(int(l.place), name)
		}
	}
	_ = unix.Unlink(l.path)
	return true
}

// contents reads a list. It skips names that lead out of the directory.
func (l *list) contents() (names []string, jails []holder) {
	var text []byte
	buf := make([]byte, 4096)
	for {
		n, err := unix.Pread(l.fd, buf, int64(len(text)))
		if err != nil || n <= 0 {
			break
		}
		text = append(text, buf[:n]...)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if jail, ok := parseHolder(line); ok {
			jails = append(jails, jail)
			continue
		}
		name, err := strconv.Unquote(line)
		switch {
		case err != nil || name == "":
		case name[0] == '/':
			l.dir = name
		case name != "." && name != ".." && !strings.Contains(name, "/"):
			names = append(names, name)
		}
	}
	return names, jails
}

// Sweep removes the placeholders of jails whose launchers were killed, and returns
// the directories that it removed them from. Inner directories come first, since
// the directory around them may be a placeholder itself. Sweep does not wait for
// jails that are still dying, since a program may run that needs the caller: it
// leaves them to the next Sweep.
func Sweep(listDir string) []string {
	entries, err := os.ReadDir(listDir)
	if err != nil {
		return nil
	}
	var left []*list
	for _, e := range entries {
		if l := abandoned(listDir + "/" + e.Name()); l != nil {
			left = append(left, l)
		}
	}
	slices.SortFunc(left, func(a, b *list) int { return len(b.dir) - len(a.dir) })
	var dirs []string
	for _, l := range left {
		if l.sweep(time.Time{}) {
			dirs = append(dirs, l.dir)
		}
		l.close()
	}
	return dirs
}

// abandoned opens a list that nobody holds and locks it, or returns nil.
func abandoned(path string) *list {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	var st unix.Stat_t
	if lock(fd, unix.LOCK_EX|unix.LOCK_NB) == nil && unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Nlink > 0 {
		l := &list{path: path, fd: fd, place: nowhere}
		l.contents()
		return l
	}
	_ = unix.Close(fd)
	return nil
}
