package compile

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/landlock"
	"github.com/jail-project/jail/policy"
)

// confinement is what the steps of a plan share about Landlock. Two rulesets
// restrict the program, and what it does has to pass both:
//
//   - tree grants everything beneath the inode that the jail's tree of mounts
//     hangs from. That inode is of a tmpfs of ours, so that nothing but the
//     tree is beneath it: a file of the host that is reached by another way,
//     such as /proc/self/fd/0, is not, although the tree may show the same
//     file.
//   - writes grants changes beneath what is writable, and handles nothing
//     else: a rule for each writable grant, by the inode.
//
// Both hold for what the mounts already forbid: they are the second guard.
type confinement struct {
	abi    landlock.ABI // 0: this jail has none
	tree   plan.Slot
	writes plan.Slot
	// base is a tmpfs in which a root directory of the host's, whose inode is not
	// ours, is mounted; NoSlot when the root directory is a tmpfs itself.
	base plan.Slot
	// open tells that tree grants the host's files by whatever way: the root
	// directory is the host's, and has no base.
	open bool

	changes []change // the rules of writes
	// ports are the only ones to connect to by TCP; none: tree does not handle that.
	ports []policy.Entry
}

// change is a rule about a path of the jail, "" for the root directory.
type change struct {
	path   string
	rights landlock.FS
	verb   string
	what   string
	at     *diag.Range
}

// Codes of the diagnostics about it.
const (
	CodeLandlock = "no-landlock"     // the kernel has none, or too old a version
	CodeStream   = "standard-stream" // a standard stream leads to more than was passed on
)

// confine decides whether the jail has Landlock, and refuses what would make
// it weaker than the profile says.
func (k *compiler) confine() {
	k.landlock = confinement{abi: min(k.h.Kernel.Landlock, landlock.Newest), base: plan.NoSlot}
	use, least := &k.p.Landlock.Use, &k.p.Landlock.Version
	switch {
	case use.V == "off":
		k.landlock.abi = 0
	case use.V == "optional":
	case k.h.Kernel.Landlock == 0:
		k.problem(CodeLandlock, "this kernel does not let jail use Landlock, its second guard on files", &use.At,
			NoLandlock(&k.h.Kernel)+"; `landlock: optional` in the profile, or --landlock optional, does without")
	case least.Set && int64(k.h.Kernel.Landlock) < least.V:
		k.problem(CodeLandlock,
			fmt.Sprintf("this kernel has version %d of Landlock, and the profile wants %d", k.h.Kernel.Landlock, least.V),
			&least.At, "use a newer kernel, or ask for less")
	}
	k.refusePorts()
	// Whose root directory is not the top of the mounts can't make user
	// namespaces: to the kernel that is a chroot (user_namespaces(7), EPERM).
	k.landlock.open = k.view.Root.Grant != nil && k.p.Namespaces.User.V
	k.refuseStreams()
	k.plan.Landlock = int(k.landlock.abi)
}

// refusePorts refuses a list of ports that this kernel could not hold the program to. With
// `optional` a kernel without Landlock has none; one that has it and not this does not
// count as without.
func (k *compiler) refusePorts() {
	c := &k.landlock
	if c.ports = k.p.Landlock.Connect; len(c.ports) == 0 || c.abi.HasNet(landlock.ConnectTCP) != 0 {
		return
	}
	if use := k.p.Landlock.Use.V; use == "optional" && c.abi == 0 {
		return
	}
	k.problem(CodeLandlock, "the ports of landlock.connect take version 4 of Landlock, and this jail has "+haveLandlock(c.abi), &c.ports[0].At,
		"remove the list, or use a kernel from Linux 6.7 on, with Landlock")
}

func haveLandlock(abi landlock.ABI) string {
	if abi == 0 {
		return "none"
	}
	return "version " + strconv.Itoa(int(abi))
}

// NoLandlock is the diagnostic for a kernel without Landlock.
func NoLandlock(k *host.Kernel) string {
	if k.LandlockOff {
		return "boot with landlock in the lsm= parameter of the kernel"
	}
	return "use a kernel with CONFIG_SECURITY_LANDLOCK (Linux 5.13 or later); in a container, its syscall filter has to allow landlock_create_ruleset"
}

// rulesets makes both rulesets, before the first rule is known.
func (k *compiler) rulesets(m *mounter) {
	c := &k.landlock
	if c.abi == 0 {
		return
	}
	m.because("make", "the Landlock rules", &k.p.Landlock.Use.At)
	c.tree, c.writes = m.slot(), m.slot()
	m.rulesets(c)
	top := plan.SlotRoot
	if root := k.view.Root.Grant; root != nil {
		if root.Kind == fstree.GrantWrite {
			m.mayChange(plan.SlotRoot, "", host.KindDir)
		}
		if !c.open {
			c.base = m.slot()
			m.newTmpfsIn(c.base, 1<<20, 1<<4, 0o755)
			m.mkdirat(fd(c.base), newRoot, 0)
			m.mkdirat(fd(c.base), oldRoot, 0)
			top = c.base
		}
	}
	m.rule(c.tree, top, c.inTree())
}

// inTree is what the ruleset tree grants.
func (c *confinement) inTree() landlock.FS {
	return c.abi.Has(landlock.Looking | landlock.Changing | landlock.IoctlDev)
}

func (b *builder) rulesets(c *confinement) {
	handled := landlock.Net(0)
	if len(c.ports) > 0 {
		handled = c.abi.HasNet(landlock.ConnectTCP)
	}
	b.ruleset(c.tree, c.inTree()|landlock.Devices, handled, c.abi.HasScopes(landlock.AbstractUnixSocket|landlock.Signal))
	b.ruleset(c.writes, c.abi.Has(landlock.Changing|landlock.IoctlDev), 0, 0)
	if handled != 0 {
		b.mayConnect(c.tree, c.ports, handled)
	}
}

// mayConnect adds a rule for each port.
func (b *builder) mayConnect(ruleset plan.Slot, ports []policy.Entry, allowed landlock.Net) {
	verb, subject, at := b.verb, b.subject, b.at
	for i, port := range portNumbers(ports) {
		b.because("let the program connect to", "port "+ports[i].Text, &ports[i].At)
		rule := &plan.Block{Bytes: landlock.NetPortAttr(allowed, port), Show: "{" + allowed.String() + ", " + ports[i].Text + "}"}
		b.call("landlock_add_rule", unix.SYS_LANDLOCK_ADD_RULE, plan.NoSlot, fd(ruleset), num(landlock.RuleNetPort, "LANDLOCK_RULE_NET_PORT"), block(rule), num(0, ""))
	}
	b.because(verb, subject, at)
}

// portNumbers are the entries of landlock.connect as numbers.
func portNumbers(entries []policy.Entry) []uint16 {
	var ports []uint16
	for i := range entries {
		port, _ := strconv.ParseUint(entries[i].Text, 10, 16) // package policy has judged it
		ports = append(ports, uint16(port))
	}
	return ports
}

// The directories of a base: for the jail's root directory, which can't be on
// top of the base, since Landlock passes over the inode of a directory that is
// covered; and for the old root, until that is detached.
const newRoot, oldRoot = "new", "old"

func (b *builder) ruleset(out plan.Slot, fs landlock.FS, net landlock.Net, scope landlock.Scope) {
	attr := &plan.Block{Bytes: landlock.RulesetAttr(fs, net, scope), Show: "{" + fs.String() + ", " + net.String() + ", " + scope.String() + "}"}
	b.call("landlock_create_ruleset", unix.SYS_LANDLOCK_CREATE_RULESET, out, block(attr), size(attr), num(0, ""))
}

// rule grants rights beneath what a descriptor shows.
func (b *builder) rule(ruleset, beneath plan.Slot, allowed landlock.FS) {
	b.call("landlock_add_rule", unix.SYS_LANDLOCK_ADD_RULE, plan.NoSlot, fd(ruleset), pathBeneath(), b.beneath(beneath, allowed), num(0, ""))
}

func pathBeneath() plan.Arg {
	return num(unix.LANDLOCK_RULE_PATH_BENEATH, "LANDLOCK_RULE_PATH_BENEATH")
}

// beneath is the argument that names a slot's descriptor in memory. Behind
// the kernel's structure stands the slot, for the child.
func (b *builder) beneath(s plan.Slot, allowed landlock.FS) plan.Arg {
	attr := landlock.PathBeneathAttr(allowed, -1)
	attr = binary.NativeEndian.AppendUint32(attr, uint32(s))
	return plan.Arg{Kind: plan.ArgBeneath, Num: uint64(s), Block: &plan.Block{Bytes: attr, Show: allowed.String()}}
}

// mayChange lets the program change the directory or file that a slot shows
// and that gets this path. The mount decides as well.
func (m *mounter) mayChange(s plan.Slot, path string, kind host.FileKind) {
	if kind == host.KindDir {
		m.may(s, path, landlock.Changing)
	} else {
		m.may(s, path, landlock.WriteFile|landlock.Truncate)
	}
}

func (m *mounter) may(s plan.Slot, path string, rights landlock.FS) {
	c := &m.k.landlock
	if c.abi == 0 {
		return
	}
	rights = c.abi.Has(rights)
	m.rule(c.writes, s, rights)
	c.changes = append(c.changes, change{path, rights, m.verb, m.subject, m.at})
}

// restrict restricts the program's process for good.
func (k *compiler) restrict(b *builder) {
	c := &k.landlock
	if c.abi == 0 {
		return
	}
	b.each = false
	b.streams(c.tree, c.writes, c.inTree(), &k.h.Stdio)
	b.each = true
	b.because("restrict", "the program by Landlock", &k.p.Landlock.Use.At)
	for _, s := range [...]plan.Slot{c.tree, c.writes} {
		b.call("landlock_restrict_self", unix.SYS_LANDLOCK_RESTRICT_SELF, plan.NoSlot, fd(s), num(0, ""))
	}
}

// rejoin makes the steps by which a process that entered the jail's namespaces
// gets rulesets like the program's, and the root directory. The paths that it opens can
// only lead to files that the program may change anyway, since no link is followed.
func (k *compiler) rejoin(m *mounter) {
	c := &k.landlock
	if c.abi == 0 {
		return
	}
	openRoot := func() plan.Slot {
		s := m.slot()
		m.call("openat", unix.SYS_OPENAT, s, cwd(), text("/"),
			num(unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, "O_PATH|O_DIRECTORY|O_CLOEXEC"), num(0, ""))
		return s
	}
	m.because("find", "the jail's root directory", nil)
	root := openRoot()
	m.because("make", "the Landlock rules", nil)
	m.rulesets(c)
	m.rule(c.tree, root, c.inTree())
	if c.base != plan.NoSlot {
		m.because("enter", "the jail's root directory", nil)
		m.close(root)
		m.call("chroot", unix.SYS_CHROOT, plan.NoSlot, text("/"+newRoot))
		m.call("chdir", unix.SYS_CHDIR, plan.NoSlot, text("/"))
		root = openRoot()
	}
	for _, g := range c.changes {
		m.because(g.verb, g.what, g.at)
		if g.path == "" {
			m.rule(c.writes, root, g.rights)
			continue
		}
		s := m.open(fd(root), g.path, m.openTarget)
		m.rule(c.writes, s, g.rights)
		m.close(s)
	}
	m.close(root)
}
