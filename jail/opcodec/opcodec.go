// Package opcodec is the binary form of steps of plans, in which a jail keeps how others
// enter it. It does not know what the steps do.
package opcodec

import (
	"encoding/binary"
	"syscall"

	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/wire"
)

// Bounds of what Read takes; a plan stays far below.
const (
	maxBlockDepth = 3
	maxArgs       = 6
	maxStore      = 1 << 12 // where in a block a result goes
)

// Append adds lists of steps, without their positions in profiles, which may have changed
// when they are read. A block that two steps share stays one block, since the kernel may
// write into it in one step and read it in the other.
func Append(b []byte, lists ...[]plan.Op) []byte {
	w := writer{b: b, blocks: map[*plan.Block]uint64{}}
	for _, ops := range lists {
		w.number(uint64(len(ops)))
		for i := range ops {
			w.op(&ops[i])
		}
	}
	return w.b
}

// Read reads as many lists as there are places, which Append has added. A fault is one of
// the decoder.
func Read(d *wire.Decoder, lists ...*[]plan.Op) {
	r := reader{Decoder: d}
	for _, ops := range lists {
		*ops = make([]plan.Op, d.Count(8))
		for i := range *ops {
			r.op(&(*ops)[i])
		}
	}
}

type writer struct {
	b      []byte
	blocks map[*plan.Block]uint64 // numbered from 1 in the order in which they end
}

func (w *writer) number(n uint64) { w.b = wire.AppendNumber(w.b, n) }
func (w *writer) text(s string)   { w.b = wire.AppendBytes(w.b, s) }

func (w *writer) op(o *plan.Op) {
	w.text(o.Name)
	w.number(uint64(o.Number))
	w.number(uint64(o.Out + 1))
	w.number(uint64(o.Accept))
	w.text(o.Verb)
	w.text(o.Subject)
	w.number(uint64(len(o.Args)))
	for i := range o.Args {
		a := &o.Args[i]
		w.number(uint64(a.Kind))
		w.number(a.Num)
		w.text(a.Text)
		if a.Kind == plan.ArgBlock || a.Kind == plan.ArgBeneath {
			w.block(a.Block)
		}
	}
	if o.Store == nil {
		w.number(0)
		return
	}
	w.number(uint64(o.StoreAt))
	w.block(o.Store)
}

func (w *writer) block(block *plan.Block) {
	if n, ok := w.blocks[block]; ok {
		w.number(n)
		return
	}
	w.number(0)
	w.b = wire.AppendBytes(w.b, block.Bytes)
	w.text(block.Show)
	w.number(uint64(len(block.Refs)))
	for i := range block.Refs {
		ref := &block.Refs[i]
		w.number(uint64(ref.Offset))
		if ref.Block == nil {
			w.number(0)
			w.text(ref.Text)
			continue
		}
		w.number(1)
		w.block(ref.Block)
	}
	w.blocks[block] = uint64(len(w.blocks) + 1)
}

type reader struct {
	*wire.Decoder
	blocks []*plan.Block
}

func (d *reader) op(o *plan.Op) {
	o.Name, o.Number = d.Text(), uintptr(d.Number())
	o.Out = plan.Slot(d.Below(plan.SlotCount+1)) - 1
	o.Accept = syscall.Errno(d.Below(plan.AcceptAny + 1))
	o.Verb, o.Subject = d.Text(), d.Text()
	o.Each = true
	o.Args = make([]plan.Arg, d.Below(maxArgs+1))
	for i := range o.Args {
		a := &o.Args[i]
		a.Kind = plan.ArgKind(d.Below(uint64(plan.ArgBeneath) + 1))
		a.Num, a.Text = d.Number(), d.Text()
		switch a.Kind {
		case plan.ArgBlock:
			a.Block = d.block(maxBlockDepth)
		case plan.ArgBeneath:
			if a.Block = d.block(0); a.Num >= plan.SlotCount || !isBeneath(a.Block, plan.Slot(a.Num)) {
				d.Fail()
			}
		case plan.ArgSlot:
			if a.Num >= plan.SlotCount {
				d.Fail()
			}
		case plan.ArgShared:
			if a.Num != plan.InitBarrier && a.Num != plan.LauncherBarrier {
				d.Fail()
			}
		}
	}
	if o.StoreAt = int(d.Below(maxStore)); o.StoreAt == 0 {
		return
	}
	o.Store = d.block(maxBlockDepth)
	if o.StoreAt+4 > len(o.Store.Bytes) {
		d.Fail()
	}
}

func (d *reader) block(depth int) *plan.Block {
	if n := d.Below(uint64(len(d.blocks)) + 1); n > 0 {
		return d.blocks[n-1]
	}
	block := &plan.Block{Bytes: d.Bytes(), Show: d.Text()}
	block.Refs = make([]plan.Ref, d.Count(3))
	for i := range block.Refs {
		ref := &block.Refs[i]
		ref.Offset = int(d.Below(uint64(len(block.Bytes)) + 1))
		if ref.Offset+8 > len(block.Bytes) {
			d.Fail()
		}
		switch {
		case d.Below(2) == 0:
			ref.Text = d.Text()
		case depth == 0:
			d.Fail()
		default:
			ref.Block = d.block(depth - 1)
		}
	}
	d.blocks = append(d.blocks, block)
	return block
}

// isBeneath tells whether a block is struct landlock_path_beneath_attr with the slot of its
// descriptor behind it: see plan.ArgBeneath.
func isBeneath(b *plan.Block, s plan.Slot) bool {
	const size = 16
	return len(b.Refs) == 0 && len(b.Bytes) == size && binary.NativeEndian.Uint32(b.Bytes[size-4:]) == uint32(s)
}
