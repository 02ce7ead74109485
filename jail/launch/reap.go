package launch

import (
	"errors"
	"syscall"
)

// reap waits for a child of this process. It tells the runtime that it may block: to a
// thread that counts as running, the runtime would send a signal a hundred times a
// second, and the child may run for days.
func reap(pid int) syscall.WaitStatus {
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(pid, &status, 0, nil); !errors.Is(err, syscall.EINTR) {
			return status
		}
	}
}
