package jail

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Payload is a program in an open file, to be run in a jail that was planned
// for another one. The descriptors are the launcher's; none of them is passed
// on but as standard input, output and error.
type Payload struct {
	Program              int
	Argv                 []string
	Input, Output, Error int
}

// Carry puts a payload in the place of the program. Nothing else of the plan
// changes: the payload is in the jail that the program would be in. It is
// executed by its descriptor, which has a name in the jail's own /proc until
// execve(2) closes it.
func (p *Plan) Carry(load Payload) {
	p.Path, p.Argv = "/proc/self/fd/"+strconv.Itoa(load.Program), load.Argv
	ops := make([]Op, 0, len(p.Program)+3)
	b := newBuilder(&ops)
	b.because("connect", "the payload", nil)
	free := p.unusedSlots()
	for to, number := range [...]int{load.Input, load.Output, load.Error} {
		input := Input{free[to], number}
		p.Inputs = append(p.Inputs, input)
		b.call("dup3", unix.SYS_DUP3, NoSlot, fd(input.Slot), num(uint64(to), ""), num(0, ""))
	}
	last := p.Program[len(p.Program)-1]
	last.Args = []Arg{text(p.Path), block(vector("argv", p.Argv)), last.Args[2]}
	p.Program = append(append(ops, p.Program[:len(p.Program)-1]...), last)
}

// unusedSlots lists the slots that no op of the plan refers to.
func (p *Plan) unusedSlots() []Slot {
	var used [slotCount]bool
	used[slotReport], used[slotControl] = true, true
	for i := range Index(p.Len()) {
		op := p.Op(i)
		if op.Out != NoSlot {
			used[op.Out] = true
		}
		for j := range op.Args {
			if op.Args[j].Kind == ArgSlot || op.Args[j].Kind == ArgBeneath {
				used[op.Args[j].Num] = true
			}
		}
	}
	var free []Slot
	for s := range Slot(slotCount) {
		if !used[s] {
			free = append(free, s)
		}
	}
	return free
}
