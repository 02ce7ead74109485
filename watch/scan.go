package watch

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Scan looks at every watched name and takes away what was made there. An error means
// that something stays there, or that the program makes it faster than it is taken away.
func (w *Watcher) Scan() error {
	if w == nil {
		return nil
	}
	for _, d := range w.roots {
		if err := w.scan(d); err != nil {
			return err
		}
	}
	return nil
}

// Clear takes away what is there, however often it was made. It is called when nobody
// makes anything any more.
func (w *Watcher) Clear() error {
	clear(w.times)
	return w.Scan()
}

func (w *Watcher) scan(d *directory) error {
	for name, e := range d.names {
		st, err := kindOf(d.fd, name)
		if err != nil {
			e.forget()
			continue
		}
		switch {
		case e.free, st.Mode&unix.S_IFMT == unix.S_IFLNK: // a link could lead to a name that is not watched
			err = w.take(d, name)
		case st.Mode&unix.S_IFMT == unix.S_IFDIR:
			err = w.descend(d, name, e, st.Ino)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *entry) forget() {
	if e.made != nil {
		e.made.close()
		e.made = nil
	}
}

// descend watches a directory that the program has made on the way to a name.
func (w *Watcher) descend(d *directory, name string, e *entry, ino uint64) error {
	if e.made != nil && e.made.ino != ino {
		e.forget()
	}
	if e.made == nil {
		err := w.enter(d, name, e, ino)
		switch {
		case errors.Is(err, ErrFlood):
			return err
		case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
			return nil // exchanged meanwhile, which the next signal is about
		case err != nil:
			return w.take(d, name) // it can't be looked into
		}
	}
	return w.scan(e.made)
}

// take moves what was made to the quarantine; where that is another file system, or the
// directory can't be moved, to another name beside it.
func (w *Watcher) take(d *directory, name string) error {
	at := path.Join(d.path, name)
	if w.times[at]++; w.times[at] > mostTimes {
		return fmt.Errorf("%w: %s", ErrFlood, at)
	}
	aside := strconv.FormatInt(time.Now().UnixNano(), 36)
	err := moveAside(d.fd, name, w.quarantine, aside+"-"+name)
	to := path.Join(w.where, aside+"-"+name)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		beside := name + ".taken-" + aside
		err = moveAside(d.fd, name, d.fd, beside)
		to = path.Join(d.path, beside)
	}
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil // somebody else was faster, as the launcher of another jail
	case err != nil:
		return fmt.Errorf("take away %s: %w", at, err)
	}
	w.taken = append(w.taken, Taken{Path: at, To: to})
	return nil
}

// moveAside renames without replacing anything. The new name is one of its own, so where
// the file system has no such rename the ordinary one replaces nothing either.
func moveAside(from int, name string, to int, aside string) error {
	err := unix.Renameat2(from, name, to, aside, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) {
		return unix.Renameat(from, name, to, aside)
	}
	return err
}

func kindOf(at int, name string) (*unix.Stat_t, error) {
	var st unix.Stat_t
	err := unix.Fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	return &st, err
}
