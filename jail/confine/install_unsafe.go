package confine

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"

	"github.com/jail-project/jail/allowlist"
	"github.com/jail-project/jail/landlock"
)

// canInstall tells whether the kernel installs filters in all threads of a process:
// without a program it says EFAULT (seccomp(2)).
func canInstall() error {
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, 0)
	if !errors.Is(errno, unix.EFAULT) {
		return fmt.Errorf("ask for syscall filters: %w", errno)
	}
	return nil
}

// Install installs a filter in all threads of this process, which become unable to
// gain privileges by execve(2) with it.
func Install(program []byte) error {
	// The kernel lets a thread install a filter that has given up new privileges itself.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	fprog := unix.SockFprog{Len: uint16(len(program) / allowlist.Size), Filter: (*unix.SockFilter)(unsafe.Pointer(&program[0]))}
	thread, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	switch {
	case errno != 0:
		return fmt.Errorf("install a syscall filter: %w", errno)
	case thread != 0:
		return fmt.Errorf("install a syscall filter: thread %d has another one already", thread)
	}
	return nil
}

// landlockVersion is the kernel's, 0 for none.
func landlockVersion() landlock.ABI {
	version, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return landlock.ABI(version)
}

func createRuleset(attr []byte) (int, error) {
	fd, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr[0])), uintptr(len(attr)), 0)
	if errno != 0 {
		return -1, fmt.Errorf("make a Landlock ruleset: %w", errno)
	}
	return int(fd), nil
}

func addRule(ruleset int, attr []byte) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&attr[0])), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("add a Landlock rule: %w", errno)
	}
	return nil
}

// restrict restricts every thread. The kernel does it for one at a time
// (landlock_restrict_self(2)), the flag for all is Linux 7.0's.
func restrict(ruleset int) error {
	for _, call := range [...][4]uintptr{
		{unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1},
		{unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(ruleset)},
	} {
		if _, _, errno := psx.Syscall6(call[0], call[1], call[2], call[3], 0, 0, 0); errno != 0 {
			return fmt.Errorf("restrict all threads by Landlock: %w", errno)
		}
	}
	return nil
}
