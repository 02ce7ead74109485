package seccomp

import (
	"slices"
	"strings"
)

// group is a named set of syscalls. Members are syscalls and other groups,
// taken without conditions; rules are the members with conditions or with an
// action of their own.
type group struct {
	name    string
	doc     string
	members []string
	rules   []Rule
}

// groupTable is sorted by name. The families carry the names that systemd
// made common (systemd.exec(5), SystemCallFilter=); what is in them is our
// own choice.
var groupTable = [...]group{
	{name: "@aio", doc: "asynchronous i/o by io_setup and its kin", members: aioMembers},
	{name: "@basic-io", doc: "reading, writing, seeking and duplicating open files", members: basicIOMembers},
	{name: "@chown", doc: "changing the owner of files", members: chownMembers},
	{name: "@clock", doc: "setting the system clocks", members: clockMembers},
	{name: "@cpu-emulation", doc: "segments and modes of older processors", members: cpuEmulationMembers},
	{name: "@debug", doc: "looking into other processes and measuring them", members: debugMembers},
	{name: "@default", doc: "what ordinary programs need", members: defaultMembers, rules: defaultRules},
	{name: "@file-system", doc: "files and directories by name, and their attributes", members: fileSystemMembers},
	{name: "@io-event", doc: "waiting for files to become ready", members: ioEventMembers},
	{name: "@io-uring", doc: "io_uring, whose operations no filter sees", members: ioUringMembers},
	{name: "@ipc", doc: "pipes, shared memory, semaphores and message queues", members: ipcMembers},
	{name: "@keyring", doc: "the kernel's keyrings", members: keyringMembers},
	{name: "@memlock", doc: "locking memory", members: memlockMembers},
	{name: "@module", doc: "loading and removing kernel modules", members: moduleMembers},
	{name: "@mount", doc: "mounting, and changing the root directory", members: mountMembers},
	{name: "@netlink", doc: "listing network interfaces and routes (NETLINK_ROUTE)", rules: netlinkRules},
	{name: "@network-io", doc: "sockets of every family", members: networkIOMembers},
	{name: "@obsolete", doc: "calls without a use today", members: obsoleteMembers},
	{name: "@pkey", doc: "memory protection keys", members: pkeyMembers},
	{name: "@privileged", doc: "calls that need a capability to have an effect", members: privilegedMembers},
	{name: "@process", doc: "starting, controlling and ending processes, namespaces included", members: processMembers},
	{name: "@raw-io", doc: "i/o ports and the PCI configuration", members: rawIOMembers},
	{name: "@reboot", doc: "restarting the machine or its kernel", members: rebootMembers},
	{name: "@resources", doc: "priorities, scheduling, limits and memory placement", members: resourcesMembers},
	{name: "@sandbox", doc: "what a browser's own inner sandbox needs beyond @default", members: sandboxMembers, rules: sandboxRules},
	{name: "@setuid", doc: "changing the identity of a process", members: setuidMembers},
	{name: "@signal", doc: "handling signals", members: signalMembers},
	{name: "@swap", doc: "swap space", members: swapMembers},
	{name: "@sync", doc: "writing cached data to disk", members: syncMembers},
	{name: "@system-service", doc: "what ordinary daemons need: @default, keyrings and memory placement", members: systemServiceMembers},
	{name: "@timer", doc: "timers", members: timerMembers},
}

// findGroup returns the group of a name that begins with "@", nil for an
// unknown one.
func findGroup(name string) *group {
	i, found := slices.BinarySearchFunc(groupTable[:], name, func(g group, name string) int {
		return strings.Compare(g.name, name)
	})
	if !found {
		return nil
	}
	return &groupTable[i]
}

// IsGroup reports whether name, with its "@", is a group.
func IsGroup(name string) bool { return findGroup(name) != nil }

// GroupNames returns every group name, with the "@", sorted.
func GroupNames() []string {
	names := make([]string, len(groupTable))
	for i := range groupTable {
		names[i] = groupTable[i].name
	}
	return names
}

// GroupDoc says in a few words what the members of a group are for; "" for an
// unknown group.
func GroupDoc(name string) string {
	g := findGroup(name)
	if g == nil {
		return ""
	}
	return g.doc
}

// Group returns the members of a group as rules: syscalls, other groups, and
// syscalls with conditions. A member with an action other than Allow is not
// granted by the group but says how it is refused. An unknown group has no
// members. The conditions are shared with the table and must not be changed.
func Group(name string) []Rule {
	g := findGroup(name)
	if g == nil {
		return nil
	}
	rules := make([]Rule, 0, len(g.members)+len(g.rules))
	for _, member := range g.members {
		rules = append(rules, Rule{Name: member})
	}
	return append(rules, g.rules...)
}
