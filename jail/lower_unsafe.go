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
	l, err := p.lay(shared)
	if l == nil {
		return false, err
	}
	l.link(uint64(uintptr(unsafe.Pointer(&shared[0]))))
	return true, nil
}

// lay does so, but with addresses that count from the beginning of the memory. It
// returns nil when that is too small.
func (p *Plan) lay(shared []byte) (*lowering, error) {
	opsAt := align(unsafe.Sizeof(raw{}))
	arenaAt := align(opsAt + uintptr(p.Len())*unsafe.Sizeof(rawOp{}))
	if p.Len() == 0 {
		return nil, errors.New("internal error: the plan is empty")
	}
	if arenaAt >= uintptr(len(shared)) {
		return nil, nil //nolint:nilnil // the memory being too small is no error
	}
	ops := unsafe.Slice((*rawOp)(unsafe.Pointer(&shared[opsAt])), p.Len())
	l := &lowering{memory: shared, opsAt: opsAt, arenaAt: arenaAt, arena: shared[arenaAt:arenaAt:len(shared)], blocks: map[*Block]uintptr{}}
	*header(shared) = raw{
		reap: p.Reap, serve: p.Terminal != nil, forkAt: int32(len(p.Setup)), execAt: int32(len(p.Setup) + len(p.Init)), opCount: int32(p.Len()),
	}
	l.pointers = append(l.pointers, pointer{unsafe.Offsetof(raw{}.ops), opsAt}, pointer{unsafe.Offsetof(raw{}.arena), arenaAt})
	l.late = p.Len() - len(p.Program) + p.gated
	n := 0
	for _, part := range [][]Op{p.Setup, p.Init, p.Program} {
		for i := range part {
			if n == l.late {
				l.cut()
			}
			if err := l.op(&part[i], &ops[n]); err != nil {
				return nil, err
			}
			n++
		}
	}
	if uintptr(len(l.arena)) > uintptr(len(shared))-arenaAt {
		return nil, nil //nolint:nilnil // the arena had to move out of the memory
	}
	for _, b := range l.results {
		b.at = int(arenaAt + l.blocks[b])
	}
	l.link(0)
	return l, nil
}

func align(n uintptr) uintptr { return (n + 15) &^ 15 }

// header is the plan in shared memory.
func header(shared []byte) *raw { return (*raw)(unsafe.Pointer(&shared[0])) }

// lowering fills the arena. Offsets are final at once; addresses are
// written when the arena is in its place.
type lowering struct {
	memory         []byte
	opsAt, arenaAt uintptr // in memory
	arena          []byte
	blocks         map[*Block]uintptr
	last           string // the previous text and its offset: neighbours repeat
	lastAt         uintptr
	pointers       []pointer
	late           int // the first op behind waitForLauncher

	// How much of the arena, and how many pointers, the ops before that have.
	lateArena    uintptr
	latePointers int

	results []*Block // see Block.Result
}

// pointer is a place that holds an address, and what that is of, as offsets in
// memory.
type pointer struct{ at, to uintptr }

// cut notes that what follows belongs to the ops behind waitForLauncher. The
// first of them share no text with those before.
func (l *lowering) cut() {
	for len(l.arena)%16 != 0 {
		l.arena = append(l.arena, 0)
	}
	l.lateArena, l.latePointers, l.lastAt = uintptr(len(l.arena)), len(l.pointers), 0
}

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
		l.pointers = append(l.pointers, pointer{l.arenaAt + at + uintptr(ref.Offset), l.arenaAt + to})
	}
	return at, nil
}

// link writes the addresses; base is that of the memory for the child.
func (l *lowering) link(base uint64) {
	for _, p := range l.pointers {
		binary.NativeEndian.PutUint64(l.memory[p.at:], base+uint64(p.to))
	}
}
