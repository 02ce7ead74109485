package search

import (
	"errors"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/trust"
)

// truster asks package trust in the name of a user, with what package policy
// knows about a file of one directory.
type truster struct {
	uid int
	dir string
}

// judge judges a file or directory by itself, and the directory "." with the way to it. The
// ways to files are judged where they are opened.
func (t truster) judge(name string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*unix.Stat_t)
	if !ok {
		return errors.New("its owner is unknown")
	}
	if err := trust.File(t.uid, path.Join(t.dir, name), stat); err != nil || name != "." {
		return err
	}
	return trust.Way(t.uid, t.dir)
}

// judgedFS is a HostFS that opens a file only where nobody but root and the user could have
// put it or another one: every directory and every link on the way is judged before
// it is opened.
type judgedFS struct {
	HostFS
	uid int
}

// Open implements fs.FS.
func (f judgedFS) Open(name string) (fs.File, error) {
	full, err := f.path("open", name)
	if err != nil {
		return nil, err
	}
	real, err := trust.Resolve(f.uid, full)
	if _, bad := errors.AsType[*trust.Error](err); bad {
		return nil, err
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: full, Err: err}
	}
	return open(real, unix.O_NOFOLLOW)
}
