package child

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A network namespace that others made is joined before the init has a user namespace of
// its own, in which it would have no right to join (setns(2)). Where the namespace belongs
// to a user namespace of the caller's, that is joined first, which only a process with one
// thread can do. So a process of its own joins both and makes the init, as a child of the
// launcher (CLONE_PARENT), and ends.

// Join is what the init's network is, by descriptors of namespaces.
type Join struct {
	Network int
	User    int // the user namespace that it belongs to, -1 for the caller's own

	// UID and GID are the caller's ids in that user namespace, set by Memory.Fork.
	UID, GID int
}

// The calls that may refuse to join.
const (
	JoinUser = 1 + iota
	JoinNetwork
	JoinFork
)

// JoinError is the kernel's refusal to join.
type JoinError struct {
	Step  int // of those above
	Errno syscall.Errno
}

func (e JoinError) Error() string { return "join a network namespace: " + e.Errno.Error() }

// joining is what the process that joins knows and reports.
type joining struct {
	user, network uintptr // descriptors; ^0 for no user namespace
	uid, gid      uintptr
	step, errno   uintptr
	init          uintptr // its pid
}

// join starts the process that joins, waits until it has ended, and returns the pid of the
// init. What that is made with is in s.clone.
func (m *Memory) join(s *scratch, to *Join) (int, error) {
	j := &s.join
	*j = joining{user: uintptr(to.User), network: uintptr(to.Network)}
	s.clone.flags |= unix.CLONE_PARENT
	s.clone.exit = 0 // of such a child it is that of the process that joins
	s.next.fill(uintptr(unix.SIGCHLD))
	joiner, errno := forkJoiner(m.header(), s)
	if errno != 0 {
		return 0, ForkError(errno)
	}
	for {
		if _, err := syscall.Wait4(int(joiner), nil, 0, nil); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if j.errno != 0 || j.init == 0 {
		return 0, JoinError{int(j.step), syscall.Errno(j.errno)}
	}
	to.UID, to.GID = int(j.uid), int(j.gid)
	return int(j.init), nil
}

// forkJoiner is fork for the process that joins. It runs on the stack of the program's
// process, which does not exist yet.
//
//go:noinline
//go:norace
//go:nocheckptr
func forkJoiner(r *encoded, s *scratch) (pid uintptr, errno syscall.Errno) {
	runtimeBeforeFork()
	pid = cloneJoiner(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&s.next.clone)), unsafe.Sizeof(s.clone), 0, r, s)
	runtimeAfterFork()
	return pid, refused(pid)
}

// cloneJoiner is cloneFirst for joiner.
//
//go:noescape
func cloneJoiner(number, first, second, tls uintptr, r *encoded, s *scratch) (pid uintptr)

var _ = joiner // which cloneJoiner calls

// joiner runs in the process that joins. The rules of child_unsafe.go hold here.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func joiner(r *encoded, s *scratch) {
	var ret uintptr
	var errno syscall.Errno

	if s.join.user != ^uintptr(0) {
		s.join.step = JoinUser
		_, _, errno = syscall.RawSyscall6(unix.SYS_SETNS, s.join.user, unix.CLONE_NEWUSER, 0, 0, 0, 0)
	}
	if errno == 0 {
		s.join.uid, _, _ = syscall.RawSyscall6(syscall.SYS_GETUID, 0, 0, 0, 0, 0, 0)
		s.join.gid, _, _ = syscall.RawSyscall6(syscall.SYS_GETGID, 0, 0, 0, 0, 0, 0)
		s.join.step = JoinNetwork
		_, _, errno = syscall.RawSyscall6(unix.SYS_SETNS, s.join.network, unix.CLONE_NEWNET, 0, 0, 0, 0)
	}
	if errno == 0 {
		s.join.step = JoinFork
		ret = cloneFirst(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&s.clone)), unsafe.Sizeof(s.clone), 0, r, s)
		errno = refused(ret)
		s.join.init = ret
	}
	s.join.errno = uintptr(errno)
	exit(0)
}
