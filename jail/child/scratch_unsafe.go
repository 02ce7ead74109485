package child

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// scratch is the working memory of one process of the child. It lies in the memory that
// launcher and child share; the launcher does not use it after fork.
type scratch struct {
	commandLine     unsafe.Pointer // the launcher's command line and environment
	commandLineSize uintptr        // their length in bytes

	clone    cloneArgs
	tls      [tlsWords]uintptr // the last is the address of thread-local storage; before it, no g
	handlers bool              // the signals have handlers, see clearSignals
	action   [4]uintptr        // struct sigaction of the kernel
	mask     uint64            // no signal

	join joining // see joiner

	ours    uintptr  // the launcher's end of the status socket
	next    *scratch // of the program's process
	nextTop uintptr  // the end of that process's stack

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
