package compile

import (
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// Payload is a program in an open file, to be run in a jail that was planned
// for another one. The descriptors are the launcher's; none of them is passed
// on but as standard input, output and error, and those of Further as 3, 4 and so on.
//
// Precondition: where there are Further ones, all of the launcher's descriptors that the
// payload needs, and all that the launch opens, have higher numbers than they get. They
// would take the place of one of those.
type Payload struct {
	Program              int
	Argv                 []string
	Time                 time.Duration // limit, 0 for none
	Input, Output, Error int
	Further              []int
}

// MostFurther is how many descriptors a payload can have besides: each takes a slot of
// the plan.
const MostFurther = 16

// Carry returns the plan with a payload in the place of the program. Nothing else
// is different: the payload is in the jail that the program would be in. It is
// executed by its descriptor, which has a name in the jail's own /proc until
// execve(2) closes it.
func Carry(p *plan.Plan, load Payload) *plan.Plan {
	carrier := *p
	carrier.Time = load.Time
	carrier.Path, carrier.Argv = "/proc/self/fd/"+strconv.Itoa(load.Program), load.Argv
	program := p.Program
	if n := len(program) - 1; n >= 0 && program[n].Number == unix.SYS_EXECVE {
		program = program[:n] // without a program the plan ends before it
	}
	carrier.Program, carrier.Inputs = connected(p, program, &load)
	b := newBuilder(&carrier.Program)
	b.because("execute", "the payload", nil)
	b.call("execve", unix.SYS_EXECVE, plan.NoSlot, text(carrier.Path), block(vector("argv", carrier.Argv)), block(vector("envp", carrier.Env)))
	return &carrier
}

// Connect returns the plan with other descriptors for its program: the standard streams of
// a payload, and the further ones. Program, Argv and Time of the payload do not count.
func Connect(p *plan.Plan, load Payload) *plan.Plan {
	carrier := *p
	carrier.Program, carrier.Inputs = connected(p, p.Program, &load)
	return &carrier
}

// connected are the ops of a program with the descriptors of a payload in their places, and
// the inputs of the plan with those.
func connected(p *plan.Plan, program []plan.Op, load *Payload) ([]plan.Op, []plan.Input) {
	ops := make([]plan.Op, 0, len(p.Program)+3+len(load.Further))
	b := newBuilder(&ops)
	b.because("connect", "the payload", nil)
	free := unusedSlots(p.Setup, p.Init, p.Program)
	inputs := slices.Clone(p.Inputs)
	connect := func(number, to int) {
		inputs = append(inputs, plan.Input{Slot: free[to], FD: number})
		b.dup(free[to], to)
	}
	for to, number := range [...]int{load.Input, load.Output, load.Error} {
		connect(number, to)
	}
	// Further descriptors come behind the step that marks all that are above standard
	// error to be closed.
	closing := slices.IndexFunc(program, func(o plan.Op) bool { return o.Name == "close_range" }) + 1
	ops = append(ops, program[:closing]...)
	for i, number := range load.Further {
		connect(number, 3+i)
	}
	return append(ops, program[closing:]...), inputs
}

// unusedSlots lists the slots that the builder hands out and to which no op refers.
func unusedSlots(parts ...[]plan.Op) []plan.Slot {
	var used [plan.SlotCount]bool
	for _, ops := range parts {
		for i := range ops {
			if out := ops[i].Out; out != plan.NoSlot {
				used[out] = true
			}
			for j := range ops[i].Args {
				if s, is := slotOf(&ops[i].Args[j]); is {
					used[s] = true
				}
			}
		}
	}
	var unused []plan.Slot
	for s := plan.SlotFirst; s < plan.SlotControl; s++ {
		if !used[s] {
			unused = append(unused, s)
		}
	}
	return unused
}

// slotOf is the slot that an argument refers to, if it is of such a kind.
func slotOf(a *plan.Arg) (plan.Slot, bool) {
	return plan.Slot(a.Num & (plan.SlotCount - 1)), a.Kind == plan.ArgSlot || a.Kind == plan.ArgBeneath
}
