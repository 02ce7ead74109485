package child

import "github.com/jail-project/jail/jail/plan"

// encodedOp is an Op as the child executes it: numbers, offsets into one arena,
// and slots. It holds no pointer, so nothing in it can go stale.
type encodedOp struct {
	number uintptr
	args   [6]uintptr
	kinds  [6]plan.ArgKind
	out    int8
	accept uint16
	store  uintptr // where in the arena the result goes as 32 bits, 0 for nowhere
	answer uintptr // where in the arena a negative errno is afterwards, 0 for nowhere
}

// beneathAttr is struct landlock_path_beneath_attr of landlock_add_rule(2),
// which is packed, and behind it the slot of the descriptor.
type beneathAttr struct {
	_    [2]uint32 // the rights
	fd   int32
	slot uint32
}

// encoded is the header of a plan in the memory that launcher and child share; the ops
// follow it, then the arena of texts and blocks. The launcher writes it once; the child
// writes the first two words and the fourth, and the blocks that receive results.
type encoded struct {
	step            uint32 // the op being executed
	initBarrier     uint32 // the init has nothing left to do
	launcherBarrier uint32 // the launcher listens for signals
	program         uint32 // pid of the program's process
	forkAt          int32  // index of the first op after setup
	execAt          int32  // index of the first op of the program's process
	opCount         int32
	reap            bool
	serve           bool       // see serveTerminal
	ops             *encodedOp // in this memory, like the arena
	arena           *byte
}
