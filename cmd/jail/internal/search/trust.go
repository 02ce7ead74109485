package search

import (
	"errors"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/trust"
)

// truster asks package trust in the name of a user, with what package policy
// knows about a file.
type truster struct{ uid int }

// file judges a file or directory by itself.
func (t truster) file(_ string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*unix.Stat_t)
	if !ok {
		return errors.New("its owner is unknown")
	}
	return trust.File(t.uid, stat)
}

// named judges a file that was named by its path, and the directories on the way: another
// user who can write one of them could have put the file there.
func (t truster) named(name string, info fs.FileInfo) error {
	if err := t.file(name, info); err != nil {
		return err
	}
	return trust.Way(path.Join("/", name))
}

// directory judges what lies in a directory of the search path, and the way
// to it.
func (t truster) directory(dir string) func(name string, info fs.FileInfo) error {
	return func(name string, info fs.FileInfo) error {
		if err := t.file(name, info); err != nil || name != "." {
			return err
		}
		return trust.Way(dir)
	}
}
