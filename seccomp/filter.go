package seccomp

// Action is what happens to a syscall that a rule matches.
type Action int

// The actions, named as in a profile.
const (
	Allow Action = iota
	Errno        // the call fails with Rule.Errno, EPERM by default
	Kill         // the process dies of SIGSYS
	Log          // the call is allowed and logged by the kernel
)

// Cond is a condition on one argument of a syscall. All comparisons are
// unsigned. Op is one of "==", "!=", "<", "<=", ">", ">=" and "&"; for "&"
// the condition holds when argument&Mask == Value.
//
// Width is 32 when the kernel looks at the low half of the argument only
// (ioctl commands, socket families, clone flags of 32 bits): the condition then ignores
// the upper half, as the kernel does. 64 otherwise.
type Cond struct {
	Arg   uint
	Op    string
	Mask  uint64
	Value uint64
	Width int
}

// Rule is one entry of an allow or deny list: a syscall or a @group, and the
// conditions that all have to hold. Errno is the number for action Errno, 0
// for EPERM.
type Rule struct {
	Name   string
	When   []Cond
	Action Action
	Errno  int
}

// Filter is a whole syscall policy. Deny wins over Allow. A syscall that is
// in neither list gets Default; a number that this build of jail has no name
// for always gives ENOSYS, unless Default is Allow or Log. Arches holds
// "native" and the further ABIs the filter accepts ("x86", "x32", ...); every
// other ABI kills the process.
type Filter struct {
	Default Action
	Allow   []Rule
	Deny    []Rule
	Arches  []string
	// NoSetID refuses to give files a set-user-ID or set-group-ID bit, whatever
	// the lists and the default say.
	NoSetID bool
	// OthersInSight says that processes outside have numbers in the jail, and refuses
	// what would harm them by number.
	OthersInSight bool
	// TCPPorts says that Landlock decides which ports are connected to by TCP, and refuses
	// what it does not look at.
	TCPPorts bool
}
