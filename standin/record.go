package standin

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

// record is the list of the stand-ins in one directory. Every jail of the user
// that needs one of them holds a shared lock on it, and a share of the directory
// itself, which other users see as well; whoever can lock the record alone and
// finds nobody else in the directory is the last and removes them. A record
// without a name was removed by the last one.
type record struct {
	path  string
	dir   string
	fd    int
	place place
}

// makeRecords makes the directory of records. It is the user's own and
// nobody else can write it.
func makeRecords(records string) error {
	d, err := store.Make(records)
	if err != nil {
		return fmt.Errorf("%q: %w", records, err)
	}
	d.Close()
	return nil
}

// hold opens the record of a directory and takes a share of it.
func hold(records, dir string) (*record, error) {
	sum := sha256.Sum256([]byte(dir))
	path := records + "/" + hex.EncodeToString(sum[:])
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
			return &record{path: path, dir: dir, fd: fd, place: nowhere}, nil
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
func (r *record) add(entries []Entry) error {
	text := append(strconv.AppendQuote(nil, r.dir), '\n')
	for _, e := range entries {
		text = append(strconv.AppendQuote(text, baseOf(e.Path)), '\n')
	}
	return r.write(text)
}

// write appends lines. One write is one line after the other, also beside other
// writers.
func (r *record) write(text []byte) error {
	n, err := unix.Write(r.fd, text)
	if err == nil && n < len(text) {
		err = unix.ENOSPC
	}
	return err
}

// release gives up the shares, and removes everything when they were the last.
// The one of the directory comes first: who gets the record alone must not find
// the one who just left it there.
func (r *record) release(deadline time.Time) {
	r.place.leave()
	if lock(r.fd, unix.LOCK_EX|unix.LOCK_NB) == nil {
		r.sweep(deadline)
	}
	r.close()
}

func (r *record) close() {
	r.place.close()
	_ = unix.Close(r.fd)
}

// sweep removes the stand-ins of a record that is locked, and the record. It
// leaves both for later while somebody needs them: a jail of another user, or one
// whose launcher was killed and that is not dead by the deadline.
//
// Precondition: this record has no share of the directory any more.
func (r *record) sweep(deadline time.Time) bool {
	names, jails := r.contents()
	for _, jail := range jails {
		if !jail.gone(deadline) {
			return false
		}
	}
	if r.place == nowhere && r.dir != "" {
		var err error
		if r.place, err = openPlace(r.dir); err != nil && !errors.Is(err, unix.ENOENT) {
			return false // whoever comes when the directory is there again removes them
		}
	}
	if r.place != nowhere {
		if !r.place.clear() {
			return false
		}
		for _, name := range names {
			remove(int(r.place), name)
		}
	}
	_ = unix.Unlink(r.path)
	return true
}

// contents reads a record. A name that leads elsewhere is none.
func (r *record) contents() (names []string, jails []holder) {
	var text []byte
	buf := make([]byte, 4096)
	for {
		n, err := unix.Pread(r.fd, buf, int64(len(text)))
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
			r.dir = name
		case name != "." && name != ".." && !strings.Contains(name, "/"):
			names = append(names, name)
		}
	}
	return names, jails
}

// Sweep removes what jails left behind whose launchers were killed, and
// returns the directories in which that was. Inner directories come first: what
// stands in an outer one may hold them. It waits for nothing, since a program may
// run meanwhile that needs the caller: jails that are still dying are left to the
// next one.
func Sweep(records string) []string {
	entries, err := os.ReadDir(records)
	if err != nil {
		return nil
	}
	var left []*record
	for _, e := range entries {
		if r := abandoned(records + "/" + e.Name()); r != nil {
			left = append(left, r)
		}
	}
	slices.SortFunc(left, func(a, b *record) int { return len(b.dir) - len(a.dir) })
	var dirs []string
	for _, r := range left {
		if r.sweep(time.Time{}) {
			dirs = append(dirs, r.dir)
		}
		r.close()
	}
	return dirs
}

// abandoned opens and locks a record that nobody holds, or returns nil.
func abandoned(path string) *record {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	var st unix.Stat_t
	if lock(fd, unix.LOCK_EX|unix.LOCK_NB) == nil && unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Nlink > 0 {
		r := &record{path: path, fd: fd, place: nowhere}
		r.contents()
		return r
	}
	_ = unix.Close(fd)
	return nil
}
