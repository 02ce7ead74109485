package child

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
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
	// Inside is that of the plan: the namespaces are those of another jail, and the init
	// gets no user namespace of its own.
	Inside *plan.Inside

	// UID and GID are the caller's ids in that user namespace, set by Memory.Fork.
	UID, GID int
}

// The calls that may refuse to join.
const (
	JoinUser = 1 + iota
	JoinNetwork
	JoinFork
	JoinHide   // PR_SET_DUMPABLE
	JoinBecome // setgroups, setresgid, setresuid
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

	// For Join.Inside alone.
	hide                 bool
	become               bool
	insideUID, insideGID uintptr  // whom to become, and the group
	scorePath            [32]byte // the file for score
	score                [8]byte
	scoreSize            uintptr
}

// join starts the process that joins, waits until it has ended, and returns the pid of the
// init. What that is made with is in s.clone.
func (m *Memory) join(s *scratch, to *Join) (int, error) {
	j := &s.join
	*j = joining{user: uintptr(to.User), network: uintptr(to.Network)}
	if in := to.Inside; in != nil {
		j.hide, j.become, j.insideUID, j.insideGID = true, in.Become, uintptr(in.UID), uintptr(in.GID)
		copy(j.scorePath[:], "/proc/self/oom_score_adj")
		j.scoreSize = uintptr(copy(j.score[:], in.OOMScore))
	}
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

// cloneJoiner is cloneFirst for the process that joins. That runs joiner, makes a syscall of
// its results, and runs leaveJoiner; the init runs initProcess. So the stack is no deeper
// than that of an init which the launcher makes.
//
//go:noescape
func cloneJoiner(number, first, second, tls uintptr, r *encoded, s *scratch) (pid uintptr)

var (
	_ = joiner      // which cloneJoiner calls
	_ = leaveJoiner // likewise
)

// joiner joins, and returns the syscall that makes the init. In namespaces of another jail
// the process and the init are not dumpable (PR_SET_DUMPABLE(2const)) from before they join:
// a program of that jail that can name them, and has capabilities there, could use ptrace on
// them otherwise. The rules of child_unsafe.go hold here.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func joiner(_ *encoded, s *scratch) (number, first, second, tls uintptr) {
	if s.join.hide {
		offer(s)
		demand(s, JoinHide, syscall.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0, 0)
	}
	if s.join.user != ^uintptr(0) {
		demand(s, JoinUser, unix.SYS_SETNS, s.join.user, unix.CLONE_NEWUSER, 0)
	}
	demand(s, JoinNetwork, unix.SYS_SETNS, s.join.network, unix.CLONE_NEWNET, 0)
	if s.join.become {
		demand(s, JoinBecome, syscall.SYS_SETGROUPS, 0, 0, 0)
		demand(s, JoinBecome, syscall.SYS_SETRESGID, s.join.insideGID, s.join.insideGID, s.join.insideGID)
		demand(s, JoinBecome, syscall.SYS_SETRESUID, s.join.insideUID, s.join.insideUID, s.join.insideUID)
	}
	if s.join.hide { // other credentials can have reset it
		demand(s, JoinHide, syscall.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0, 0)
	}
	s.join.uid, _, _ = syscall.RawSyscall6(syscall.SYS_GETUID, 0, 0, 0, 0, 0, 0)
	s.join.gid, _, _ = syscall.RawSyscall6(syscall.SYS_GETGID, 0, 0, 0, 0, 0, 0)
	return unix.SYS_CLONE3, uintptr(unsafe.Pointer(&s.clone)), unsafe.Sizeof(s.clone), 0
}

// leaveJoiner ends the process that has made the init, by what the kernel returned.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func leaveJoiner(_ *encoded, s *scratch, pid uintptr) {
	s.join.step = JoinFork
	if pid > ^uintptr(4095) {
		s.join.errno = -pid
	} else {
		s.join.init = pid
	}
	exit(0)
}

// demand makes a syscall; if the kernel refuses it, the process ends.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func demand(s *scratch, step, number, first, second, third uintptr) {
	var errno syscall.Errno

	_, _, errno = syscall.RawSyscall6(number, first, second, third, 0, 0, 0)
	if errno != 0 {
		s.join.step = step
		s.join.errno = uintptr(errno)
		exit(0)
	}
}

// atCwd is AT_FDCWD of openat(2), which means nothing with an absolute path.
const atCwd = ^uintptr(99)

// offer writes the oom_score_adj of proc(5), before that file is not the process's own. The
// kernel refuses one below that of the caller, which is no harm.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func offer(s *scratch) {
	var fd uintptr
	var errno syscall.Errno

	if s.join.scoreSize == 0 {
		return
	}
	fd, _, errno = syscall.RawSyscall6(syscall.SYS_OPENAT, atCwd, uintptr(unsafe.Pointer(&s.join.scorePath)), unix.O_WRONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return
	}
	syscall.RawSyscall6(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&s.join.score)), s.join.scoreSize, 0, 0, 0)
	syscall.RawSyscall6(syscall.SYS_CLOSE, fd, 0, 0, 0, 0, 0)
}
