package child

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/jail-project/jail/jail/plan"
)

// encodedOp is an Op as the child executes it: numbers, offsets into one arena,
// and slots. It holds no pointer, so nothing in it can go stale.
type encodedOp struct {
	number uintptr
	args   [6]uintptr
	kinds  [6]plan.ArgKind
	out    int8
	accept uint16
	store  uintptr // where in the arena the result goes as 32 bits, 0 for nowhere
}

// beneathAttr is struct landlock_path_beneath_attr of landlock_add_rule(2),
// which is packed, and behind it the slot of the descriptor.
type beneathAttr struct {
	_    [2]uint32 // the rights
	fd   int32
	slot uint32
}

// encoded is a plan as it lies in the memory that launcher and child
// share: this header, the ops, then the arena of texts and blocks. The launcher
// writes it once; the child writes the first two words and the fourth, and the
// blocks that receive results.
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

// Encode writes a plan into the memory. Nothing is decided after it. It returns
// false when the memory is too small.
func (m *Memory) Encode(p *plan.Plan) (bool, error) {
	opsAt := align(unsafe.Sizeof(encoded{}))
	arenaAt := align(opsAt + uintptr(p.Len())*unsafe.Sizeof(encodedOp{}))
	if p.Len() == 0 {
		return false, errors.New("internal error: the plan is empty")
	}
	if arenaAt >= uintptr(len(m.shared)) {
		return false, nil
	}
	ops := unsafe.Slice((*encodedOp)(unsafe.Pointer(&m.shared[opsAt])), p.Len())
	l := &encoder{arena: m.shared[arenaAt:arenaAt:len(m.shared)], blocks: map[*plan.Block]uintptr{}}
	n := 0
	for _, part := range [][]plan.Op{p.Setup, p.Init, p.Program} {
		for i := range part {
			if err := l.op(&part[i], &ops[n]); err != nil {
				return false, err
			}
			n++
		}
	}
	if uintptr(len(l.arena)) > uintptr(len(m.shared))-arenaAt {
		return false, nil // the arena had to move out of the shared memory
	}
	l.link(m.shared[arenaAt:])
	m.arena, m.blocks = m.shared[arenaAt:], l.blocks
	*m.header() = encoded{
		reap: p.Reap, serve: p.Terminal, forkAt: int32(len(p.Setup)), execAt: int32(len(p.Setup) + len(p.Init)), opCount: int32(n),
		ops: &ops[0], arena: &m.arena[0],
	}
	return true, nil
}

func align(n uintptr) uintptr { return (n + 15) &^ 15 }

// encoder fills the arena. Offsets are final at once; pointers inside
// blocks are written when the arena is in its place.
type encoder struct {
	arena  []byte
	blocks map[*plan.Block]uintptr
	last   string // the previous text and its offset: neighbours repeat
	lastAt uintptr
	fixups []fixup
}

type fixup struct{ at, to uintptr }

func (l *encoder) op(o *plan.Op, r *encodedOp) error {
	r.number, r.out, r.accept = o.Number, int8(o.Out), uint16(o.Accept)
	for i := range o.Args {
		a := &o.Args[i]
		r.kinds[i] = a.Kind
		switch a.Kind {
		case plan.ArgText:
			if strings.IndexByte(a.Text, 0) >= 0 {
				return fmt.Errorf("internal error: NUL byte in %q", a.Text)
			}
			r.args[i] = l.text(a.Text)
		case plan.ArgBlock, plan.ArgBeneath:
			at, err := l.block(a.Block)
			if err != nil {
				return err
			}
			r.args[i] = at
		default:
			r.args[i] = uintptr(a.Num)
		}
	}
	if o.Store != nil {
		at, err := l.block(o.Store)
		if err != nil {
			return err
		}
		r.store = at + uintptr(o.StoreAt)
	}
	return nil
}

func (l *encoder) text(s string) uintptr {
	if s == l.last && l.lastAt != 0 {
		return l.lastAt
	}
	at := uintptr(len(l.arena))
	l.arena = append(l.arena, s...)
	l.arena = append(l.arena, 0)
	l.last, l.lastAt = s, at
	return at
}

// block copies a block, aligned for any struct, and what it refers to.
func (l *encoder) block(b *plan.Block) (uintptr, error) {
	if at, ok := l.blocks[b]; ok {
		return at, nil
	}
	for len(l.arena)%16 != 0 {
		l.arena = append(l.arena, 0)
	}
	at := uintptr(len(l.arena))
	l.blocks[b] = at
	l.arena = append(l.arena, b.Bytes...)
	for i := range b.Refs {
		ref := &b.Refs[i]
		var to uintptr
		if ref.Block != nil {
			var err error
			if to, err = l.block(ref.Block); err != nil {
				return 0, err
			}
		} else {
			if strings.IndexByte(ref.Text, 0) >= 0 {
				return 0, fmt.Errorf("internal error: NUL byte in %q", ref.Text)
			}
			to = l.text(ref.Text)
		}
		l.fixups = append(l.fixups, fixup{at + uintptr(ref.Offset), to})
	}
	return at, nil
}

// link writes the pointers that blocks contain; arena is where the child will
// find it.
func (l *encoder) link(arena []byte) {
	for _, f := range l.fixups {
		binary.NativeEndian.PutUint64(arena[f.at:], uint64(uintptr(unsafe.Pointer(&arena[f.to]))))
	}
}

// Size is more than enough memory for a plan, in bytes.
func Size(p *plan.Plan) int {
	size := 1 << 20
	for _, part := range [][]plan.Op{p.Setup, p.Init, p.Program} {
		for i := range part {
			size += 256
			for j := range part[i].Args {
				size += argSize(&part[i].Args[j])
			}
		}
	}
	return (size + 4095) &^ 4095
}

func argSize(a *plan.Arg) int {
	size := len(a.Text) + 1
	if a.Block != nil {
		size += blockSize(a.Block)
	}
	return size
}

func blockSize(b *plan.Block) int {
	size := len(b.Bytes) + 16
	for i := range b.Refs {
		size += len(b.Refs[i].Text) + 1
		if b.Refs[i].Block != nil {
			size += blockSize(b.Refs[i].Block)
		}
	}
	return size
}
