// Package trust judges whether a profile may be used by this user: whoever can
// write it, or put another one in its place, decides what jails grant.
package trust

import (
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
)

// Error is why something is not trusted.
type Error struct {
	Reason string
	Advice string // what the user can do about it
}

func (e *Error) Error() string { return e.Reason }

// Remedy says what the user can do about it.
func (e *Error) Remedy() string { return e.Advice }

// File judges a file or directory by itself, for the user uid; name is its path. It must
// belong to root or the user, and nobody else may write it, the group included, unless
// nobody else is in that.
func File(uid int, name string, stat *unix.Stat_t) error {
	shown := diag.Escape(name)
	switch {
	case !owned(uid, stat.Uid):
		return &Error{fmt.Sprintf("it belongs to user %d", stat.Uid), "copy it to a directory of your own: what others own is theirs to change"}
	case stat.Mode&unix.S_IWOTH != 0:
		return &Error{fmt.Sprintf("everybody can write it (mode %04o)", stat.Mode&0o7777), "take that away: chmod o-w " + shown}
	case stat.Mode&unix.S_IWGRP != 0 && !alone(uid, int(stat.Gid), name):
		return &Error{
			fmt.Sprintf("its group can write it (mode %04o, group %d)", stat.Mode&0o7777, stat.Gid), "take that away: chmod g-w " + shown,
		}
	}
	return nil
}

// Way judges the directories and links on the way to an absolute path, and what they lead
// through. See Resolve.
func Way(uid int, name string) error {
	_, err := Resolve(uid, name)
	return err
}

// maxLinks is how many links the kernel follows (path_resolution(7)).
const maxLinks = 40

// Resolve returns a path without links that leads to the same file, having judged each
// directory and each link on the way: they must belong to root or the user, and nobody
// else may write the directories, unless they are sticky: in those, such as /tmp, nobody
// removes what is another's. What the path leads to is not judged, see File.
//
// It begins at the root directory. Nobody but root and the user can change a name in a
// directory that was found good, so the result stays what it was when it is opened. When
// something is missing the error is that of the system, also where the way is bad.
func Resolve(uid int, name string) (string, error) {
	w := way{uid: uid, at: "/", rest: strings.Split(name, "/")}
	for {
		w.skipEmpty()
		if len(w.rest) == 0 {
			return w.at, w.bad
		}
		if err := w.directory(); err != nil {
			return "", err
		}
		if err := w.step(); err != nil {
			return "", err
		}
	}
}

// way is a path that is being resolved.
type way struct {
	uid   int
	at    string   // a directory, or what the path leads to
	rest  []string // the elements that follow
	links int
	bad   error // the first thing that is not trusted
}

func (w *way) skipEmpty() {
	for len(w.rest) > 0 && (w.rest[0] == "" || w.rest[0] == ".") {
		w.rest = w.rest[1:]
	}
}

func (w *way) distrust(e *Error) {
	if w.bad == nil {
		w.bad = e
	}
}

// directory judges the directory in which the next element is.
func (w *way) directory() error {
	var stat unix.Stat_t
	if err := unix.Lstat(w.at, &stat); err != nil {
		return err
	}
	shown, mode := diag.Escape(w.at), stat.Mode&0o7777
	others := mode&unix.S_IWOTH != 0
	switch {
	case stat.Mode&unix.S_IFMT != unix.S_IFDIR:
		return unix.ENOTDIR
	case !leads(w.uid, stat.Uid):
		w.distrust(&Error{
			fmt.Sprintf("%s, which leads to it, belongs to user %d", shown, stat.Uid),
			"copy the profile to a directory of your own: the owner of that directory can put another one in its place",
		})
	case mode&unix.S_ISVTX != 0:
	case others:
		w.distrust(&Error{fmt.Sprintf("everybody can rename what lies in %s (mode %04o)", shown, mode), "take that away: chmod o-w " + shown})
	case mode&unix.S_IWGRP != 0 && !alone(w.uid, int(stat.Gid), w.at):
		w.distrust(&Error{
			fmt.Sprintf("the group of %s can rename what lies in it (mode %04o, group %d)", shown, mode, stat.Gid), "take that away: chmod g-w " + shown,
		})
	}
	return nil
}

// step takes the next element: it goes into it, or follows it if it is a link.
func (w *way) step() error {
	element := w.rest[0]
	w.rest = w.rest[1:]
	next := path.Join(w.at, element) // also for "..": what has no links has no other parent
	var stat unix.Stat_t
	if err := unix.Lstat(next, &stat); err != nil {
		return err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFLNK {
		w.at = next
		return nil
	}
	if w.links++; w.links > maxLinks {
		return unix.ELOOP
	}
	if !leads(w.uid, stat.Uid) {
		w.distrust(&Error{
			fmt.Sprintf("the link %s, which leads to it, belongs to user %d", diag.Escape(next), stat.Uid),
			"name the file that it leads to: who owns a link can have it lead elsewhere",
		})
	}
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlink(next, buf)
	if err != nil {
		return err
	}
	target := string(buf[:n])
	if path.IsAbs(target) {
		w.at = "/"
	}
	w.rest = append(strings.Split(target, "/"), w.rest...)
	return nil
}
