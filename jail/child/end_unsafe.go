package child

import (
	"syscall"
	"unsafe"

	"github.com/jail-project/jail/jail/plan"
)

// How the processes of the child end. The rules of child_unsafe.go hold here.

// wait reaps children until the program is among them, and ends like it.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func wait(s *scratch, pid uintptr) {
	var ret uintptr
	var errno syscall.Errno

	for {
		ret, _, errno = syscall.RawSyscall6(syscall.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&s.status)), 0, 0, 0, 0)
		if errno == 0 && ret == pid {
			leave(s.status)
		}
		if errno != 0 && errno != syscall.EINTR {
			exit(plan.ExitFailed)
		}
	}
}

// fail reports the op that run stopped at and ends the process. The shared
// counter can't serve here: by now another process may have moved it on.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func fail(r *encoded, s *scratch, errno syscall.Errno) {
	s.message[1] = int32(errno)
	syscall.RawSyscall6(syscall.SYS_WRITE, s.slots[plan.SlotStatus], uintptr(unsafe.Pointer(&s.message)), plan.StatusSize, 0, 0, 0)
	if s.message[0] != r.opCount-1 {
		exit(plan.ExitFailed)
	}
	// execve failed. The launcher has no status message when the filter forbids
	// write(2); the exit status says as much as a shell's.
	if errno == syscall.ENOENT {
		exit(plan.ExitNotFound)
	}
	exit(plan.ExitNotExecutable)
}

// leave ends the init the way the program ended: with its status, or 128+N after signal N.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func leave(status uint32) {
	if status&0x7f == 0 {
		exit(uintptr(status >> 8 & 0xff))
	}
	exit(uintptr(128 + status&0x7f))
}

// exit ends the process, by an undefined instruction if the filter forbids the call.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func exit(code uintptr) {
	for {
		syscall.RawSyscall6(syscall.SYS_EXIT_GROUP, code, 0, 0, 0, 0, 0)
		crash()
	}
}

// crash is an undefined instruction. Its SIGILL ends any process, the first of
// a PID namespace too.
func crash()
