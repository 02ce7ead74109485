// Package landlock knows what each version of Landlock, the kernel's
// interface by which a process restricts itself for good, can restrict, and
// how its structures are laid out in memory.
//
// A ruleset handles some rights: what it handles and no rule of it grants is
// denied. Rules name directories and files, by descriptor, and hold for
// everything beneath. The package is pure: it makes no syscall and knows no
// policy. See landlock(7) and include/uapi/linux/landlock.h of the kernel.
package landlock

import "encoding/binary"

// ABI is a version of the interface, as landlock_create_ruleset(2) tells it.
// 0 stands for a kernel without Landlock.
type ABI int

// Newest is the latest version whose rights are asked for. Rights of later
// versions are in the table and stay unused until they were tried.
const Newest ABI = 7

// FS is a set of rights over files, LANDLOCK_ACCESS_FS_*.
type FS uint64

// The rights over files. Those that change a directory are held by the
// directory, the others by the file or whatever it lies beneath.
const (
	Execute FS = 1 << iota
	WriteFile
	ReadFile
	ReadDir
	RemoveDir
	RemoveFile
	MakeChar
	MakeDir
	MakeReg
	MakeSock
	MakeFifo
	MakeBlock
	MakeSym
	Refer       // rename or link from one directory to another
	Truncate    // make a file shorter, by name or by O_TRUNC
	IoctlDev    // ioctl(2) on a device that is opened from now on
	ResolveUnix // connect to a socket by its path
)

// Sets of rights over files.
const (
	// Files are the rights that a rule about something else than a
	// directory may grant.
	Files = Execute | WriteFile | ReadFile | Truncate | IoctlDev

	// Devices are the rights to make device nodes.
	Devices = MakeChar | MakeBlock

	// Looking changes nothing.
	Looking = Execute | ReadFile | ReadDir

	// Changing is what a writable directory grants.
	Changing = WriteFile | RemoveDir | RemoveFile | MakeDir | MakeReg | MakeSock | MakeFifo | MakeSym | Refer | Truncate
)

// Net is a set of rights over the network, LANDLOCK_ACCESS_NET_*.
type Net uint64

// The rights over the network. A rule grants them for a port, whatever the address.
const (
	BindTCP Net = 1 << iota
	ConnectTCP
)

// Scope is a set of things that end at the processes which are restricted
// together, LANDLOCK_SCOPE_*.
type Scope uint64

// The scopes.
const (
	AbstractUnixSocket Scope = 1 << iota // connecting to abstract sockets of others
	Signal                               // signals to others
)

// Has returns those of the rights that version a knows.
func (a ABI) Has(want FS) FS { return want & FS(a.mask(overFiles)) }

// HasScopes returns those of the scopes that version a knows.
func (a ABI) HasScopes(want Scope) Scope { return want & Scope(a.mask(scopes)) }

// HasNet returns those of the rights that version a knows.
func (a ABI) HasNet(want Net) Net { return want & Net(a.mask(overNet)) }

// rulesetSize is the length of struct landlock_ruleset_attr, in bytes, since
// version 6. An older kernel takes it as long as what it does not know is 0.
const rulesetSize = 24

// RulesetAttr encodes struct landlock_ruleset_attr of landlock_create_ruleset(2).
func RulesetAttr(fs FS, net Net, scope Scope) []byte {
	b := make([]byte, 0, rulesetSize)
	b = binary.NativeEndian.AppendUint64(b, uint64(fs))
	b = binary.NativeEndian.AppendUint64(b, uint64(net))
	return binary.NativeEndian.AppendUint64(b, uint64(scope))
}

// RuleNetPort is LANDLOCK_RULE_NET_PORT, the type of such a rule.
const RuleNetPort = 2

// NetPortAttr encodes struct landlock_net_port_attr of landlock_add_rule(2).
func NetPortAttr(allowed Net, port uint16) []byte {
	b := binary.NativeEndian.AppendUint64(nil, uint64(allowed))
	return binary.NativeEndian.AppendUint64(b, uint64(port))
}

// pathBeneathSize is the length of struct landlock_path_beneath_attr, in
// bytes: it is packed.
const pathBeneathSize = 12

// PathBeneathAttr encodes struct landlock_path_beneath_attr of
// landlock_add_rule(2) for a descriptor.
func PathBeneathAttr(allowed FS, fd int32) []byte {
	b := make([]byte, 0, pathBeneathSize)
	b = binary.NativeEndian.AppendUint64(b, uint64(allowed))
	return binary.NativeEndian.AppendUint32(b, uint32(fd))
}

// String lists the rights by name.
func (f FS) String() string { return names(overFiles, uint64(f)) }

// String lists the rights by name.
func (n Net) String() string { return names(overNet, uint64(n)) }

// String lists the scopes by name.
func (s Scope) String() string { return names(scopes, uint64(s)) }
