package placeholder

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// place is an open directory that holds placeholders. Locks on it are how jails of
// different users know of each other: everybody who can read a directory can lock
// it.
//
// They are read locks of an open file description (F_OFD_SETLK of fcntl(2)). A
// directory cannot be opened for writing, so nobody can have a write lock on it, and
// no read lock is refused. F_OFD_GETLK tells whether anybody else has one. Two
// launchers that each lock first and ask second can't miss each other:
//
//	a jail begins             the last one ends
//	lock "in use"             unlock "in use", lock "clearing"
//	wait until no "clearing"  give up if "in use"
//	make placeholders         remove placeholders
//
// flock(2) would suffice; but flock(1) locks directories with it for as long as a
// command runs, and that may be jail.
type place int

// nowhere is a place that is not open.
const nowhere place = -1

// The bytes of the directory that are locked. A lock needs no data.
const (
	inUse    = 0
	clearing = 1
)

// How long share waits for another launcher that removes placeholders, which takes
// under a millisecond unless it is stopped, and how often it asks.
const (
	clearingTime = 2 * time.Second
	clearingLook = time.Millisecond
)

// errClearing says that another process holds "clearing" for too long.
var errClearing = errors.New("another process keeps it locked for removing placeholders (`fuser` names who has it open)")

// openPlace opens a directory if no component is a symbolic link.
func openPlace(dir string) (place, error) {
	fd, err := unix.Openat2(unix.AT_FDCWD, dir, &unix.OpenHow{
		Flags: unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nowhere, err
	}
	return place(fd), nil
}

// share locks "in use", so that nobody removes placeholders here until leave or
// the end of this process.
func (p place) share() error {
	if err := p.lock(inUse, unix.F_RDLCK); err != nil {
		return err
	}
	for began := time.Now(); ; time.Sleep(clearingLook) {
		busy, err := p.locked(clearing)
		if err != nil || !busy {
			return err
		}
		if time.Since(began) > clearingTime {
			return errClearing
		}
	}
}

// leave unlocks "in use".
func (p place) leave() {
	if p != nowhere {
		_ = p.lock(inUse, unix.F_UNLCK)
	}
}

// clear locks "clearing" and tells whether nobody has "in use". If so, nobody gets
// past share before close.
func (p place) clear() bool {
	if p.lock(clearing, unix.F_RDLCK) != nil {
		return false
	}
	busy, err := p.locked(inUse)
	return err == nil && !busy
}

func (p place) close() {
	if p != nowhere {
		_ = unix.Close(int(p))
	}
}

func (p place) lock(what int64, how int16) error {
	return unix.FcntlFlock(uintptr(p), unix.F_OFD_SETLK, &unix.Flock_t{Type: how, Start: what, Len: 1})
}

// locked tells whether anybody else has a read lock: it conflicts with the write
// lock that is asked for.
func (p place) locked(what int64) (bool, error) {
	l := unix.Flock_t{Type: unix.F_WRLCK, Start: what, Len: 1}
	err := unix.FcntlFlock(uintptr(p), unix.F_OFD_GETLK, &l)
	return l.Type != unix.F_UNLCK, err
}
