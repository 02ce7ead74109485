package child

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// InsideError is the kernel's refusal to make the init in namespaces of another jail.
type InsideError syscall.Errno

func (e InsideError) Error() string {
	return "join the namespaces of the jail: " + syscall.Errno(e).Error()
}

// Unwrap returns the errno.
func (e InsideError) Unwrap() error { return syscall.Errno(e) }

// atCwd is AT_FDCWD of openat(2), for an absolute path without meaning.
const atCwd = ^uintptr(99)

// forkInside starts the init in namespaces of another jail. Only a process with one thread
// can join a user namespace (setns(2)), so a first one does, makes the init in its place
// as a child of this process (CLONE_PARENT), and ends. It has the stack of the program's
// process, which comes later.
func (m *Memory) forkInside(s *scratch, namespaces uintptr, in *plan.Inside) (pid int, err error) {
	s.inside, s.namespaces = true, [2]uintptr{uintptr(in.User), uintptr(in.Network)}
	s.become, s.uid, s.gid = in.Become, uintptr(in.UID), uintptr(in.GID)
	copy(s.scorePath[:], "/proc/self/oom_score_adj")
	s.scoreSize = uintptr(copy(s.score[:], in.OOMScore))
	s.second = s.cloneArgs(s, namespaces&byClone|unix.CLONE_PARENT)
	first, err := m.fork(s, s.next, uintptr(unix.SIGCHLD))
	if err != nil {
		return 0, err
	}
	var status syscall.WaitStatus
	for {
		if _, err = syscall.Wait4(int(first), &status, 0, nil); err != syscall.EINTR { //nolint:errorlint // a syscall's own
			break
		}
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("wait for the process that joins: %w", err)
	case s.init != 0:
		return int(s.init), nil
	case s.refused != 0:
		return 0, InsideError(s.refused)
	}
	return 0, fmt.Errorf("the process that joins has ended with status %#x", uint32(status))
}

// cloneInside is cloneFirst for the process that makes the init. That runs enterFirst,
// makes a syscall of its results, and runs leaveFirst; the init runs initProcess.
//
//go:noescape
func cloneInside(number, first, second, tls uintptr, r *encoded, s *scratch) (pid uintptr)

var (
	_ = enterFirst // which cloneInside calls
	_ = leaveFirst // likewise
)

// enterFirst runs in the process that makes the init, and returns the syscall for that. The
// process is not dumpable (PR_SET_DUMPABLE(2const)) before it joins, and so is the init: a
// program of the other jail that can name them, and has capabilities there, could use ptrace
// on them otherwise. The rules of child_unsafe.go hold here.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func enterFirst(r *encoded, s *scratch) (number, first, second, tls uintptr) {
	offerFirst(s)
	insideCall(s, syscall.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0, 0)
	insideCall(s, unix.SYS_SETNS, s.namespaces[0], unix.CLONE_NEWUSER, 0)
	insideCall(s, unix.SYS_SETNS, s.namespaces[1], unix.CLONE_NEWNET, 0)
	if s.become {
		insideCall(s, syscall.SYS_SETGROUPS, 0, 0, 0)
		insideCall(s, syscall.SYS_SETRESGID, s.gid, s.gid, s.gid)
		insideCall(s, syscall.SYS_SETRESUID, s.uid, s.uid, s.uid)
	}
	insideCall(s, syscall.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0, 0) // other credentials can have reset it
	if s.handlers {
		return syscall.SYS_CLONE, uintptr(s.second.flags) &^ unix.CLONE_CLEAR_SIGHAND, uintptr(s.second.stack + s.second.stackSize), uintptr(s.second.tls)
	}
	return unix.SYS_CLONE3, uintptr(unsafe.Pointer(&s.second)), unsafe.Sizeof(s.second), 0
}

// leaveFirst ends the process that has made the init, by what the kernel returned.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func leaveFirst(r *encoded, s *scratch, pid uintptr) {
	if pid > ^uintptr(4095) {
		s.refused = syscall.Errno(-pid)
		exit(plan.ExitFailed)
	}
	s.init = pid
	exit(0)
}

// offerFirst writes the oom_score_adj. The kernel refuses one below that of the caller,
// which is no harm.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func offerFirst(s *scratch) {
	var fd uintptr
	var errno syscall.Errno

	if s.scoreSize == 0 {
		return
	}
	fd, _, errno = syscall.RawSyscall6(syscall.SYS_OPENAT, atCwd, uintptr(unsafe.Pointer(&s.scorePath)), unix.O_WRONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return
	}
	syscall.RawSyscall6(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&s.score)), s.scoreSize, 0, 0, 0)
	syscall.RawSyscall6(syscall.SYS_CLOSE, fd, 0, 0, 0, 0, 0)
}

// insideCall makes a syscall; if the kernel refuses it, the process ends.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func insideCall(s *scratch, number, first, second, third uintptr) {
	var errno syscall.Errno

	_, _, errno = syscall.RawSyscall6(number, first, second, third, 0, 0, 0)
	if errno != 0 {
		s.refused = errno
		exit(plan.ExitFailed)
	}
}
