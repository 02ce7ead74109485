package registry

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// killWait is how long a jail that was killed may take to be gone. Only a
// process that the kernel can't interrupt takes longer.
const killWait = 10 * time.Second

// Stop asks the program to end, and after the grace kills the jail with
// everything in it. It returns whether it had to.
func (j *Jail) Stop(grace time.Duration) (killed bool, err error) {
	if grace > 0 {
		err := j.main.signal(unix.SIGTERM)
		if err == nil {
			err = j.main.signal(unix.SIGCONT) // one that is stopped could not obey
		}
		if err != nil && !errors.Is(err, errGone) {
			return false, fmt.Errorf("send SIGTERM to the program: %w", err)
		}
		if j.init.ended(int(grace.Milliseconds())) {
			return false, nil
		}
	}
	// When the init of a PID namespace ends, the kernel kills all others,
	// also when it is stopped.
	if err := j.init.signal(unix.SIGKILL); err != nil && !errors.Is(err, errGone) {
		return true, fmt.Errorf("kill the jail's init: %w", err)
	}
	if !j.init.ended(int(killWait.Milliseconds())) {
		return true, fmt.Errorf("it was killed and is still there after %v: a process in it waits for a device or a file system that does not answer", killWait)
	}
	return true, j.killStragglers()
}

// killStragglers kills the processes that a jail without a PID namespace of its own
// leaves.
func (j *Jail) killStragglers() error {
	own, err := namespacesOf(self)
	if err != nil || own[pidKind] != j.Namespaces[pidKind] {
		return err
	}
	for end := time.Now().Add(killWait); time.Now().Before(end); {
		members, err := j.members()
		if err != nil || len(members) == 0 {
			return err
		}
		for _, h := range members {
			_ = h.signal(unix.SIGKILL)
			h.ended(100)
			h.close()
		}
	}
	return errors.New("processes of it are still there")
}

// members takes hold of all processes in the jail's user and mount namespace.
func (j *Jail) members() ([]handle, error) {
	pids, err := processes()
	if err != nil {
		return nil, err
	}
	var members []handle
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue
		}
		user, errUser := namespaceOf(pid, "user")
		mount, errMount := namespaceOf(pid, "mnt")
		if errUser != nil || errMount != nil || user != j.Namespaces[userKind] || mount != j.Namespaces[mountKind] || handle(fd).ended(0) {
			unix.Close(fd)
			continue
		}
		members = append(members, handle(fd))
	}
	return members, nil
}
