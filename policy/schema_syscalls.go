package policy

import (
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/seccomp"
)

func syscallsKey() Key {
	return Key{
		Name: "syscalls", Kind: kind.Mapping,
		Doc: "Which system calls the program may make. Calls that this version of jail does not know always fail with ENOSYS, unless the default lets everything through.",
		Keys: []Key{
			{
				Name: "default", Kind: kind.Enum, Enum: seccomp.ActionNames(), Default: "errno",
				at:      func(p *Policy) any { return &p.Syscalls.Default },
				Doc:     "What happens to a call that is neither allowed nor denied: errno (it fails with EPERM), kill (the program dies), log (it works and the kernel logs it), or allow.",
				Caution: "With allow or log the list of allowed calls has no effect.",
			},
			{
				Name: "allow", Kind: kind.List, Group: "syscalls", DefaultList: []string{"@default"}, Elem: syscallElem(false),
				at:     func(p *Policy) any { return &p.Syscalls.Allow },
				Doc:    "Calls that work: names, groups such as @default, or mappings with conditions on the arguments. A list, even an empty one, takes the place of the default. An empty list allows nothing.",
				Exempt: "Deny the call.",
			},
			{
				Name: "deny", Kind: kind.List, Group: "syscalls", Elem: syscallElem(true),
				at:      func(p *Policy) any { return &p.Syscalls.Deny },
				Doc:     "Calls that do not work although they are allowed: names, groups, or mappings with conditions, an action and an error. Of one layer deny wins; a later layer that allows the same call without conditions wins over it.",
				Exempt:  "Allow the call by its name in a later layer; that takes it out of denied groups too.",
				Caution: "Conditions see numbers only: what a pointer leads to cannot be checked.",
			},
			{
				Name: "architectures", Kind: kind.List, DefaultList: []string{"native"}, DefaultBase: true, Elem: &Key{Kind: kind.Arch},
				at:  func(p *Policy) any { return &p.Syscalls.Architectures },
				Doc: "The interfaces of the kernel that programs may use: native, and others of this machine, such as x86 for 32-bit programs. A call through any other one ends the program.",
			},
			{
				Name: "restrict-suid-sgid", Kind: kind.Bool, Default: "true",
				at:      func(p *Policy) any { return &p.Syscalls.RestrictSUIDSGID },
				Doc:     "Keeps the program from giving a file the set-user-ID or set-group-ID bit, with which others would execute it as its owner or in its group, outside of the jail too: chmod, open, mknod and their kin fail with EPERM. openat2 and io_uring, whose mode no filter sees, fail with ENOSYS. allow and default have no say in it.",
				Exempt:  "Switch it off for what makes such files, such as installers, git init --shared and package builds without fakeroot, and for what can't do without openat2 or io_uring.",
				Caution: "A directory that has the bit hands it on to new directories in it all the same, and what has the bit already keeps it when it is renamed or linked.",
			},
		},
	}
}

// syscallElem describes an entry of a syscall list; only a deny entry has a
// choice of what happens.
func syscallElem(deny bool) *Key {
	elem := &Key{Kind: kind.SyscallEntry, Keys: []Key{
		{Name: "name", Kind: kind.SyscallName, Required: true, Doc: "A syscall or a @group."},
		{
			Name: "when", Kind: kind.List, Doc: "Conditions on arguments, which must all hold.",
			Elem: &Key{Kind: kind.Mapping, Keys: []Key{
				{Name: "arg", Kind: kind.Number, Required: true, Doc: "The argument, 0 to 5."},
				{Name: "op", Kind: kind.Enum, Enum: []string{"==", "!=", "<", "<=", ">", ">=", "&"}, Default: "==", Doc: "The comparison, unsigned. & holds when the argument, masked with mask, is value."},
				{Name: "value", Kind: kind.Number, Required: true, Doc: "A number, or a constant of the kernel's headers: AF_UNIX, TIOCSTI."},
				{Name: "mask", Kind: kind.Number, Doc: "Which bits & looks at."},
				{Name: "width", Kind: kind.Number, Doc: "32 when the kernel looks at the low half of the argument only, 64 otherwise. The default fits the call where jail knows it, and is 64 elsewhere."},
			}},
		},
	}}
	if deny {
		elem.Keys = append(
			elem.Keys,
			Key{Name: "action", Kind: kind.Enum, Enum: []string{"errno", "kill", "log"}, Default: "errno", Doc: "What happens: errno, kill, or log."},
			Key{Name: "errno", Kind: kind.ErrnoName, Default: "EPERM", Doc: "The error of action errno."},
		)
	}
	return elem
}

func capabilitiesKey() Key {
	return Key{
		Name: "capabilities", Kind: kind.Mapping,
		Doc: "Privileges as in capabilities(7), which count inside the jail only.",
		Keys: []Key{
			{
				Name: "drop", Kind: kind.List, Group: "capabilities", DefaultList: []string{"all"}, DefaultBase: true, Elem: &Key{Kind: kind.Capability},
				at:     func(p *Policy) any { return &p.Capabilities.Drop },
				Doc:    "Capabilities to take away, or all. In a later layer it takes back what earlier ones kept, and all takes back everything.",
				Exempt: "Keep the capability.",
			},
			{
				Name: "keep", Kind: kind.List, Group: "capabilities", Elem: &Key{Kind: kind.Capability},
				at:  func(p *Policy) any { return &p.Capabilities.Keep },
				Doc: "Capabilities that stay although they are dropped, or all. Names may be written as in the manual, CAP_NET_RAW, or short, net_raw. sys_admin cannot be kept: with it a program could undo what hides and what is read-only.",
			},
		},
	}
}
