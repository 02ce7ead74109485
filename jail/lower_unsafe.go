package jail

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

// rawOp is an Op as the child executes it: numbers, offsets into one arena,
// and slots. It holds no pointer, so nothing in it can go stale.
type rawOp struct {
	number uintptr
	args   [6]uintptr
	kinds  [6]ArgKind
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

// raw is a lowered plan as it lies in the memory that launcher and child
// share: this header, the ops, then the arena of texts and blocks. The launcher
// writes it once; the child writes the first two words and the fourth, and the
// blocks that receive results.
type raw struct {
	step    uint32 // the op being executed
	gate    uint32 // see waitForReaper
	open    uint32 // see waitForLauncher
	program uint32 // pid of the program's process
	forkAt  int32  // index of the first op after setup
	execAt  int32  // index of the first op of the program's process
	opCount int32
	reap    bool
	serve   bool   // see serveTerminal
	ops     *rawOp // in this memory, like the arena
	arena   *byte
}

// lower writes the plan into shared memory. Nothing is decided after it. It
// returns false when the memory is too small.
func (p *Plan) lower(shared []byte) (bool, error) {
	opsAt := align(unsafe.Sizeof(raw{}))
	arenaAt := align(opsAt + uintptr(p.Len())*unsafe.Sizeof(rawOp{}))
	if p.Len() == 0 {
		return false, errors.New("internal error: the plan is empty")
	}
	if arenaAt >= uintptr(len(shared)) {
		return false, nil
	}
	ops := unsafe.Slice((*rawOp)(unsafe.Pointer(&shared[opsAt])), p.Len())
	l := &lowering{arena: shared[arenaAt:arenaAt:len(shared)], blocks: map[*Block]uintptr{}}
	n := 0
	for _, part := range [][]Op{p.Setup, p.Init, p.Program} {
		for i := range part {
			if err := l.op(&part[i], &ops[n]); err != nil {
				return false, err
			}
			n++
		}
	}
	if uintptr(len(l.arena)) > uintptr(len(shared))-arenaAt {
		return false, nil // the arena had to move out of the shared memory
	}
	l.link(shared[arenaAt:])
	for _, b := range l.results {
		b.at = int(arenaAt + l.blocks[b])
	}
	*header(shared) = raw{
		reap: p.Reap, serve: p.Terminal != nil, forkAt: int32(len(p.Setup)), execAt: int32(len(p.Setup) + len(p.Init)), opCount: int32(n),
		ops: &ops[0], arena: &shared[arenaAt],
	}
	return true, nil
}

func align(n uintptr) uintptr { return (n + 15) &^ 15 }

// header is the plan in shared memory.
func header(shared []byte) *raw { return (*raw)(unsafe.Pointer(&shared[0])) }

// lowering fills the arena. Offsets are final at once; pointers inside
// blocks are written when the arena is in its place.
type lowering struct {
	arena  []byte
	blocks map[*Block]uintptr
	last   string // the previous text and its offset: neighbours repeat
	lastAt uintptr
	fixups []fixup

	results []*Block // see Block.Result
}

type fixup struct{ at, to uintptr }

func (l *lowering) op(o *Op, r *rawOp) error {
	r.number, r.out, r.accept = o.Number, int8(o.Out), uint16(o.Accept)
	for i := range o.Args {
		a := &o.Args[i]
		r.kinds[i] = a.Kind
		switch a.Kind {
		case ArgText:
			if strings.IndexByte(a.Text, 0) >= 0 {
				return fmt.Errorf("internal error: NUL byte in %q", a.Text)
			}
			r.args[i] = l.text(a.Text)
		case ArgBlock, ArgBeneath:
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

func (l *lowering) text(s string) uintptr {
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
func (l *lowering) block(b *Block) (uintptr, error) {
	if at, ok := l.blocks[b]; ok {
		return at, nil
	}
	for len(l.arena)%16 != 0 {
		l.arena = append(l.arena, 0)
	}
	at := uintptr(len(l.arena))
	l.blocks[b] = at
	if b.Result {
		l.results = append(l.results, b)
	}
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
func (l *lowering) link(arena []byte) {
	for _, f := range l.fixups {
		binary.NativeEndian.PutUint64(arena[f.at:], uint64(uintptr(unsafe.Pointer(&arena[f.to]))))
	}
}
