package compile

import (
	"errors"
	"syscall"

	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/unixsock"
	"github.com/jail-project/jail/wire"
)

// entryVersion goes up with every change of the form.
const entryVersion = 4

// Bounds of what DecodeEntry takes; a plan stays far below.
const (
	maxBlockDepth = 3
	maxArgs       = 6
)

var errNotEntry = errors.New("this does not say how to enter a jail, or another version of jail wrote it")

// Encode writes an entry for DecodeEntry. It leaves out positions in profiles, which may
// have changed when the entry is read. It fails when a step needs a descriptor that no
// other step of the entry opens.
func (e *Entry) Encode() ([]byte, error) {
	if !e.complete() {
		return nil, errors.New("internal error: a step for each process of a jail uses a descriptor of the launch")
	}
	files := uint64(0)
	if e.files {
		files = 1
	}
	w := entryWriter{b: make([]byte, 0, 32<<10), blocks: map[*plan.Block]uint64{}}
	w.number(entryVersion)
	w.number(files)
	w.texts(e.keep)
	w.texts(e.set)
	w.rules(e.sockets)
	for _, ops := range e.ops {
		w.number(uint64(len(ops)))
		for i := range ops {
			w.op(&ops[i])
		}
	}
	return w.b, nil
}

// entryWriter writes an entry. A block that two steps share stays one block, since the
// kernel may write into it in one step and read it in the other.
type entryWriter struct {
	b      []byte
	blocks map[*plan.Block]uint64 // numbered from 1 in the order in which they end
}

func (w *entryWriter) number(n uint64) { w.b = wire.AppendNumber(w.b, n) }
func (w *entryWriter) text(s string)   { w.b = wire.AppendBytes(w.b, s) }

func (w *entryWriter) texts(texts []string) {
	w.number(uint64(len(texts)))
	for _, t := range texts {
		w.text(t)
	}
}

// rules writes the rules by which the launcher of an entered process answers
// connections.
func (w *entryWriter) rules(r *unixsock.Rules) {
	if r == nil {
		w.number(0)
		return
	}
	w.number(1)
	w.number(uint64(r.User))
	w.number(uint64(len(r.Mounts)))
	for _, id := range r.Mounts {
		w.number(id)
	}
	w.number(uint64(len(r.Files)))
	for _, file := range r.Files {
		w.number(file.Device)
		w.number(file.Inode)
	}
	w.texts(r.Names)
	w.number(uint64(len(r.Ports)))
	for _, port := range r.Ports {
		w.number(uint64(port))
	}
	joined := uint64(0)
	if r.Joined {
		joined = 1
	}
	w.number(joined)
}

func readRules(d *wire.Decoder) *unixsock.Rules {
	if d.Below(2) == 0 {
		return nil
	}
	r := &unixsock.Rules{User: int(d.Below(1 << 32))}
	for range d.Count(1) {
		r.Mounts = append(r.Mounts, d.Number())
	}
	for range d.Count(2) {
		r.Files = append(r.Files, unixsock.File{Device: d.Number(), Inode: d.Number()})
	}
	r.Names = texts(d)
	for range d.Count(1) {
		r.Ports = append(r.Ports, uint16(d.Below(1<<16)))
	}
	r.Joined = d.Below(2) == 1
	return r
}

func (w *entryWriter) op(o *plan.Op) {
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

func (w *entryWriter) block(block *plan.Block) {
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

// DecodeEntry reads what Encode wrote and refuses everything else.
func DecodeEntry(data []byte) (*Entry, error) {
	d := wire.NewDecoder(data)
	if d.Number() != entryVersion {
		return nil, errNotEntry
	}
	e := &Entry{files: d.Below(2) == 1, keep: texts(d), set: texts(d), sockets: readRules(d)}
	r := opReader{Decoder: d}
	for part := range e.ops {
		e.ops[part] = make([]plan.Op, d.Count(8))
		for i := range e.ops[part] {
			r.op(&e.ops[part][i])
		}
	}
	if !d.Done() || !e.complete() {
		return nil, errNotEntry
	}
	return e, nil
}

func texts(d *wire.Decoder) []string {
	out := make([]string, d.Count(1))
	for i := range out {
		out[i] = d.Text()
	}
	return out
}

// opReader reads the steps that entryWriter wrote.
type opReader struct {
	*wire.Decoder
	blocks []*plan.Block
}

func (d *opReader) op(o *plan.Op) {
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

// maxStore bounds where in a block a result goes.
const maxStore = 1 << 12

func (d *opReader) block(depth int) *plan.Block {
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
