package plan

import (
	"encoding/binary"
)

// The child reports to the launcher over a socket pair of type
// SOCK_SEQPACKET, in status messages of one size:
//
//	child (PID 1)      program's process         launcher
//	     | unshare                                   |  reads the profile
//	     |<--------------------------- "begin" ------|  the plan is in shared memory
//	     |                                           |
//	     |-- {op, errno} --------------------------->|  set-up failed at op
//	     |-- {-4, n} and a descriptor -------------->|  of directory n of Plan.Handed
//	     |-- {-5, n} and a descriptor -------------->|  of socket n of Plan.Relayed
//	     |-- {-6, 0} ------------------------------->|  starts Plan.Attach
//	     |<--------------------- {-1, 0} ------------|  when the network is attached
//	     |-- {-7, 0} and a descriptor -------------->|  a socket of the jail's network
//	     | fork ---> |                               |
//	     | close     |-- {op, errno} --------------->|  likewise
//	     |           |-- {-1, 0} "ready" ----------->|  all is set up; the kernel
//	     |           |   and the guard's listener    |  adds who sent it
//	     |           | seccomp(2)                    |
//	     |           | execve(2)                     |
//	     |           |-- {op, errno} --------------->|  execve failed
//	     |           x  (close on exec)   end of file|  the program runs
//
// End of file without "ready" means that the child died on the way: the
// program did not run. The step counter in shared memory tells how far it came.

// The size of a status message in bytes, and the steps that are no op's.
const (
	StatusSize  = 8
	StepReady   = -1
	StepUnshare = -3 // in place of an op: the namespaces could not be made
	StepFork    = -2 // in place of an op: the program's process could not be forked
	StepHanded  = -4 // in place of an op: no failure, but a descriptor; the errno is its number
	StepRelayed = -5 // likewise, a socket
	StepAttach  = -6 // in place of an op: no failure, but the wish for Plan.Attach
	StepNetwork = -7 // likewise, a socket by which the launcher finds the jail's network namespace
)

// Words of the memory that launcher and child share, by their offset in bytes. The
// barriers are 0 while they are closed. See futex(2).
const (
	InitBarrier     = 4  // the init opens it when it has nothing left to do
	LauncherBarrier = 8  // the launcher opens it when it listens for signals
	ProgramPID      = 12 // the program's pid, as the jail numbers it
)

// Operations of futex(2) on these words.
const (
	FutexWait   = 0
	FutexWake   = 1
	FutexWakeOp = 5
	FutexSetOne = 1 << 12 // FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)
)

// The descriptors of an init that serves a terminal. All others are
// closed.
const (
	ControlFD  = 0 // a socket to the launcher
	TerminalFD = 1 // the jail's terminal; holding it open keeps it from ending
	ChildrenFD = 2 // a signalfd(2) for SIGCHLD
	KeptFDs    = 3
)

// SignalSetSize is the size of the kernel's signal sets in bytes.
const SignalSetSize = 8

// Exit statuses of jail itself, as of env(1) and timeout(1).
const (
	ExitFailed        = 125
	ExitNotExecutable = 126
	ExitNotFound      = 127
	ExitTimeLimit     = 124
)

// StatusMessage is one message of the child.
type StatusMessage struct {
	Step  int32
	Errno int32
}

// ReadyMessage is the status message that says that all is set up.
func ReadyMessage() []byte { return message(StepReady, 0) }

// HandedMessage is the status message that a descriptor comes with.
func HandedMessage(n int) []byte { return message(StepHanded, uint32(n)) }

// RelayedMessage is the status message that a socket comes with.
func RelayedMessage(n int) []byte { return message(StepRelayed, uint32(n)) }

// NetworkMessage is the status message that the socket of StepNetwork comes with.
func NetworkMessage() []byte { return message(StepNetwork, 0) }

// AttachMessage is the status message by which the init asks for Plan.Attach.
func AttachMessage() []byte { return message(StepAttach, 0) }

// ErrnoAt is where a status message has its errno, in bytes.
const ErrnoAt = 4

func message(step int32, errno uint32) []byte {
	return binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, uint32(step)), errno)
}

// ParseStatus reads a status message of StatusSize bytes.
func ParseStatus(b []byte) StatusMessage {
	return StatusMessage{Step: int32(binary.NativeEndian.Uint32(b)), Errno: int32(binary.NativeEndian.Uint32(b[4:]))}
}

// What the launcher asks of the init of a jail with a terminal.
const (
	AskBackground = iota // put the init's own group in the foreground
	AskForeground        // put the program's there
	AskStop              // stop all processes of the jail
	AskContinue          // continue them
)
