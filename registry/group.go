package registry

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// lockWait is how long a jail may take from the start to its registration.
const lockWait = 10 * time.Second

// Lock waits until no jail of a group is between its start and its registration. The
// caller unlocks when its own jail is registered, or has not started.
func (p Place) Lock() (unlock func(), err error) {
	dir, err := p.open(true)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	fd, err := unix.Open(dir.Path(), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(lockWait); ; time.Sleep(time.Millisecond) {
		err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("wait until other jails have started: %w", err)
	}
	return func() {
		_ = unix.Flock(fd, unix.LOCK_UN) // the jail's init may still have the descriptor
		_ = unix.Close(fd)
	}, nil
}

// Member returns a jail of a group that runs, nil for none. The one that made the network
// comes first. The caller closes it.
func Member(p Place, group string) (*Jail, error) {
	jails, _, err := Running(p)
	if err != nil {
		return nil, err
	}
	var found *Jail
	for _, j := range jails {
		if j.Group == group && (found == nil || found.Joined) {
			found = j
		}
	}
	CloseAll(jails, found)
	return found, nil
}

// Pidfd is that of the jail's init, which the jail owns.
func (j *Jail) Pidfd() int { return int(j.init) }
