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
	HostPattern  // host, *.domain, address, network or @group, with ports
	HostFile     // a file that lists hosts, relative to the profile
	HostEntry    // an entry of a list of hosts: a host or a mapping
	PublishSpec  // [address:]port:port
	Port         // the number of a port
	GroupName    // a name for jails that share a network
	NetNamespace // a name of ip-netns(8), or a path
	BusName      // a D-Bus name, .* at the end for any rest
	DeviceName   // a kind of device, or a path in /dev
	UserName     // keep, root, nobody or a uid
	HostName     // a host name for the jail
	MachineID    // random, host or 32 hex digits
	ConnectSpec  // host:port
	ScreenSize   // WIDTHxHEIGHT in pixels
	PathElement  // an entry of a path list: a path or a mapping
	SyscallEntry // an entry of a syscall list: a name or a mapping
	TestEntry    // an entry of tests
)

// Expects names what a kind takes, in messages and in the reference. Words are
// those of an Enum.
func (k Kind) Expects(words []string) string {
	if k == Enum {
		return "one of " + diag.OrList(words)
	}
	return expects[k]
}

var expects = [...]string{
	Mapping:      "a mapping",
	List:         "a list",
	Variables:    "a mapping of names to texts",
	Text:         "a text",
	Bool:         "true or false",
	Int:          "a whole number",
	Size:         "a size such as 512M",
	Percent:      "a percentage such as 150%",
	Duration:     "a time such as 1h30m",
	Mode:         `a mode such as "0755"`,
	ProfileName:  "a name",
	ProfileRef:   "a profile name or ./file.yaml",
	ProgramName:  "the name of a program",
	PathRef:      "a path",
	PathPattern:  "a path, a pattern or a path group",
	SocketRef:    "a path, @name or *",
	RootDir:      "host or a directory",
	EnvPattern:   "the name of a variable",
	Capability:   "a capability or all",
	SyscallName:  "a syscall or a @group",
	Arch:         "an architecture",
	ErrnoName:    "an error such as EPERM",
	Number:       "a number or a constant",
	HostPattern:  "a host, an address, a network or a group",
	HostFile:     "the path of a file",
	HostEntry:    "a host, an address, a network, a group or a mapping",
	PublishSpec:  "address:port:port",
	Port:         "a port",
	GroupName:    "a name",
	NetNamespace: "the name or the path of a network namespace",
	BusName:      "a D-Bus name",
	DeviceName:   "a kind of device or a path in /dev",
	UserName:     "keep, root, nobody or a uid",
	HostName:     "a host name",
	MachineID:    "random, host or 32 hexadecimal digits",
	ConnectSpec:  "host:port",
	ScreenSize:   "a size in pixels such as 1280x800",
	PathElement:  "a path or a mapping",
	SyscallEntry: "a syscall or a mapping",
	TestEntry:    "a mapping",
}
