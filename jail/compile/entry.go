package compile

import (
	"encoding/binary"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/landlock"
	"github.com/jail-project/jail/unixsock"
)

// Entry is what a process needs to join a jail that runs, and to be confined
// there like the jail's own program: the steps of the plan that each process
// of the jail takes, and the rule for its environment. It is taken from the plan that
// was launched, not from profiles, which may have changed since.
type Entry struct {
	environmentRules
	ops     [3][]plan.Op // for Setup, Init and Program of a plan
	files   bool         // see entryRules
	sockets *unixsock.Rules
}

// environmentRules are the environment of a jail's processes, as a rule: patterns of
// variables that are kept, names of such that are not in any case, and NAME=text.
type environmentRules struct{ keep, drop, set []string }

// entryRules are what a compilation notes for entering the jail later.
type entryRules struct {
	environmentRules
	// files tells that a file may be a standard stream: what it can be opened again
	// for has a bound.
	files bool
	enter []plan.Op // come before the steps of the plan: see rejoin
}

// Entry returns what later entering the jail of this plan takes. sockets are the
// rules that the launched jail has, nil for none.
func (c *Compiled) Entry(sockets *unixsock.Rules) *Entry {
	e := &Entry{environmentRules: c.rules.environmentRules, files: c.rules.files, sockets: sockets}
	e.ops[0] = append(e.ops[0], c.rules.enter...)
	for part, ops := range [...][]plan.Op{c.Plan.Setup, c.Plan.Init, c.Plan.Program} {
		for i := range ops {
			if ops[i].Each {
				e.ops[part] = append(e.ops[part], ops[i])
			}
		}
	}
	return e
}

// Sockets are the rules for connections of processes that enter, nil for none.
func (e *Entry) Sockets() *unixsock.Rules { return e.sockets }

// ownSlots is how many slots Join needs beside those of the entry.
const ownSlots = 4

// complete tells whether every slot that a step uses was filled by a step
// before it, in the same process or the one it was forked from, and whether some are
// left for Join.
func (e *Entry) complete() bool {
	filled := [plan.SlotCount]bool{plan.SlotStatus: true}
	for part, ops := range e.ops {
		if part == 1 {
			continue // its descriptors are not the program's
		}
		for i := range ops {
			for j := range ops[i].Args {
				if s, is := slotOf(&ops[i].Args[j]); is && !filled[s] {
					return false
				}
			}
			if out := ops[i].Out; out != plan.NoSlot {
				filled[out] = true
			}
		}
	}
	return len(unusedSlots(e.ops[:]...)) >= ownSlots
}

// Problems tells what of the caller's standard streams can't be passed on.
func (e *Entry) Problems(stdio *[3]host.Stream) diag.List { return streamProblems(stdio, e.files) }

// streams adds rules about the standard streams of the process that enters to the
// rulesets of the entry's steps.
func (e *Entry) streams(b *builder, stdio *[3]host.Stream) {
	var rulesets []*plan.Op
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
