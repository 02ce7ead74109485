package planprint

import (
	"encoding/hex"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/landlock"
)

// JSON is what plan prints with --json.
type JSON struct {
	Profile     output.Text    `json:"profile"`
	CloneFlags  uint64         `json:"cloneFlags"` // of clone(2)
	Namespaces  []string       `json:"namespaces"`
	Path        output.Text    `json:"path"` // of the program, inside; "" when none was named
	Arguments   []output.Text  `json:"arguments"`
	Environment []output.Text  `json:"environment"`
	Time        float64        `json:"time,omitempty"` // limit in seconds
	Limits      []output.Limit `json:"limits"`         // what holds each limit of the profile
	Landlock    int            `json:"landlock"`       // the version in use, 0 for none
	Lacks       []output.Text  `json:"landlockLacks,omitempty"`
	Groups      []int          `json:"groups"` // supplementary groups of the caller that count
	Setup       []stepJSON     `json:"setup"`
	Init        []stepJSON     `json:"init"`
	Program     []stepJSON     `json:"program"`
}

// stepJSON is one syscall.
type stepJSON struct {
	Index   int         `json:"index"`
	Syscall string      `json:"syscall"`
	Number  uint64      `json:"number"`
	Args    []argJSON   `json:"args"`
	Result  *int        `json:"result,omitempty"` // the slot that receives the returned descriptor
	Accept  string      `json:"accept,omitempty"` // an error that is none here
	Text    output.Text `json:"text"`             // the line that plan prints without --json
	Verb    output.Text `json:"verb"`
	Subject output.Text `json:"subject"`
	output.Position
}

// argJSON is one argument. Kind tells which of the others are there: number
// (value, and name when it has one), slot, string, struct, result: value bytes
// that the kernel fills in, shared: value bytes into the memory that the
// launcher and the processes of the jail share, or beneath: a struct of bytes
// and the descriptor in the slot.
type argJSON struct {
	Kind  string       `json:"kind"`
	Value *int64       `json:"value,omitempty"` // the 64 bits of the register, signed
	Name  output.Text  `json:"name,omitempty"`  // a number or struct as people read it
	Slot  *int         `json:"slot,omitempty"`
	Text  *output.Text `json:"string,omitempty"`
	Bytes string       `json:"bytes,omitempty"` // of a struct, in hexadecimal, with zeros for pointers
	Refs  []*refJSON   `json:"pointers,omitempty"`
}

// refJSON is a pointer inside a struct: to a string, or to another struct.
type refJSON struct {
	Offset int          `json:"offset"`
	Text   *output.Text `json:"string,omitempty"`
	Bytes  string       `json:"bytes,omitempty"`
}

// Of is what a plan looks like in JSON. The limits are those of its profile.
func Of(p *plan.Plan, limits []output.Limit) JSON {
	out := JSON{
		Profile: output.Text(p.Profile), CloneFlags: uint64(p.Namespaces), Namespaces: namespaceNames(p),
		Path: output.Text(p.Path), Arguments: output.Texts(p.Argv), Environment: output.Texts(p.Env), Time: p.Time.Seconds(),
		Landlock: p.Landlock, Limits: limits, Groups: append([]int{}, p.KeptGroups...),
	}
	if p.Landlock > 0 {
		for _, l := range landlock.ABI(p.Landlock).Summary() {
			out.Lacks = append(out.Lacks, output.Text(l.String()))
		}
	}
	index := 0
	phase := func(ops []plan.Op) []stepJSON {
		steps := make([]stepJSON, len(ops))
		for i := range ops {
			steps[i] = stepOf(index, &ops[i])
			index++
		}
		return steps
	}
	out.Setup, out.Init, out.Program = phase(p.Setup), phase(p.Init), phase(p.Program)
	return out
}

func stepOf(index int, op *plan.Op) stepJSON {
	step := stepJSON{
		Index: index, Syscall: op.Name, Number: uint64(op.Number), Text: output.Text(op.String()),
		Verb: output.Text(op.Verb), Subject: output.Text(op.Subject), Args: make([]argJSON, len(op.Args)),
	}
	if op.Out != plan.NoSlot {
		slot := int(op.Out)
		step.Result = &slot
	}
	if op.Accept != 0 {
		step.Accept = unix.ErrnoName(op.Accept)
	}
	if op.At != nil {
		step.Position = output.PositionOf(*op.At)
	}
	for i := range op.Args {
		step.Args[i] = argOf(&op.Args[i])
	}
	return step
}

func argOf(arg *plan.Arg) argJSON {
	switch arg.Kind {
	case plan.ArgSlot:
		slot := int(arg.Num)
		return argJSON{Kind: "slot", Slot: &slot}
	case plan.ArgText:
		t := output.Text(arg.Text)
		return argJSON{Kind: "string", Text: &t}
	case plan.ArgBlock:
		if arg.Block.Result {
			size := int64(len(arg.Block.Bytes))
			return argJSON{Kind: "result", Name: output.Text(arg.Block.Show), Value: &size}
		}
		out := argJSON{Kind: "struct", Name: output.Text(arg.Block.Show), Bytes: hex.EncodeToString(arg.Block.Bytes)}
		for i := range arg.Block.Refs {
			out.Refs = append(out.Refs, refOf(&arg.Block.Refs[i]))
		}
		return out
	case plan.ArgBeneath:
		slot := int(arg.Num)
		return argJSON{Kind: "beneath", Slot: &slot, Name: output.Text(arg.Block.Show), Bytes: hex.EncodeToString(arg.Block.Bytes[:8])}
	case plan.ArgShared:
		offset := int64(arg.Num)
		return argJSON{Kind: "shared", Value: &offset}
	default:
		value := int64(arg.Num)
		return argJSON{Kind: "number", Value: &value, Name: output.Text(arg.Text)}
	}
}

func refOf(ref *plan.Ref) *refJSON {
	out := &refJSON{Offset: ref.Offset}
	if ref.Block != nil {
		out.Bytes = hex.EncodeToString(ref.Block.Bytes)
		return out
	}
	t := output.Text(ref.Text)
	out.Text = &t
	return out
}
