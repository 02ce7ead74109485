package standin

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Held are the stand-ins of one jail. Nobody removes them before Release, or
// the end of this process.
type Held struct {
	records []*record
}

// Make puts stand-ins in the place of all entries, those above others first,
// and records them in a directory of the user's own, which is made when it is
// missing. A name that has come to exist since somebody looked is left alone.
func Make(records string, entries []Entry) (*Held, error) {
	h := &Held{}
	if err := makeRecords(records); err != nil {
		return nil, fmt.Errorf("the directory of stand-ins: %w", err)
	}
	for len(entries) > 0 {
		dir, n := parentOf(entries[0].Path), 1
		for n < len(entries) && parentOf(entries[n].Path) == dir {
			n++
		}
		r, err := hold(records, dir)
		if err == nil {
			h.records = append(h.records, r)
			err = r.make(entries[:n])
		}
		if err != nil {
			h.Release()
			return nil, err
		}
		entries = entries[n:]
	}
	return h, nil
}

// For says which jail the stand-ins are for, by its first process, a child of
// this one: should this one be killed, they stay until that one is dead. A nil Held
// holds nothing.
func (h *Held) For(first int) error {
	if h == nil {
		return nil
	}
	jail, err := newHolder(first)
	if err != nil {
		return fmt.Errorf("record whom the stand-ins are for: %w", err)
	}
	line := append(jail.append(nil), '\n')
	for _, r := range h.records {
		if err := r.write(line); err != nil {
			return fmt.Errorf("record whom the stand-ins in %s are for: %w", r.dir, err)
		}
	}
	return nil
}

// Dirs are the directories in which Release removes something, that of the records
// among them. A nil Held has none.
func (h *Held) Dirs() []string {
	if h == nil {
		return nil
	}
	dirs := make([]string, 0, len(h.records)+1)
	for _, r := range h.records {
		dirs = append(dirs, r.dir, parentOf(r.path))
	}
	return dirs
}

// Release gives the stand-ins up. They are removed if no other jail needs
// them, the innermost first. Jails of killed launchers are given a moment to
// die. It opens nothing for reading or writing (but see changeMode and hasText): a
// process that can no longer do that looks at numbers of processes alone, and leaves
// what is in doubt to the next Sweep. A nil Held holds nothing.
func (h *Held) Release() {
	if h == nil {
		return
	}
	deadline := time.Now().Add(dying)
	for _, record := range slices.Backward(h.records) {
		record.release(deadline)
	}
	h.records = nil
}

// make makes entries that lie in the record's directory. They are written down
// first: what a dying process leaves behind is known.
func (r *record) make(entries []Entry) error {
	if err := r.add(entries); err != nil {
		return fmt.Errorf("record the stand-ins in %s: %w", r.dir, err)
	}
	var err error
	if r.place, err = openPlace(r.dir); err != nil {
		return fmt.Errorf("open %s: %w", r.dir, err)
	}
	if err := r.place.share(); err != nil {
		return fmt.Errorf("share %s with other jails: %w", r.dir, err)
	}
	parent := int(r.place)
	var first [Directory + 1]string
	for _, e := range entries {
		name := baseOf(e.Path)
		if of := first[e.Kind]; of != "" && unix.Linkat(parent, of, parent, name, 0) == nil {
			continue
		}
		err := makeOne(parent, name, e.Kind)
		switch {
		case err == nil && (e.Kind == Link || e.Kind == Socket):
			// The others become further names of the same file, which costs a
			// quarter of making one.
			first[e.Kind] = name
		case err != nil && !errors.Is(err, unix.EEXIST):
			return fmt.Errorf("keep %s absent: %w", e.Path, err)
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

// changeMode is chmod(2) of a directory that must not have become a link
// meanwhile. It takes no descriptor that could be read from: a launcher may not be
// able to get one any more.
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

// remove takes a stand-in away, unless it is something else by now. Another
// user's jail may have made it, and be gone. A directory that was used stays, as an
// ordinary one.
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

// hasText tells whether a file that has the mode and size of a CommonDir is one. Where
// its text can't be read, as at the end of a launcher, which opens nothing any more,
// these decide: nobody else gives a file that mode.
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
