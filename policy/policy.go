// Package policy reads profiles: YAML text becomes layers of checked values,
// the layers are merged, and the outcome is a Policy in which every leaf
// knows the place that decided it and what it overrode.
//
// The way of a profile through the package: Load (load.go) finds files in a
// Store; its parser (package yaml) makes nodes of their text; the checker
// (check.go) holds the nodes against the table of keys (schema.go), their texts
// against the kinds of values (package kind, and for paths package paths), and
// makes a document of them; documents are merged (document.go), rivals between
// lists settled (resolve.go), and the Policy built (build.go). Show prints it
// as a profile again.
//
// The package is pure: it opens nothing but what the fs.FS of a Store holds,
// and knows neither the environment nor the kernel. Variables, globs and path
// groups stay as they are written until the policy is compiled for a host.
package policy

import (
	"strings"
	"time"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/seccomp"
)

// Origin says where a leaf of the policy was written and what it replaced.
type Origin struct {
	At    diag.Range   // the text that decided
	Over  []diag.Range // what it overrode, latest first
	Layer int          // index into Policy.Layers, or -1 for a default
}

// IsDefault reports whether no layer said it: At is zero then.
func (o Origin) IsDefault() bool { return o.Layer == fromDefault }

// Value is a scalar leaf. Set is false for a key that no layer mentions; V
// then holds the documented default.
type Value[T any] struct {
	V   T
	Set bool
	Origin
}

// Entry is one element of a list of names.
type Entry struct {
	Text string
	// File is the absolute path of the list of hosts that the entry is a line of, "" for
	// an entry of a profile.
	File string
	Origin
}

// Layer is one document that went into a policy, weakest first.
type Layer struct {
	Name   string     // profile name, or "command line"
	File   string     // the key under which diag.Sources knows its text
	Dir    string     // ${PROFILE_DIR}: the directory of the file, "" for embedded profiles and flags
	Reason string     // "profile", "extends", "drop-in", "flags"
	Via    diag.Range // the extends entry that brought it in, zero for the profile itself
}

// Policy is the merged and validated outcome of all layers. Paths and values
// are as the user wrote them: variables, globs and named path groups are
// expanded when the policy is compiled for a host.
type Policy struct {
	Name         string
	Layers       []Layer
	Description  Value[string]
	Programs     []Entry
	Filesystem   Filesystem
	Environment  Environment
	Capabilities Capabilities
	Syscalls     Syscalls
	Network      Network
	Namespaces   Namespaces
	Landlock     Landlock
	Identity     Identity
	Limits       Limits
	Display      Display
	Audio        Value[string] // none, pulse, pipewire
	DBus         DBus
	Devices      []Entry
	Sockets      []PathRule // Access is Connect; see AnySocket and AbstractSocket
	Tests        []Test
}

// Access is what a path rule does with its path.
type Access int

// The kinds of path rules, named as in a profile.
const (
	Read Access = iota
	Write
	Hide
	Tmpfs
	Overlay
	Connect // an entry of sockets
)

// Create says what a missing path is made as on the host.
type Create int

// The values of "create".
const (
	CreateNone Create = iota
	CreateDirectory
	CreateFile
)

// PathRule is one entry of filesystem.read, write, hide, tmpfs or overlay, or
// of sockets.
// For one Path only the rule of the latest layer remains, whichever list it
// stands in.
type PathRule struct {
	Access   Access
	Path     string // as written
	Create   Create // write only
	Required bool   // a missing path is an error; always set for flags, but for tmpfs and @groups
	Size     int64  // tmpfs, overlay with discard: bytes, 0 for the default
	Inodes   int64  // tmpfs: 0 for the default
	Mode     uint32 // tmpfs: permission bits with sticky; 0 for the default 0755
	Keep     string // overlay: directory on the host that keeps the changes, "" discards them
	FromHost bool   // with a root of its own, the path is one of the host all the same
	Origin
}

// Filesystem is the merged filesystem section. Rules are ordered by layer.
type Filesystem struct {
	Rules     []PathRule
	Root      Value[string] // "host" or a directory
	Home      Value[string] // host, private, empty
	Startup   Startup
	Arguments Value[string] // no, read, write
}

// Startup is what becomes of @startup in directories that the program may write.
type Startup struct {
	Automatic Value[string] // block, report, quarantine
	Tools     Value[string] // likewise
}

// Environment is the merged environment section.
type Environment struct {
	Keep []Entry // names, a trailing * matches any rest
	Set  []Variable
}

// Variable is one entry of environment.set.
type Variable struct {
	Name, Text string
	Origin
}

// MatchEnv reports whether the entry of environment.keep covers a variable.
// Only a * at the end stands for a rest, so LANG covers LANG alone.
func MatchEnv(entry, name string) bool {
	if prefix, ok := strings.CutSuffix(entry, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return entry == name
}

// Capabilities is the merged capabilities section. Drop is applied first,
// Keep wins; names are as in capabilities(7) without the CAP_ prefix, lower
// case, or "all". What later layers took back is already gone from either
// list; "all" stands in Keep only when nothing is dropped beside it.
type Capabilities struct {
	Drop []Entry
	Keep []Entry
}

// SyscallRule is one entry of syscalls.allow or syscalls.deny.
type SyscallRule struct {
	Rule seccomp.Rule // Rule.Action is Allow for an allow entry
	Origin
}

// Syscalls is the merged syscalls section. Deny entries win over allow
// entries, see seccomp.Filter: what a later layer allowed again without
// conditions is already gone from Deny.
type Syscalls struct {
	Default       Value[seccomp.Action]
	Allow         []SyscallRule
	Deny          []SyscallRule
	Architectures []Entry
	// RestrictSUIDSGID keeps the program from making set-id files.
	RestrictSUIDSGID Value[bool]
}

// Network is the merged network section.
type Network struct {
	Mode Value[string] // none, host, filtered, nat, namespace
	// Namespace is the network namespace of the mode of that name: a name, or a path.
	Namespace Value[string]
	Allow     []Entry
	Deny      []Entry
	Publish   []Entry
	// Join is the group of jails that have one network, "" for none.
	Join Value[string]
}

// Namespaces tells which optional namespaces the jail gets; user and mount
// namespaces always exist, the network namespace follows Network.Mode.
type Namespaces struct {
	PID, IPC, UTS, Cgroup, Time Value[bool]
	// User allows nested user namespaces inside the jail.
	User Value[bool]
}

// Landlock is the merged landlock section.
type Landlock struct {
	Use     Value[string] // required, optional, off
	Version Value[int64]  // the lowest that will do
	Connect []Entry       // the only ports to connect to by TCP; none: all
}

// Identity is the merged identity section.
type Identity struct {
	User      Value[string] // keep, root, nobody, or a decimal uid
	Hostname  Value[string]
	MachineID Value[string] // random, host, or 32 hex digits
	Groups    Value[string] // masked, keep, dropped
}

// Limits is the merged limits section; unset values are unlimited or left
// as they are.
type Limits struct {
	Memory    Value[int64] // bytes
	Processes Value[int64]
	CPU       Value[int64] // per cent of one processor
	OpenFiles Value[int64]
	FileSize  Value[int64] // bytes
	Time      Value[time.Duration]
}

// Display is the merged display section.
type Display struct {
	X11       Value[string] // none, auto, filtered, xephyr, xvfb, xpra, xwayland, untrusted, host
	Clipboard Clipboard
	Titles    Value[bool]
	Wayland   Value[string] // none, auto, strict, host, true, false
	Size      Value[string] // of the screen of a server of its own, "" for the usual one
	Title     Value[string]
}

// Clipboard is display.clipboard: deny, on-key, ask or allow.
type Clipboard struct {
	In, Out Value[string]
}

// DBus is the merged dbus section.
type DBus struct {
	Session, System BusRules
}

// BusRules lists the names a program may talk to, own or see on one bus.
type BusRules struct {
	Talk, Own, See []Entry
}

// Test is one entry of tests: what `jail test` proves.
type Test struct {
	Probe  string   // read, write, connect, run
	Target string   // path or address; "" for run
	Run    []string // the command of a run probe
	Expect string   // missing, denied, success, failure
	Origin
}

// AnySocket tells whether the profile leaves all sockets unguarded, and where
// it says so.
func (p *Policy) AnySocket() (*PathRule, bool) {
	for i := range p.Sockets {
		if p.Sockets[i].Path == paths.AnySocket {
			return &p.Sockets[i], true
		}
	}
	return nil, false
}
