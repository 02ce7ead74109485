// Package jail turns a policy into a plan for this host and executes it.
//
// Compile is a pure function from a Policy and a Host (what exists, who
// asks, what the kernel can do) to a Plan: a flat list of syscalls, each with
// the profile line that asked for it. Start lowers the plan to memory that
// a raw child can execute without the Go runtime, forks, and reports a failing
// step at its profile line. What it does not do: read YAML, print, or decide
// anything between fork and exec.
package jail

import (
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/landlock"
	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/standin"
	"github.com/jail-project/jail/terminal"
)

// Plan is everything a launch does, in order. Setup runs in the new
// namespaces before the program's process exists, Init in PID 1 after it was
// forked off, Program in the program's process up to execve.
type Plan struct {
	Profile    string
	Namespaces uintptr // flags of clone(2) for the first child
	Setup      []Op
	Init       []Op
	Program    []Op

	// Reap is false when the program itself is the first process: then Init
	// is empty and Program follows Setup in the same process.
	Reap bool
	// OwnPIDs tells that the first process is PID 1 of a PID namespace.
	OwnPIDs bool

	Path   string // of the program, as seen inside
	Argv   []string
	Env    []string
	Filter *seccomp.Filter // nil: no syscall filter
	Time   time.Duration   // wall-clock limit, 0 for none

	// Group is where the first process goes before it begins; nil is where
	// the launcher is.
	Group Group

	// Landlock is the version that restricts the program, 0 for none.
	Landlock landlock.ABI
	// Terminal is the caller's terminal, in whose place the program gets one
	// of the jail's own; nil when it was started without.
	Terminal *terminal.Terminal

	// Inputs are descriptors of the launcher that ops refer to by slot.
	Inputs []Input

	// keep and set are the environment as a rule, for who enters; see Entry.
	keep, set []string

	// fileStreams tells that a file may be a standard stream: what it can be
	// opened again for has a bound.
	fileStreams bool
	// enter comes before the steps of whoever enters the jail: see rejoin.
	enter []Op
	// standIns are on the host, as long as the jail runs, in the names of
	// what it keeps absent; standInRecords is the directory that knows of them.
	standIns       []standin.Entry
	standInRecords string

	// groups are supplementary groups that count in the jail. subordinate is
	// the program that maps groups so that they can be dropped, "" for none, and
	// groupMap what it is to write: see writeGroupMap.
	groups                []int
	subordinate, groupMap string
	groupsAt              diag.Range

	// runAs is the user id outside of a jail that root starts, 0 for all
	// others; see asRoot for what the launcher does then.
	runAs, insideUID, insideGID int
	borrowed                    []borrowed
	creates                     []*grant

	// detached is set while the plan relies on Kernel.DetachedTree, which
	// can only be tried; see Failure.AskedTooMuch.
	detached   bool
	entering   bool // the plan is to enter a jail that runs; see Join
	filterProg *Block
	sockets    *socketGuard // nil: Unix sockets are not guarded
}

// Input is a descriptor that is open in the launcher when the plan starts.
type Input struct {
	Slot Slot
	FD   int
}

// Slot names a descriptor within a plan.
type Slot int8

// Slots that every plan knows. Others are handed out and reused by the
// builder.
const (
	NoSlot     Slot = -1
	slotReport Slot = 0 // the child's end of the report socket
	slotRoot   Slot = 1 // the jail's root directory
	slotFirst  Slot = 2
	slotCount       = 64 // a power of two: the child masks its index
	// The first process's end of the socket by which it serves the terminal.
	slotControl Slot = slotCount - 1
)

// Op is one step of a plan: one syscall, at most one result.
type Op struct {
	Name   string // of the syscall
	Number uintptr
	Args   []Arg
	Out    Slot          // receives the result, or NoSlot
	Accept syscall.Errno // an errno that is no failure, 0 for none
	Each   bool          // every process of the jail does this, also one that enters: see Entry

	// Store receives the result as 32 bits at byte StoreAt, which is not 0;
	// nil for none. A later op may have the block as an argument.
	Store   *Block
	StoreAt int

	Verb    string // what the step is for, read before Subject
	Subject string // in the user's words
	At      *diag.Range
}

// acceptAny stands for every errno: whatever comes of the step, go on.
const acceptAny = 0xffff

// Index tells where an op stands in the whole plan; the child reports it.
type Index int

// Len is the number of ops in the plan.
func (p *Plan) Len() int { return len(p.Setup) + len(p.Init) + len(p.Program) }

// Op returns the op with the given index, nil when there is none.
func (p *Plan) Op(i Index) *Op {
	for _, part := range [][]Op{p.Setup, p.Init, p.Program} {
		if int(i) < len(part) && i >= 0 {
			return &part[i]
		}
		i -= Index(len(part))
	}
	return nil
}

// ArgKind tells how an argument reaches the kernel.
type ArgKind uint8

// The kinds of arguments.
const (
	ArgNumber  ArgKind = iota // Num itself; Text is how people read it
	ArgSlot                   // the descriptor in slot Num
	ArgText                   // a pointer to Text, NUL-terminated
	ArgBlock                  // a pointer to Block
	ArgShared                 // a pointer Num bytes into the page shared with the launcher
	ArgBeneath                // a pointer to Block, in which the descriptor in slot Num is written
)

// Arg is one argument of an op.
type Arg struct {
	Num   uint64
	Text  string
	Block *Block
	Kind  ArgKind
}

// Block is memory an argument points to: a struct, a message, a vector.
type Block struct {
	Bytes []byte
	Refs  []Ref  // places in Bytes that hold a pointer
	Show  string // how people read it

	// Result: the kernel writes it, and the launcher reads it when the program
	// runs. It lies at byte at of the shared memory then.
	Result bool
	at     int
}

// Ref says that the pointer-sized word at Offset points to Text
// (NUL-terminated) or, if Block is set, to that block.
type Ref struct {
	Offset int
	Text   string
	Block  *Block
}

// String renders the op as one line in the manner of strace(1), slots as
// names.
func (o *Op) String() string {
	var b strings.Builder
	b.WriteString(o.Name)
	b.WriteByte('(')
	for i := range o.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(o.Args[i].String())
	}
	b.WriteByte(')')
	if o.Out != NoSlot {
		b.WriteString(" = ")
		b.WriteString(slotName(o.Out))
	}
	return b.String()
}

// String renders the argument for people.
func (a *Arg) String() string {
	switch a.Kind {
	case ArgSlot:
		return slotName(Slot(a.Num))
	case ArgText:
		return strconv.QuoteToASCII(a.Text)
	case ArgBlock:
		return a.Block.Show
	case ArgBeneath:
		return "{" + a.Block.Show + ", " + slotName(Slot(a.Num)) + "}"
	case ArgShared:
		switch a.Num {
		case openOffset:
			return "launcher"
		case programOffset:
			return "program"
		default:
			return "gate"
		}
	default:
		if a.Text != "" {
			return a.Text
		}
		return strconv.FormatInt(int64(a.Num), 10)
	}
}

func slotName(s Slot) string {
	switch s {
	case slotReport:
		return "report"
	case slotRoot:
		return "root"
	case slotControl:
		return "control"
	default:
		return "fd" + strconv.Itoa(int(s))
	}
}
