package jail

import (
	"encoding/binary"
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
}

// raw is a lowered plan: all the child reads and writes. It lives on the heap
// and in one arena; the child changes its own copy.
type raw struct {
	ops     *rawOp  // setup, init, program one after the other
	arena   *byte   // texts and blocks
	step    *uint32 // shared with the launcher: the op being executed
	clear   unsafe.Pointer
	clearN  uintptr // bytes at clear that hold the command line and environment
	forkAt  int32   // index of the first op after setup
	execAt  int32   // index of the first op of the program's process
	opCount int32
	reap    bool
	status  uint32 // scratch for wait4
	record  [2]int32
	slots   [slotCount]uintptr

	keep []byte // keeps the arena alive
	list []rawOp
}

// lower turns the plan's ops into their raw form. Nothing is decided after
// it.
func (p *Plan) lower() (*raw, error) {
	l := &lowering{blocks: map[*Block]uintptr{}}
	r := &raw{reap: p.Reap, list: make([]rawOp, 0, p.Len())}
	for _, part := range [][]Op{p.Setup, p.Init, p.Program} {
		for i := range part {
			op, err := l.op(&part[i])
			if err != nil {
				return nil, err
			}
			r.list = append(r.list, op)
		}
	}
	if len(r.list) == 0 || len(l.arena) == 0 {
		return nil, fmt.Errorf("internal error: the plan is empty")
	}
	l.link()
	r.keep = l.arena
	r.ops, r.arena = &r.list[0], &l.arena[0]
	r.forkAt = int32(len(p.Setup))
	r.execAt = r.forkAt + int32(len(p.Init))
	r.opCount = int32(len(r.list))
	for i := range r.slots {
		r.slots[i] = ^uintptr(0)
	}
	for _, in := range p.Inputs {
		r.slots[in.Slot] = uintptr(in.FD)
	}
	return r, nil
}

// lowering collects the arena. Offsets are final at once; pointers inside
// blocks are written when the arena no longer moves.
type lowering struct {
	arena  []byte
	blocks map[*Block]uintptr
	last   string // the previous text and its offset: neighbours repeat
	lastAt uintptr
	fixups []fixup
}

type fixup struct{ at, to uintptr }

func (l *lowering) op(o *Op) (rawOp, error) {
	r := rawOp{number: o.Number, out: int8(o.Out), accept: uint16(o.Accept)}
	for i := range o.Args {
		a := &o.Args[i]
		r.kinds[i] = a.Kind
		switch a.Kind {
		case ArgText:
			if strings.IndexByte(a.Text, 0) >= 0 {
				return r, fmt.Errorf("internal error: NUL byte in %q", a.Text)
			}
			r.args[i] = l.text(a.Text)
		case ArgBlock:
			at, err := l.block(a.Block)
			if err != nil {
				return r, err
			}
			r.args[i] = at
		default:
			r.args[i] = uintptr(a.Num)
		}
	}
	return r, nil
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

// link writes the pointers that blocks contain. The heap does not move, and
// raw keeps the arena alive.
func (l *lowering) link() {
	for _, f := range l.fixups {
		binary.NativeEndian.PutUint64(l.arena[f.at:], uint64(uintptr(unsafe.Pointer(&l.arena[f.to]))))
	}
}
