package jail

import (
	"encoding/binary"
	"errors"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/landlock"
	"github.com/jail-project/jail/wire"
)

// Entry is what a process needs to join a jail that runs, and to be confined
// there like the jail's own program: the steps of the plan that each process
// of the jail takes, and the rule for its environment. It is taken from the plan that
// was launched, not from profiles, which may have changed since.
type Entry struct {
	keep, set []string // patterns of variables that are kept; NAME=text
	ops       [3][]Op  // for Setup, Init and Program of a plan
	files     bool     // see Plan.fileStreams
}

// Entry returns what later entering the jail of this plan takes.
func (p *Plan) Entry() *Entry {
	e := &Entry{keep: p.keep, set: p.set, files: p.fileStreams}
	e.ops[0] = append(e.ops[0], p.enter...)
	for part, ops := range [...][]Op{p.Setup, p.Init, p.Program} {
		for i := range ops {
			if ops[i].Each {
				e.ops[part] = append(e.ops[part], ops[i])
			}
		}
	}
	return e
}

// entryVersion goes up with every change of the form.
const entryVersion = 2

// Bounds of what DecodeEntry takes; a plan stays far below.
const (
	maxBlockDepth = 3
	maxArgs       = 6
)

var errNotEntry = errors.New("this does not say how to enter a jail, or another version of jail wrote it")

// Encode writes an entry for DecodeEntry. Places in profiles are left out:
// the texts may have changed when somebody looks. It fails when a step needs
// a descriptor that no other step of the entry opens.
func (e *Entry) Encode() ([]byte, error) {
	if !e.complete() {
		return nil, errors.New("internal error: a step for each process of a jail uses a descriptor of the launch")
	}
	b := wire.AppendNumber(make([]byte, 0, 32<<10), entryVersion)
	files := uint64(0)
	if e.files {
		files = 1
	}
	b = wire.AppendNumber(b, files)
	b = appendTexts(b, e.keep)
	b = appendTexts(b, e.set)
	for _, ops := range e.ops {
		b = wire.AppendNumber(b, uint64(len(ops)))
		for i := range ops {
			b = appendOp(b, &ops[i])
		}
	}
	return b, nil
}

// complete tells whether every slot that a step uses was filled by a step
// before it, in the same process or the one it was forked from.
func (e *Entry) complete() bool {
	filled := [slotCount]bool{slotReport: true}
	for part, ops := range e.ops {
		if part == 1 {
			continue // its descriptors are not the program's
		}
		for i := range ops {
			for j := range ops[i].Args {
				if a := &ops[i].Args[j]; (a.Kind == ArgSlot || a.Kind == ArgBeneath) && !filled[a.Num&(slotCount-1)] {
					return false
				}
			}
			if out := ops[i].Out; out != NoSlot {
				filled[out] = true
			}
		}
	}
	return true
}

func appendTexts(b []byte, texts []string) []byte {
	b = wire.AppendNumber(b, uint64(len(texts)))
	for _, t := range texts {
		b = wire.AppendBytes(b, t)
	}
	return b
}

func appendOp(b []byte, o *Op) []byte {
	b = wire.AppendBytes(b, o.Name)
	b = wire.AppendNumber(b, uint64(o.Number))
	b = wire.AppendNumber(b, uint64(o.Out+1))
	b = wire.AppendNumber(b, uint64(o.Accept))
	b = wire.AppendBytes(b, o.Verb)
	b = wire.AppendBytes(b, o.Subject)
	b = wire.AppendNumber(b, uint64(len(o.Args)))
	for i := range o.Args {
		a := &o.Args[i]
		b = wire.AppendNumber(b, uint64(a.Kind))
		b = wire.AppendNumber(b, a.Num)
		b = wire.AppendBytes(b, a.Text)
		if a.Kind == ArgBlock || a.Kind == ArgBeneath {
			b = appendBlock(b, a.Block)
		}
	}
	return b
}

func appendBlock(b []byte, block *Block) []byte {
	b = wire.AppendBytes(b, block.Bytes)
	b = wire.AppendBytes(b, block.Show)
	b = wire.AppendNumber(b, uint64(len(block.Refs)))
	for i := range block.Refs {
		ref := &block.Refs[i]
		b = wire.AppendNumber(b, uint64(ref.Offset))
		if ref.Block == nil {
			b = wire.AppendNumber(b, 0)
			b = wire.AppendBytes(b, ref.Text)
			continue
		}
		b = wire.AppendNumber(b, 1)
		b = appendBlock(b, ref.Block)
	}
	return b
}

// DecodeEntry reads what Encode wrote and refuses everything else.
func DecodeEntry(data []byte) (*Entry, error) {
	d := wire.NewDecoder(data)
	if d.Number() != entryVersion {
		return nil, errNotEntry
	}
	e := &Entry{files: d.Below(2) == 1, keep: texts(d), set: texts(d)}
	for part := range e.ops {
		e.ops[part] = make([]Op, d.Count(7))
		for i := range e.ops[part] {
			readOp(d, &e.ops[part][i])
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

func readOp(d *wire.Decoder, o *Op) {
	o.Name, o.Number = d.Text(), uintptr(d.Number())
	o.Out = Slot(d.Below(slotCount+1)) - 1
	o.Accept = errnoOf(d.Below(acceptAny + 1))
	o.Verb, o.Subject = d.Text(), d.Text()
	o.Each = true
	o.Args = make([]Arg, d.Below(maxArgs+1))
	for i := range o.Args {
		a := &o.Args[i]
		a.Kind = ArgKind(d.Below(uint64(ArgBeneath) + 1))
		a.Num, a.Text = d.Number(), d.Text()
		switch a.Kind {
		case ArgBlock:
			a.Block = readBlock(d, maxBlockDepth)
		case ArgBeneath:
			if a.Block = readBlock(d, 0); a.Num >= slotCount || !isBeneath(a.Block, Slot(a.Num)) {
				d.Fail()
			}
		case ArgSlot:
			if a.Num >= slotCount {
				d.Fail()
			}
		case ArgShared:
			if a.Num != gateOffset && a.Num != openOffset {
				d.Fail()
			}
		}
	}
}

func readBlock(d *wire.Decoder, depth int) *Block {
	block := &Block{Bytes: d.Bytes(), Show: d.Text()}
	block.Refs = make([]Ref, d.Count(3))
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
			ref.Block = readBlock(d, depth-1)
		}
	}
	return block
}

// Problems tells what of the caller's standard streams can't be passed on.
func (e *Entry) Problems(stdio *[3]Stream) diag.List { return streamProblems(stdio, e.files) }

// streams adds rules about the standard streams of whoever enters to the
// rulesets that the steps of the entry have made.
func (e *Entry) streams(b *builder, stdio *[3]Stream) {
	var rulesets []*Op
	for i := range e.ops[0] {
		if o := &e.ops[0][i]; o.Name == "landlock_create_ruleset" {
			rulesets = append(rulesets, o)
		}
	}
	if len(rulesets) == 2 && len(rulesets[0].Args) > 0 && rulesets[0].Args[0].Block != nil && len(rulesets[0].Args[0].Block.Bytes) >= 8 {
		handled := landlock.FS(binary.NativeEndian.Uint64(rulesets[0].Args[0].Block.Bytes))
		b.streams(rulesets[0].Out, rulesets[1].Out, handled, stdio)
	}
}
