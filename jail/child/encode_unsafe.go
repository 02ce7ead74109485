package child

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/jail-project/jail/jail/plan"
)

// Encode writes a plan into the memory. It returns false when the memory is too small.
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
	if o.Answer != nil {
		at, err := l.block(o.Answer)
		if err != nil {
			return err
		}
		r.answer = at + uintptr(o.AnswerAt)
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
