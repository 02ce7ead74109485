// Package child runs between fork and exec: it encodes a plan into memory that launcher
// and child share, and executes it in a loop without the Go runtime. Package compile
// decides what is in the plan, and package launch reads the child's status messages.
package child

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// Rules for what the child runs. Between clone and execve there is one thread, no
// working allocator, no growing stack, and locks may be held by threads that no
// longer exist. Therefore:
//
//   - The child decides nothing. Encode writes every number, text and struct into shared
//     memory before the child reads it.
//   - Every function that the child enters is nosplit and norace, and is
//     entered with arguments that are numbers or pointers to memory that
//     outlives it.
//   - No new variable escapes, nothing is allocated, no map, interface,
//     closure, defer, append or string is touched, nothing is indexed.
//   - There is no heap: the child has the shared memory, the code, and the variables of
//     packages, see dontFork.
//   - The only calls are the two runtime hooks, the raw syscall stubs, and
//     functions of this package. A test reads the compiled code and compares.

// fill prepares s.clone for a process with these flags and the stack of s.
func (s *scratch) fill(flags uintptr) {
	s.clone.flags, s.clone.exit = uint64(flags&^0xff)|unix.CLONE_SETTLS|unix.CLONE_CLEAR_SIGHAND, uint64(flags&0xff)
	s.clone.stack = uint64(uintptr(unsafe.Pointer(&s.stack)))
	s.clone.stackSize = uint64(s.top()) - s.clone.stack
	s.clone.tls = uint64(uintptr(unsafe.Pointer(&s.tls[tlsWords-1])))
}

// fork starts the jail's init, in the namespaces that only clone(2)
// can put it into, and returns its pid to the launcher. The child runs
// initProcess(r, s) on a stack of its own, and never returns here.
//
// Precondition: s is filled. The calling goroutine is locked to its thread, and stays so
// for the life of the child: PR_SET_PDEATHSIG fires when the thread ends.
//
//go:noinline
//go:norace
//go:nocheckptr
func fork(r *encoded, s *scratch, flags uintptr) (pid uintptr, errno syscall.Errno) {
	runtimeBeforeFork()
	pid = cloneFirst(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&s.clone)), unsafe.Sizeof(s.clone), 0, r, s)
	switch refused(pid) {
	case 0, syscall.EAGAIN, syscall.ENOMEM, syscall.ENOSPC, syscall.EUSERS: // as clone(2) would have it
	default: // perhaps a seccomp filter around jail, which can't read the structure
		s.handlers = true
		pid = cloneFirst(syscall.SYS_CLONE, flags|unix.CLONE_SETTLS, s.top(), uintptr(s.clone.tls), r, s)
	}
	runtimeAfterFork()
	return pid, refused(pid)
}

// refused is the error in what the kernel returned.
//
//go:nosplit
//go:norace
//go:nocheckptr
func refused(ret uintptr) syscall.Errno {
	if ret > ^uintptr(4095) {
		return syscall.Errno(-ret)
	}
	return 0
}

// cloneFirst is clone(2) with its flags and the end of the stack, or clone3(2)
// with its structure and the size of that, for the jail's init.
//
//go:noescape
func cloneFirst(number, first, second, tls uintptr, r *encoded, s *scratch) (pid uintptr)

var _ = initProcess // which cloneFirst calls

// initProcess runs in the jail's init. It makes the namespaces, waits for the launcher to
// write the plan into shared memory (end of file says that there is none), executes the
// plan and forks the program's process. It closes its copy of the launcher's end of the
// status socket first: with that open, it would see no end of file when the launcher
// dies.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func initProcess(r *encoded, s *scratch) {
	var pid, ret, i uintptr
	var errno syscall.Errno

	clearMemory(s)
	clearSignals(s)
	syscall.RawSyscall6(syscall.SYS_CLOSE, s.ours, 0, 0, 0, 0, 0)
	_, _, errno = syscall.RawSyscall6(syscall.SYS_UNSHARE, s.unshare, 0, 0, 0, 0, 0)
	if errno != 0 {
		s.message[0] = plan.StepUnshare
		fail(r, s, errno)
	}
	for {
		ret, _, errno = syscall.RawSyscall6(syscall.SYS_READ, s.slots[plan.SlotStatus], uintptr(unsafe.Pointer(&s.message)), plan.StatusSize, 0, 0, 0)
		if errno != syscall.EINTR {
			break
		}
	}
	if errno != 0 || ret == 0 {
		exit(plan.ExitFailed)
	}
	errno = run(r, s, 0, r.forkAt)
	if errno != 0 {
		fail(r, s, errno)
	}
	if !r.reap {
		program(r, s)
	}
	//nolint:modernize // a range would declare a second i
	for i = 0; i < plan.SlotCount; i++ {
		s.next.slots[i] = s.slots[i]
	}
	pid = cloneProgram(unix.CLONE_VM|uintptr(unix.SIGCHLD), s.nextTop, r, s.next)
	if pid > ^uintptr(4095) {
		s.message[0] = plan.StepFork
		fail(r, s, syscall.Errno(-pid))
	}
	r.program = uint32(pid)
	errno = run(r, s, r.forkAt, r.execAt)
	if errno != 0 {
		fail(r, s, errno)
	}
	if r.serve {
		serveTerminal(s, pid)
	}
	wait(s, pid)
}

// cloneProgram is clone(2) for the program's process, which shares the memory
// of this one until execve(2): to copy the page tables of a Go program would take as long
// as all the mounts. The new process runs program(r, s) on the stack that ends
// at top; the old one gets its pid, or an errno as the kernel writes it.
//
//go:noescape
func cloneProgram(flags, top uintptr, r *encoded, s *scratch) (pid uintptr)

// program runs in the program's process, up to execve.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func program(r *encoded, s *scratch) {
	fail(r, s, run(r, s, r.execAt, r.opCount))
}

// run executes the ops [from, to) and stops at the first that fails.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func run(r *encoded, s *scratch, from, to int32) syscall.Errno {
	var op *encodedOp
	var ret uintptr
	var errno syscall.Errno

	for ; from < to; from++ {
		op = (*encodedOp)(unsafe.Add(unsafe.Pointer(r.ops), uintptr(from)*unsafe.Sizeof(encodedOp{})))
		r.step = uint32(from)
		s.args[0] = arg(r, s, op.kinds[0], op.args[0])
		s.args[1] = arg(r, s, op.kinds[1], op.args[1])
		s.args[2] = arg(r, s, op.kinds[2], op.args[2])
		s.args[3] = arg(r, s, op.kinds[3], op.args[3])
		s.args[4] = arg(r, s, op.kinds[4], op.args[4])
		s.args[5] = arg(r, s, op.kinds[5], op.args[5])
		ret, _, errno = syscall.RawSyscall6(op.number, s.args[0], s.args[1], s.args[2], s.args[3], s.args[4], s.args[5])
		if errno != 0 && errno != syscall.Errno(op.accept) && op.accept != plan.AcceptAny {
			s.message[0] = from
			return errno
		}
		if op.out >= 0 {
			s.slots[op.out&(plan.SlotCount-1)] = ret
		}
		if op.store != 0 {
			*(*uint32)(unsafe.Add(unsafe.Pointer(r.arena), op.store)) = uint32(ret)
		}
		if op.answer != 0 {
			errno = syscall.Errno(-*(*int32)(unsafe.Add(unsafe.Pointer(r.arena), op.answer)))
			if errno != 0 {
				s.message[0] = from
				return errno
			}
		}
	}
	return 0
}

// arg turns an encoded argument into what the kernel gets.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func arg(r *encoded, s *scratch, kind plan.ArgKind, v uintptr) uintptr {
	switch kind {
	case plan.ArgNumber:
		return v
	case plan.ArgSlot:
		return s.slots[v&(plan.SlotCount-1)]
	case plan.ArgShared:
		return uintptr(unsafe.Add(unsafe.Pointer(r), v))
	case plan.ArgBeneath:
		return beneath(s, (*beneathAttr)(unsafe.Add(unsafe.Pointer(r.arena), v)))
	default:
		return uintptr(unsafe.Add(unsafe.Pointer(r.arena), v))
	}
}

// beneath writes a descriptor, which Encode could not know, into the struct that the
// kernel reads.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func beneath(s *scratch, attr *beneathAttr) uintptr {
	attr.fd = int32(s.slots[attr.slot&(plan.SlotCount-1)])
	return uintptr(unsafe.Pointer(attr))
}

// clearMemory overwrites the copy of the launcher's command line and
// environment, which /proc/1/cmdline and its like would show.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func clearMemory(s *scratch) {
	var i uintptr

	for ; i < s.commandLineSize; i++ {
		*(*byte)(unsafe.Add(s.commandLine, i)) = 0
	}
}

// clearSignals unblocks all signals and undoes the launcher's handlers, for
// which the child has no memory, where the kernel has not done it.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func clearSignals(s *scratch) {
	var i uintptr

	if s.handlers {
		for i = 1; i <= lastSignal; i++ {
			syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, i, 0, uintptr(unsafe.Pointer(&s.action)), plan.SignalSetSize, 0, 0)
			if s.action[0] > 1 { // neither SIG_DFL nor SIG_IGN
				s.action[0] = 0
				syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, i, uintptr(unsafe.Pointer(&s.action)), 0, plan.SignalSetSize, 0, 0)
			}
		}
	}
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&s.mask)), 0, plan.SignalSetSize, 0, 0)
}
