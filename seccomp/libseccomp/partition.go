//go:build cgo

package libseccomp

import (
	"math/bits"
	"slices"

	"github.com/jail-project/jail/seccomp"
)

// libseccomp cannot say "allow unless", and it compares an argument at most
// once in a rule. So the entries of a syscall are turned into a decision tree
// over the bits of the arguments first, which says for every call what happens
// to it; rules.go reads the rules off it.

// maxNodes bounds the tree of one syscall. Real profiles stay far below, and
// the kernel takes 4096 instructions in all.
const maxNodes = 1 << 14

// box is a set of argument values: those whose bits under mask equal value.
// value has no bits outside mask.
type box struct {
	mask, value [seccomp.ArgCount]uint64
}

// truth is the value of a condition over a whole box.
type truth int

const (
	mixed truth = iota // holds for some arguments of the box only
	always
	never
)

// partition divides the argument values of a syscall by answer. The entries
// are as in seccomp.Call: first match wins, and the last has no
// conditions. On a narrow ABI the upper halves of all arguments are zero.
//
// Postcondition: on every path the arguments are tested in ascending order,
// the bits of each from the highest down, and no test is without effect.
func partition(entries []seccomp.Entry, narrow bool) (*tree, error) {
	var whole box
	if narrow {
		for i := range whole.mask {
			whole.mask[i] = ^uint64(1<<32 - 1)
		}
	}
	p := partitioner{}
	t := p.split(entries, whole)
	if p.nodes > maxNodes {
		return nil, tooMany(entries[0].Name)
	}
	return t, nil
}

// partitioner counts the nodes it makes, so that conditions which multiply
// each other end in an error and not in a full memory.
type partitioner struct {
	nodes int
}

// tree is a decision over the bits of the arguments: which half of the calls
// goes where. A leaf has no children and an answer.
type tree struct {
	arg, bit  int
	zero, one *tree
	answer    seccomp.Answer
}

// split decides the entries over a box.
func (p *partitioner) split(entries []seccomp.Entry, in box) *tree {
	p.nodes++
	live := alive(entries, in)
	// Where all have the same answer, it does not matter which of them decides.
	differs := func(e seccomp.Entry) bool { return e.Answer != live[0].Answer }
	if p.nodes > maxNodes || !slices.ContainsFunc(live, differs) {
		return &tree{answer: live[0].Answer}
	}
	arg, bit := highestOpen(live, in)
	zero := p.split(live, in.with(arg, bit, 0))
	one := p.split(live, in.with(arg, bit, 1))
	if zero.equal(one) {
		return zero
	}
	return &tree{arg: arg, bit: bit, zero: zero, one: one}
}

// alive returns the entries that decide about some call of the box, with the
// conditions that still depend on the call.
func alive(entries []seccomp.Entry, in box) []seccomp.Entry {
	live := make([]seccomp.Entry, 0, len(entries))
next:
	for i := range entries {
		entry := entries[i]
		open := make([]seccomp.Cond, 0, len(entry.When))
		for _, c := range entry.When {
			switch over(c, in) {
			case never:
				continue next
			case mixed:
				open = append(open, c)
			case always:
			}
		}
		entry.When = open
		live = append(live, entry)
		if len(open) == 0 {
			break
		}
	}
	return live
}

// highestOpen picks the bit to decide next: of the first argument that any
// condition depends on the highest bit.
//
// Precondition: at least one condition is mixed over the box.
func highestOpen(entries []seccomp.Entry, in box) (arg, bit int) {
	var open [seccomp.ArgCount]uint64
	for i := range entries {
		for _, c := range entries[i].When {
			open[c.Arg] |= bitsOf(c) &^ in.mask[c.Arg]
		}
	}
	for arg = range open {
		if open[arg] != 0 {
			return arg, bits.Len64(open[arg]) - 1
		}
	}
	panic("libseccomp: a condition depends on no bit")
}

// bitsOf returns the bits of the argument that a condition looks at.
func bitsOf(c seccomp.Cond) uint64 {
	switch {
	case c.Op == "&":
		return c.Mask
	case c.Width == 32:
		return 1<<32 - 1
	}
	return ^uint64(0)
}

// over evaluates a condition for all calls of a box at once.
func over(c seccomp.Cond, in box) truth {
	seen := bitsOf(c)
	known, value := in.mask[c.Arg]&seen, in.value[c.Arg]&seen
	least, most := value, value|seen&^known
	settled := func(yes, no bool) truth {
		switch {
		case yes:
			return always
		case no:
			return never
		}
		return mixed
	}
	agrees := value == c.Value&known // with the bits known so far
	switch c.Op {
	case "<":
		return settled(most < c.Value, least >= c.Value)
	case "<=":
		return settled(most <= c.Value, least > c.Value)
	case ">":
		return settled(least > c.Value, most <= c.Value)
	case ">=":
		return settled(least >= c.Value, most < c.Value)
	case "!=":
		return settled(!agrees, known == seen)
	}
	return settled(agrees && known == seen, !agrees)
}

// with returns the half of the box in which one more bit is fixed.
func (b box) with(arg, bit int, value uint64) box {
	b.mask[arg] |= 1 << bit
	b.value[arg] |= value << bit
	return b
}

// equal reports whether two trees decide alike, test by test.
func (t *tree) equal(other *tree) bool {
	if t.leaf() || other.leaf() {
		return t.leaf() && other.leaf() && t.answer == other.answer
	}
	return t.arg == other.arg && t.bit == other.bit && t.zero.equal(other.zero) && t.one.equal(other.one)
}
