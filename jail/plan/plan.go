// Package plan describes a launch as data: a flat list of syscalls, each with the profile
// line that asked for it. Package compile makes plans, package child executes them, and
// package launch works beside the child. The package has the types that these three
// exchange, and decides nothing.
package plan

import (
	"slices"
	"syscall"
	"time"

	"github.com/jail-project/jail/diag"
)

// Plan is everything a launch does, in order. Setup runs in the new
// namespaces before the program's process exists, Init in PID 1 after it was
// forked off, Program in the program's process up to execve. A plan is complete
// when package compile returns it, and nobody changes it afterwards.
type Plan struct {
	Profile    string
	Namespaces uintptr // flags of clone(2) for the first child
	Setup      []Op
	Init       []Op
	Program    []Op

	// Reap is false when the program runs in the init itself: then Init
	// is empty and Program follows Setup in the same process.
	Reap bool
	// OwnPIDs tells that the init is PID 1 of a PID namespace.
	OwnPIDs bool
	// Terminal tells that the program gets a terminal of the jail's own, which
	// the init serves.
	Terminal bool
	// Entering: the plan is to enter a jail that runs.
	Entering bool
	// DetachedTree: the plan relies on a kernel that populates a mount tree before
	// it is attached, which can only be tried.
	DetachedTree bool

	Path string // of the program, as seen inside
	Argv []string
	Env  []string
	Time time.Duration // wall-clock limit, 0 for none

	// Landlock is the version of landlock(7) that restricts the program, 0 for none.
	Landlock int
	// KeptGroups are the supplementary groups of the caller that count in the
	// jail, wherever a granted directory holds a file of theirs.
	KeptGroups []int

	// Inside are namespaces of another jail, in which the init is made; nil for none.
	Inside *Inside

	// What the launcher does beside the child.

	// Inputs are descriptors of the launcher that ops refer to by slot.
	Inputs []Input
	// Free are names on the host that the launcher keeps free while the jail runs. What
	// is made in those of FreeAfter is moved away when it has ended.
	Free, FreeAfter []FreeName
	// Quarantine is the directory for what was made there.
	Quarantine string
	// Reported are paths of which the launcher says at the end what is new or changed;
	// Changes is the file that this is written down in.
	Reported []string
	Changes  string
	// GroupMap is for dropping supplementary groups; its Program is "" for none.
	GroupMap GroupMap
	// Attach is the program that connects the jail's network namespace with the host's
	// network; its Program is "" for none.
	Attach Attach
	// Join is the network namespace that the jail is in; its Path is "" for one of its own,
	// or the launcher's.
	Join Join
	// RunAs is who the program is in a jail that root starts; zero for all others.
	RunAs RunAs
	// Clones are the mounts that the launcher makes for a jail of root.
	Clones []Clone
	// Creates is what the launcher makes on the host for a jail of root.
	Creates []Create
	// Sockets is nil when Unix sockets are not guarded.
	Sockets *SocketGuard
	// Handed is how many descriptors of directories the launcher gets with status
	// messages: see StepHanded.
	Handed int
	// Relayed is how many sockets of the jail's network it gets: see StepRelayed.
	Relayed int
}

// FreeName is the name Rel in or below Dir, an existing directory.
type FreeName struct{ Dir, Rel string }

// FreeRemedy is what to do where names can't be kept free.
const FreeRemedy = "let the program make them, with `filesystem: {startup: {automatic: report}}`; the reference of profiles says what that means"

// GroupMap is what newgidmap(1) is to write for the jail's init.
type GroupMap struct {
	Program string // the file of newgidmap
	Map     string // its arguments behind the pid
	At      diag.Range
}

// Attach is a program that the launcher starts for the jail's network and ends with the
// jail. It gets these arguments and the pid of the init, no environment, and the host's
// network. When the network is there it writes its own pid to standard output.
type Attach struct {
	Program string
	Args    []string
	At      diag.Range
}

// Join is a network namespace that others made. The plan was compiled for a caller who has
// these ids in the user namespace that it belongs to, which is joined as well.
type Join struct {
	Path     string
	UID, GID int
	At       diag.Range
}

// RunAs is a user of the jail, outside and inside. The launcher writes the maps of
// ids of a jail that root starts; in all others an op does.
type RunAs struct{ Outside, UID, GID int }

// Inside are a user and a network namespace to make the init in, in place of new ones.
type Inside struct {
	User, Network int // descriptors of the launcher
	// UID and GID are the ids that the user namespace maps. Root becomes that user; for
	// anybody else they are its own.
	UID, GID int
	Become   bool
	// OOMScore is written to oom_score_adj of proc(5), "" for nothing. The init can't: it
	// is not dumpable, so that file is not its own.
	OOMScore string
}

// Clone is an ID-mapped clone of a mount (mount_setattr(2)): a copy of the
// mount at Source, whose owner root is the jail's user.
type Clone struct {
	Slot      Slot
	Source    string
	Recursive bool
	Attr      *Block // struct mount_attr
	For       Op     // for messages
}

// Create is a directory or an empty file to be made on the host.
type Create struct {
	Path    string
	Dir     bool
	Written string // in the user's words
	At      *diag.Range
}

// SocketGuard lists the Unix sockets that the jail may connect to, by blocks that the
// kernel fills in when the plan runs.
type SocketGuard struct {
	Mounts   []*Block // struct statx of each mount that is the jail's own
	Files    []*Block // likewise of each socket of the host
	Names    []string // abstract names of the host
	Ports    []uint16 // the only ones to connect to by TCP; none: all
	Listener *Block   // a control message with the filter's listener; nil: nobody can listen
}

// Listens tells whether the launcher answers for the jail's connections; nil does not.
func (g *SocketGuard) Listens() bool { return g != nil && g.Listener != nil }

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
	SlotStatus Slot = 0 // the child's end of the status socket
	SlotRoot   Slot = 1 // the jail's root directory
	SlotFirst  Slot = 2
	SlotCount       = 64 // a power of two: the child masks its index
	// The init's end of the socket by which it serves the terminal.
	SlotControl Slot = SlotCount - 1
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

	// Answer is memory that the call fills in; as a negative number, the 32 bits at byte
	// AnswerAt, which is not 0, are an errno with which the op fails. nil for none.
	Answer   *Block
	AnswerAt int

	Verb    string // what the step is for, read before Subject
	Subject string // in the user's words
	At      *diag.Range
}

// AcceptAny is every errno: the plan goes on after any result.
const AcceptAny = 0xffff

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
	// runs.
	Result bool
}

// Ref says that the pointer-sized word at Offset points to Text
// (NUL-terminated) or, if Block is set, to that block.
type Ref struct {
	Offset int
	Text   string
	Block  *Block
}

// KeepAlone is the verb of the step that locks the directory of an overlay's changes.
const KeepAlone = "use alone what keeps the changes of"

// HostSockets is the subject of the socket guard's step.
const HostSockets = "the sockets of the host"

// GuardsSockets tells whether the plan has a step that keeps Unix sockets of
// the host out of reach, but for those that the profile lists.
func (p *Plan) GuardsSockets() bool {
	return slices.ContainsFunc(p.Program, func(o Op) bool { return o.Name == "seccomp" && o.Subject == HostSockets })
}

// Codes of the diagnostics that stand for exit statuses 127 and 126.
const (
	CodeNotFound      = "program-not-found"
	CodeNotExecutable = "program-not-executable"
)
