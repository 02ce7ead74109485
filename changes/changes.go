// Package changes finds what a run has left in files that other programs run or obey,
// writes it down, and reads that again.
package changes

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Change is a path that is new, or whose content or attributes have changed.
type Change struct {
	Path string `json:"path"`
	// To is where what the program made was moved, "" for what is there still.
	To  string `json:"moved-to,omitempty"`
	New bool   `json:"new"`
}

// Before is what there was of some paths when a run began.
type Before struct {
	paths []string
	seen  map[string]stamp
	at    unix.Timespec
}

// stamp tells one state of a file from another; the zero stamp is of none. No program can
// set the time of the last change of an inode (inode(7)).
type stamp struct {
	dev, ino uint64
	changed  unix.Timespec
}

// Look notes what there is of some paths.
func Look(paths []string) *Before {
	b := &Before{paths: paths, seen: make(map[string]stamp, len(paths))}
	// The clock by which the kernel stamps files.
	_ = unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &b.at)
	for _, p := range paths {
		b.seen[p], _ = look(p)
	}
	return b
}

// Since lists what is new or has changed. Of a directory it lists what lies in it.
func (b *Before) Since() []Change {
	var found []Change
	for _, p := range b.paths {
		was := b.seen[p]
		is, mode := look(p)
		switch {
		case is == stamp{}:
		case mode&unix.S_IFMT == unix.S_IFDIR:
			w := walk{began: b.at, git: isGits(p), all: was == stamp{} || was.ino != is.ino || was.dev != is.dev}
			w.directory(unix.AT_FDCWD, p, p, 0)
			found = append(found, w.found...)
		case was != is:
			found = append(found, Change{Path: p, New: was == stamp{}})
		}
	}
	slices.SortFunc(found, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(found, func(a, b Change) bool { return a.Path == b.Path })
}

func look(file string) (stamp, uint32) {
	var st unix.Stat_t
	if unix.Lstat(file, &st) != nil {
		return stamp{}, 0
	}
	return stampOf(&st), st.Mode
}

func stampOf(st *unix.Stat_t) stamp { return stamp{uint64(st.Dev), st.Ino, st.Ctim} } //nolint:unconvert // the type differs by architecture

// Bounds of a walk: what is more is too much to read, and one line says that there is more.
const (
	mostDepth = 8
	mostFound = 1000
)

// walk finds what has changed in a directory since a time.
type walk struct {
	began unix.Timespec
	all   bool // the directory itself is new
	git   bool // of the git directories in it, only what git obeys counts
	found []Change
}

// directory looks at the entries of a directory, without following a link.
func (w *walk) directory(at int, name, where string, depth int) {
	fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil || depth > mostDepth {
		w.found = append(w.found, Change{Path: where, New: w.all}) // it can't be looked into
		if err == nil {
			_ = unix.Close(fd)
		}
		return
	}
	defer func() { _ = unix.Close(fd) }()
	found := len(w.found)
	buf := make([]byte, 16<<10)
	for {
		n, err := unix.Getdents(fd, buf)
		if err != nil || n <= 0 {
			break
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, entry := range names {
			w.entry(fd, entry, path.Join(where, entry), depth)
		}
	}
	if w.all && len(w.found) == found && !w.git {
		w.found = append(w.found, Change{Path: where, New: true}) // an empty one
	}
}

func (w *walk) entry(at int, name, where string, depth int) {
	var st unix.Stat_t
	if len(w.found) >= mostFound || unix.Fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return
	}
	// What is made right after the look can have the very time of it: the kernel's clock
	// for files stands still for some milliseconds.
	changed := !before(st.Ctim, w.began)
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		if (w.all || changed) && (!w.git || obeyed(where)) {
			w.found = append(w.found, Change{Path: where, New: w.all})
		}
		return
	}
	// A directory that was moved here has files that did not change.
	inside := walk{began: w.began, git: w.git, all: w.all}
	inside.directory(at, name, where, depth+1)
	if changed && len(inside.found) == 0 && !w.git {
		inside.found = []Change{{Path: where}}
	}
	w.found = append(w.found, inside.found...)
}

// isGits tells whether a directory is one in which git itself puts files that nothing obeys.
func isGits(dir string) bool {
	name := path.Base(dir)
	return strings.Contains(dir, ".git/") && (name == "modules" || name == "hooks")
}

// obeyed tells whether git runs or obeys a file of a git directory, but for the examples of
// hooks that it puts there.
func obeyed(file string) bool {
	dir, name := path.Split(file)
	switch name {
	case "config", "config.worktree", "commondir":
		return true
	}
	return path.Base(dir) == "hooks" && !strings.HasSuffix(name, ".sample")
}

func before(a, b unix.Timespec) bool { return a.Sec < b.Sec || a.Sec == b.Sec && a.Nsec < b.Nsec }
