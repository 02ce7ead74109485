// Package watch keeps names of the host free while a jail runs. A name that does not
// exist has no place to mount anything on, so the program can make it; the launcher is
// told at once and takes away what was made, into a directory where nothing looks for it.
//
// What it is told by is dnotify (fcntl(2), F_NOTIFY): one signal, SIGIO, for every name
// that is made in a directory. inotify(7) would say which name, but closing it waits for
// all other readers of the kernel's lists, which takes longer than a whole launch.
package watch

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// Name is a name that is to stay free: the path Rel in Dir, a directory without
// symbolic links on the way. The first component of Rel does not exist.
type Name struct{ Dir, Rel string }

// Path is where the name is.
func (n Name) Path() string { return path.Join(n.Dir, n.Rel) }

// Taken is something that was made in a watched name, and where it is now.
type Taken struct{ Path, To string }

// Watcher watches the names of one jail.
type Watcher struct {
	roots      []*directory
	quarantine int    // the directory that what was made is moved to
	where      string // its path
	taken      []Taken
	times      map[string]int // how often each path was made
	armed      int
	unnotified bool
}

// directory is a directory that is open and watched.
type directory struct {
	fd    int
	ino   uint64
	path  string
	names map[string]*entry
}

// entry is a name in a directory: one that is to stay free, or a directory on the way
// to such names, which the program may make.
type entry struct {
	free  bool
	below map[string]*entry
	made  *directory // once it was
}

// ErrFlood says that the program goes on making a name that is taken away.
var ErrFlood = errors.New("the program makes again and again what other programs would run")

// mostTimes is how often a name may be made. Each time it exists for a moment, so
// a program that does nothing else must not go on.
const mostTimes = 8

// Flags of F_NOTIFY (fcntl(2)): names that are made or moved here, until the directory is closed.
const newNames = 0x4 | 0x10 | 0x80000000 // DN_CREATE | DN_RENAME | DN_MULTISHOT

// mostArmed bounds how often a directory is opened to watch it: the program can make them.
const mostArmed = 512

// Open begins to watch. What is made is moved to the directory quarantine, which is made
// when it is missing. A name that exists already is an error: it was looked for before,
// and something else has made it since.
func Open(names []Name, quarantine string) (*Watcher, error) {
	w := &Watcher{quarantine: -1, where: quarantine, times: map[string]int{}}
	if err := w.open(names); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func (w *Watcher) open(names []Name) error {
	if len(names) == 0 {
		return nil
	}
	byPath := map[string]*directory{}
	for _, n := range names {
		d := byPath[n.Dir]
		if d == nil {
			var err error
			if d, err = w.arm(unix.AT_FDCWD, n.Dir, n.Dir); err != nil {
				return fmt.Errorf("watch %s: %w", n.Dir, err)
			}
			d.names = map[string]*entry{}
			byPath[n.Dir] = d
			w.roots = append(w.roots, d)
		}
		add(d.names, n.Rel)
	}
	for _, d := range w.roots {
		if err := w.begin(d); err != nil {
			return err
		}
	}
	// Where there is none, what is made is renamed where it is.
	if err := os.MkdirAll(w.where, 0o700); err == nil {
		if fd, err := unix.Open(w.where, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0); err == nil {
			w.quarantine = fd
		}
	}
	return nil
}

// begin looks at the names in a directory before the program does. Directories on the way
// may be there by now: jail itself has made them.
func (w *Watcher) begin(d *directory) error {
	for name, e := range d.names {
		st, err := kindOf(d.fd, name)
		switch {
		case errors.Is(err, unix.ENOENT):
			continue
		case err != nil || e.free || st.Mode&unix.S_IFMT != unix.S_IFDIR:
			return fmt.Errorf("%s appeared while the jail was prepared; start it again", path.Join(d.path, name))
		}
		if err := w.enter(d, name, e, st.Ino); err != nil {
			return fmt.Errorf("watch %s: %w", path.Join(d.path, name), err)
		}
		if err := w.begin(e.made); err != nil {
			return err
		}
	}
	return nil
}

// enter watches a directory on the way to names.
func (w *Watcher) enter(d *directory, name string, e *entry, ino uint64) (err error) {
	if e.made, err = w.arm(d.fd, name, path.Join(d.path, name)); err == nil {
		e.made.names, e.made.ino = e.below, ino
	}
	return err
}

// add adds the components of a path.
func add(names map[string]*entry, rel string) {
	for {
		name, rest, more := strings.Cut(rel, "/")
		e := names[name]
		if e == nil {
			e = &entry{below: map[string]*entry{}}
			names[name] = e
		}
		if !more {
			e.free = true
			return
		}
		names, rel = e.below, rest
	}
}

// arm opens a directory and has the kernel send SIGIO when a name is made in it.
func (w *Watcher) arm(at int, name, where string) (*directory, error) {
	if w.armed++; w.armed > mostArmed {
		return nil, ErrFlood
	}
	fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	_, err = unix.FcntlInt(uintptr(fd), unix.F_NOTIFY, newNames)
	switch {
	case errors.Is(err, unix.EINVAL):
		w.unnotified = true // a kernel without CONFIG_DNOTIFY
	case err != nil:
		_ = unix.Close(fd)
		return nil, err
	}
	return &directory{fd: fd, path: where}, nil
}

// Close ends the watch.
func (w *Watcher) Close() {
	if w == nil {
		return
	}
	for _, d := range w.roots {
		d.close()
	}
	w.roots = nil
	if w.quarantine >= 0 {
		_ = unix.Close(w.quarantine)
		w.quarantine = -1
	}
}

func (d *directory) close() {
	_ = unix.Close(d.fd)
	for _, e := range d.names {
		e.forget()
	}
}

// Interval is how often Scan is to be called without a signal, in milliseconds; -1 where
// the kernel sends signals.
func (w *Watcher) Interval() int {
	if w == nil || !w.unnotified {
		return -1
	}
	return 10
}

// Taken is what was taken away so far.
func (w *Watcher) Taken() []Taken {
	if w == nil {
		return nil
	}
	return w.taken
}
