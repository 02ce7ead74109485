package placeholder

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Held are the placeholders of one jail. Nobody removes them before Release, or
// the end of this process.
type Held struct {
	lists []*list
}

// Make puts a placeholder at the path of every entry, outer directories first, and
// lists them in listDir, a directory of the user's own, which it makes when it is
// missing. It leaves a name alone that exists by now.
func Make(listDir string, entries []Entry) (*Held, error) {
	h := &Held{}
	if err := makeLists(listDir); err != nil {
		return nil, fmt.Errorf("the directory of placeholders: %w", err)
	}
	for len(entries) > 0 {
		dir, n := parentOf(entries[0].Path), 1
		for n < len(entries) && parentOf(entries[n].Path) == dir {
			n++
		}
		l, err := hold(listDir, dir)
		if err == nil {
			h.lists = append(h.lists, l)
			err = l.make(entries[:n])
		}
		if err != nil {
			h.Release()
			return nil, err
		}
		entries = entries[n:]
	}
	return h, nil
}

// For adds a jail to the lists, by its init, a child of this process. When this
// process is killed, the placeholders stay until the init is dead. A nil Held holds
// nothing.
func (h *Held) For(init int) error {
	if h == nil {
		return nil
	}
	jail, err := newHolder(init)
	if err != nil {
		return fmt.Errorf("write down which jail needs the placeholders: %w", err)
	}
	line := append(jail.append(nil), '\n')
	for _, l := range h.lists {
		if err := l.write(line); err != nil {
			return fmt.Errorf("write down which jail needs the placeholders in %s: %w", l.dir, err)
		}
	}
	return nil
}

// Dirs are the directories in which Release removes something, that of the lists
// among them. Those that the program may have renamed since are named by their open
// descriptors. A nil Held has none.
func (h *Held) Dirs() []string {
	if h == nil {
		return nil
	}
	dirs := make([]string, 0, len(h.lists)+1)
	for _, l := range h.lists {
		dirs = append(dirs, "/proc/self/fd/"+strconv.Itoa(int(l.place)), parentOf(l.path))
	}
	return dirs
}

// Release unlocks the lists and removes the placeholders that no other jail needs,
// the innermost first. It waits a moment for jails of killed launchers to die. It
// opens no file for reading or writing (but see hasText), since the
// launcher may have confined itself so that it can't; it judges by pids alone then,
// and leaves the rest to the next Sweep. A nil Held holds nothing.
func (h *Held) Release() {
	if h == nil {
		return
	}
	deadline := time.Now().Add(dying)
	for _, l := range slices.Backward(h.lists) {
		l.release(deadline)
	}
	h.lists = nil
}

// make makes entries in the list's directory. It writes them down first, so that
// Sweep finds them when this process dies.
func (l *list) make(entries []Entry) error {
	if err := l.add(entries); err != nil {
		return fmt.Errorf("write down the placeholders in %s: %w", l.dir, err)
	}
	var err error
	if l.place, err = openPlace(l.dir); err != nil {
		return fmt.Errorf("open %s: %w", l.dir, err)
	}
	if err := l.place.share(); err != nil {
		return fmt.Errorf("share %s with other jails: %w", l.dir, err)
	}
	parent := int(l.place)
	var first [Directory + 1]string
	for _, e := range entries {
		name := baseOf(e.Path)
		if of := first[e.Kind]; of != "" && unix.Linkat(parent, of, parent, name, 0) == nil {
			continue
		}
		err := makeOne(parent, name, e.Kind)
		switch {
		case err == nil && (e.Kind == Link || e.Kind == Socket):
			// The others become hard links to this one, which costs a quarter of
			// making a file.
			first[e.Kind] = name
		case err != nil && !errors.Is(err, unix.EEXIST):
			return fmt.Errorf("block the creation of %s: %w", e.Path, err)
		}
	}
	return nil
}

func makeOne(parent int, name string, kind Kind) error {
	switch kind {
	case Link:
		return unix.Symlinkat(Target, parent, name)
	case Socket:
		return unix.Mknodat(parent, name, socketMode, 0)
	case CommonDir:
		return makeCommonDir(parent, name)
	default:
		if err := unix.Mkdirat(parent, name, 0o700); err != nil {
			return err
		}
		return changeMode(parent, name, directoryMode&^unix.S_IFMT)
	}
}

// changeMode is chmod(2) of a directory, unless it is a link by now. It opens the
// directory with O_PATH: a launcher that confined itself can't open it for reading.
func changeMode(parent int, name string, mode uint32) error {
	fd, err := unix.Openat(parent, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	return unix.Fchmodat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), mode, 0)
}

// makeCommonDir gives the file its name when it is complete: git must never
// see it empty.
func makeCommonDir(parent int, name string) error {
	f, err := unix.Openat(parent, ".", unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o444)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(f) }()
	if _, err := unix.Write(f, []byte(commonDirText)); err != nil {
		return err
	}
	if err := unix.Fchmod(f, commonDirMode&^unix.S_IFMT); err != nil {
		return err
	}
	return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", f), parent, name, unix.AT_SYMLINK_FOLLOW)
}

// remove removes a placeholder, unless it is something else by now. Another user's
// jail may have made it and be gone. A directory that is not empty stays, with the
// mode of an ordinary one.
func remove(parent int, name string) {
	var st unix.Stat_t
	if unix.Fstatat(parent, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return
	}
	switch {
	case st.Mode == directoryMode:
		if unix.Unlinkat(parent, name, unix.AT_REMOVEDIR) != nil {
			_ = changeMode(parent, name, 0o700)
		}
	case st.Mode&unix.S_IFMT == unix.S_IFLNK:
		var target [len(Target) + 1]byte
		if n, err := unix.Readlinkat(parent, name, target[:]); err == nil && string(target[:n]) == Target {
			_ = unix.Unlinkat(parent, name, 0)
		}
	case Like(&st) && (st.Mode != commonDirMode || hasText(parent, name)):
		_ = unix.Unlinkat(parent, name, 0)
	}
}

// hasText tells whether a file that has the mode and size of a CommonDir also has
// its text. A launcher that confined itself can't read it: then mode and size decide,
// since nobody else gives a file that mode.
func hasText(parent int, name string) bool {
	f, err := unix.Openat(parent, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return errors.Is(err, unix.EPERM)
	}
	defer func() { _ = unix.Close(f) }()
	var text [len(commonDirText) + 1]byte
	n, err := unix.Read(f, text[:])
	return err == nil && string(text[:n]) == commonDirText
}

func parentOf(path string) string {
	if cut := strings.LastIndexByte(path, '/'); cut > 0 {
		return path[:cut]
	}
	return "/"
}

func baseOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
