// Package trust judges whether a profile may be used by this user: whoever can
// write it, or put another one in its place, decides what jails grant.
package trust

import (
	"fmt"
	"path"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
)

// File judges a file or directory by itself, for the user uid. It must belong
// to root or the user, and nobody else may write it, the group included. The
// error says why it is not trusted.
func File(uid int, stat *unix.Stat_t) error {
	switch {
	case stat.Uid != 0 && stat.Uid != uint32(uid):
		return fmt.Errorf("it belongs to user %d", stat.Uid)
	case stat.Mode&unix.S_IWOTH != 0:
		return fmt.Errorf("everybody can write it (mode %04o)", stat.Mode&0o7777)
	case stat.Mode&unix.S_IWGRP != 0:
		return fmt.Errorf("its group can write it (mode %04o)", stat.Mode&0o7777)
	}
	return nil
}

// Way judges the directories above an absolute path: who can rename an element
// of the way can put another directory there. A sticky directory such as /tmp
// does not let others do that.
func Way(dir string) error {
	for dir != "/" {
		dir = path.Dir(dir)
		var stat unix.Stat_t
		if err := unix.Stat(dir, &stat); err != nil {
			return fmt.Errorf("%s cannot be examined: %w", diag.Escape(dir), err)
		}
		if stat.Mode&unix.S_IWOTH != 0 && stat.Mode&unix.S_ISVTX == 0 {
			return fmt.Errorf("everybody can rename what lies in %s (mode %04o)", diag.Escape(dir), stat.Mode&0o7777)
		}
	}
	return nil
}
