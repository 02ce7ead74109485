package jail

import (
	"encoding/binary"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/landlock"
	"github.com/jail-project/jail/unixsock"
)

// Entry is what a process needs to join a jail that runs, and to be confined
// there like the jail's own program: the steps of the plan that each process
// of the jail takes, and the rule for its environment. It is taken from the plan that
// was launched, not from profiles, which may have changed since.
type Entry struct {
	keep, set []string // patterns of variables that are kept; NAME=text
	ops       [3][]Op  // for Setup, Init and Program of a plan
	files     bool     // see Plan.fileStreams
	sockets   *unixsock.Rules
}

// Entry returns what later entering the jail of this plan takes.
func (p *Plan) Entry() *Entry {
	e := &Entry{keep: p.keep, set: p.set, files: p.fileStreams}
	e.ops[0] = append(e.ops[0], p.enter...)
	if p.sockets != nil {
		e.sockets = p.sockets.rules
	}
	for part, ops := range [...][]Op{p.Setup, p.Init, p.Program} {
		for i := range ops {
			if ops[i].Each {
				e.ops[part] = append(e.ops[part], ops[i])
			}
		}
	}
	return e
}

// ownSlots is how many slots Join needs beside those of the record.
const ownSlots = 4

// unusedSlots are those that no step of the record fills.
func (e *Entry) unusedSlots() []Slot {
	var filled [slotCount]bool
	for _, ops := range e.ops {
		for i := range ops {
			if out := ops[i].Out; out != NoSlot {
				filled[out] = true
			}
		}
	}
	var unused []Slot
	for s := slotFirst; s < slotControl; s++ {
		if !filled[s] {
			unused = append(unused, s)
		}
	}
	return unused
}

// complete tells whether every slot that a step uses was filled by a step
// before it, in the same process or the one it was forked from, and whether some are
// left for Join.
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
	return len(e.unusedSlots()) >= ownSlots
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
