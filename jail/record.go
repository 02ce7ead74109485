package jail

import (
	"encoding/binary"
)

// The child reports to the launcher over a socket pair of type
// SOCK_SEQPACKET, one fixed-size record a message:
//
//	child (PID 1)      program's process         launcher
//	     | unshare                                   |  reads the profile
//	     |<--------------------------- "begin" ------|  the plan is in shared memory
//	     |                                           |
//	     |-- {op, errno} --------------------------->|  set-up failed at op
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

const (
	recordSize  = 8
	readyStep   = -1
	unshareStep = -3 // in place of an op: the namespaces could not be made
	forkStep    = -2 // in place of an op: the program's process could not be forked
)

// Exit statuses of jail itself, as of env(1) and timeout(1).
const (
	failedExit        = 125
	notExecutableExit = 126
	notFoundExit      = 127
	timeLimitExit     = 124
)

// record is one message of the child.
type record struct {
	step  int32
	errno int32
}

func readyRecord() []byte {
	step := int32(readyStep)
	return binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, uint32(step)), 0)
}

func parseRecord(b []byte) record {
	return record{step: int32(binary.NativeEndian.Uint32(b)), errno: int32(binary.NativeEndian.Uint32(b[4:]))}
}
