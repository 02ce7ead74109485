package child

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// scratch is the working memory of one process of the child. It lies in the memory that
// launcher and child share; the launcher does not use it after fork, but for what the process
// that makes the init has left there when it has ended.
type scratch struct {
	commandLine     unsafe.Pointer // the launcher's command line and environment
	commandLineSize uintptr        // their length in bytes

	clone    cloneArgs
	tls      [tlsWords]uintptr // the last is the address of thread-local storage; before it, no g
	handlers bool              // the signals have handlers, see clearSignals
	action   [4]uintptr        // struct sigaction of the kernel
	mask     uint64            // no signal

	ours    uintptr  // the launcher's end of the status socket
	next    *scratch // of the program's process
	nextTop uintptr  // the end of that process's stack

	inside     bool       // the init is yet to be made, in namespaces of another jail
	namespaces [2]uintptr // the descriptors of these, for the user and the network
	become     bool       // to be the user uid there, in the group gid
	uid, gid   uintptr
	scorePath  [32]byte // the file for score
	score      [8]byte
	scoreSize  uintptr
	second     cloneArgs     // the init's
	init       uintptr       // the init's pid
	refused    syscall.Errno // in place of that

	unshare uintptr    // the namespaces the init makes by itself
	args    [6]uintptr // of the syscall being made
	status  uint32     // of wait4
	message [2]int32
	group   uint32         // for TIOCSPGRP
	polls   [2]unix.PollFd // see serveTerminal
	news    [newsSize]byte // of signalfd
	slots   [plan.SlotCount]uintptr
	stack   [stackSize]byte
}

// tlsWords is room for the thread-local variables of a Go program, one without
// cgo having only g.
const tlsWords = 64

// cloneArgs is struct clone_args of clone3(2).
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exit, stack, stackSize, tls uint64
}

// cloneArgs are those for a process that has the stack of on, with the flags of clone(2).
func (s *scratch) cloneArgs(on *scratch, flags uintptr) (a cloneArgs) {
	a.flags, a.exit = uint64(flags&^exitSignal)|unix.CLONE_SETTLS|unix.CLONE_CLEAR_SIGHAND, uint64(flags&exitSignal)
	a.stack = uint64(uintptr(unsafe.Pointer(&on.stack)))
	a.stackSize = uint64(on.top()) - a.stack
	a.tls = uint64(uintptr(unsafe.Pointer(&s.tls[tlsWords-1])))
	return a
}

// stackSize is room for the few nosplit functions that a process of the child
// calls, in bytes.
const stackSize = 16 << 10

// lastSignal is the highest number of a signal.
const lastSignal = 64

// scratchRoom is what both processes take of the shared memory, in bytes.
const scratchRoom = (2*unsafe.Sizeof(scratch{}) + 4095) &^ 4095

// newScratch lays out the memory of both processes.
func newScratch(shared []byte) *scratch {
	pair := (*[2]scratch)(unsafe.Pointer(&shared[0]))
	s := &pair[0]
	s.next = &pair[1]
	s.nextTop = s.next.top()
	for i := range s.slots {
		s.slots[i] = ^uintptr(0)
	}
	return s
}

// top is the end of the stack, from where it grows down.
func (s *scratch) top() uintptr {
	return (uintptr(unsafe.Pointer(&s.stack)) + stackSize) &^ 15
}
