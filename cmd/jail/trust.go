package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
)

// trust judges whether a profile, or a directory of profiles, may be used by
// this user: whoever can write it decides what jails grant. So it must belong
// to root or the user, and nobody else may write it, the group included.
type trust struct{ uid int }

// file judges a file or directory by itself.
func (t trust) file(_ string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*unix.Stat_t)
	if !ok {
		return errors.New("its owner is unknown")
	}
	switch {
	case stat.Uid != 0 && stat.Uid != uint32(t.uid):
		return fmt.Errorf("it belongs to user %d", stat.Uid)
	case stat.Mode&unix.S_IWOTH != 0:
		return fmt.Errorf("everybody can write it (mode %04o)", stat.Mode&0o7777)
	case stat.Mode&unix.S_IWGRP != 0:
		return fmt.Errorf("its group can write it (mode %04o)", stat.Mode&0o7777)
	}
	return nil
}

// directory judges what lies in a directory of the search path, and the way
// to it: who can rename an element of the way can put another directory there.
// A sticky directory such as /tmp does not let others do that.
func (t trust) directory(dir string) func(name string, info fs.FileInfo) error {
	return func(name string, info fs.FileInfo) error {
		if err := t.file(name, info); err != nil || name != "." {
			return err
		}
		for parent := path.Dir(dir); ; parent = path.Dir(parent) {
			var stat unix.Stat_t
			if err := unix.Stat(parent, &stat); err != nil {
				return fmt.Errorf("%s cannot be examined: %w", diag.Escape(parent), err)
			}
			if stat.Mode&unix.S_IWOTH != 0 && stat.Mode&unix.S_ISVTX == 0 {
				return fmt.Errorf("everybody can rename what lies in %s (mode %04o)", diag.Escape(parent), stat.Mode&0o7777)
			}
			if parent == "/" {
				return nil
			}
		}
	}
}
