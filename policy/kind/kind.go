// Package kind knows the kinds of values that keys of a profile take: what a
// text must look like to be of a kind, what it means, how that is printed, and
// what messages call it. It sees one text at a time. Which key takes which
// kind is the table of package policy.
package kind

import "github.com/jail-project/jail/diag"

// Kind is the sort of value a key takes. It decides how a value is checked,
// printed, and described in the JSON Schema and the reference.
type Kind int

// The kinds of values. All but the first three are scalars.
const (
	Mapping   Kind = iota // a mapping with keys of its own
	List                  // a list of entries
	Variables             // a mapping of environment variables to texts

	Text         // any text
	Enum         // one of a few words
	Bool         // true or false
	Int          // a positive whole number
	Size         // bytes: 4096, 512M, 2G
	Percent      // 150%
	Duration     // 90s, 1h, 1h30m
	Mode         // permission bits, "1777" or 0o1777
	ProfileName  // a name of the search path
	ProfileRef   // a profile name, or ./relative.yaml
	ProgramName  // the base name of a program
	PathRef      // a path with variables, no glob
	PathPattern  // a path with variables and globs, or a @group
	SocketRef    // a path with variables, @name, or *
	RootDir      // host, or a directory
	EnvPattern   // a variable name, * at the end for any rest
	Capability   // a name of capabilities(7), or all
	SyscallName  // a syscall or a @group
	Arch         // native, or a name of an ABI
	ErrnoName    // a name of errno(3), or its number
	Number       // a number or a constant of the kernel's headers
	HostPattern  // host, *.domain, address or network, with ports
	PublishSpec  // [address:]port:port
	BusName      // a D-Bus name, .* at the end for any rest
	DeviceName   // a kind of device, or a path in /dev
	UserName     // keep, root, nobody or a uid
	HostName     // a host name for the jail
	MachineID    // random, host or 32 hex digits
	ConnectSpec  // host:port
	PathElement  // an entry of a path list: a path or a mapping
	SyscallEntry // an entry of a syscall list: a name or a mapping
	TestEntry    // an entry of tests
)

// Expects names what a kind takes, in messages and in the reference. Words are
// those of an Enum.
func (k Kind) Expects(words []string) string {
	switch k {
	case Mapping:
		return "a mapping"
	case List:
		return "a list"
	case Variables:
		return "a mapping of names to texts"
	case Enum:
		return "one of " + diag.OrList(words)
	case Bool:
		return "true or false"
	case Int:
		return "a whole number"
	case Size:
		return "a size such as 512M"
	case Percent:
		return "a percentage such as 150%"
	case Duration:
		return "a time such as 1h30m"
	case Mode:
		return `a mode such as "0755"`
	case ProfileName:
		return "a name"
	case ProfileRef:
		return "a profile name or ./file.yaml"
	case ProgramName:
		return "the name of a program"
	case PathRef:
		return "a path"
	case PathPattern:
		return "a path, a pattern or a path group"
	case SocketRef:
		return "a path, @name or *"
	case RootDir:
		return "host or a directory"
	}
	return k.expectsName()
}

func (k Kind) expectsName() string {
	switch k {
	case EnvPattern:
		return "the name of a variable"
	case Capability:
		return "a capability or all"
	case SyscallName:
		return "a syscall or a @group"
	case Arch:
		return "an architecture"
	case ErrnoName:
		return "an error such as EPERM"
	case Number:
		return "a number or a constant"
	case HostPattern:
		return "a host, an address or a network"
	case PublishSpec:
		return "address:port:port"
	case BusName:
		return "a D-Bus name"
	case DeviceName:
		return "a kind of device or a path in /dev"
	case UserName:
		return "keep, root, nobody or a uid"
	case HostName:
		return "a host name"
	case MachineID:
		return "random, host or 32 hexadecimal digits"
	case ConnectSpec:
		return "host:port"
	case PathElement:
		return "a path or a mapping"
	case SyscallEntry:
		return "a syscall or a mapping"
	case TestEntry:
		return "a mapping"
	}
	return "a text"
}
