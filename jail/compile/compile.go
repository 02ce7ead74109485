// Package compile turns a policy into a plan for this host. Compile is a pure
// function from a Policy and a Host to a Plan, and the order of its calls is the order
// of confinement. It makes no syscall, reads no YAML and prints nothing.
package compile

import (
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

// Command is what a jail is to run.
type Command struct {
	Argv []string
	At   diag.Range // the program's name on the command line
	// Filter is the compiled form of FilterOf the policy. A plan that was made without
	// can be looked at, and not launched.
	Filter seccomp.Program
	// Inside are namespaces of another jail that the program is put into, in place of a
	// user and a network namespace of its own; nil for none. They are set up already.
	Inside *plan.Inside
}

// Compiled is a plan together with what it was made from.
type Compiled struct {
	Plan *plan.Plan
	// View is the tree of files, which answers what a path is in the jail.
	View *fstree.View
	// Filter is what the syscall filter does.
	Filter seccomp.Filter
	// Lost is where to look for what would get lost, in the order of Plan.Handed.
	Lost []fstree.Vanishing

	// Cookies is what the plan writes into the jail's file of cookies, nil for none. With
	// an untrusted display the launcher fills it in.
	Cookies *plan.Block

	rules entryRules
}

// Room for the ops of a plan: to move a long list while it grows would cost
// more than all else in a compilation.
const (
	usualOps   = 320
	opsPerPath = 8
)

// Compile turns a policy into a plan for a host. It reads nothing but its
// arguments. The order of confinement is the order of the calls below;
// nothing else orders it.
func Compile(p *policy.Policy, h *host.Host, c Command) (*Compiled, diag.List) {
	k := &compiler{p: p, h: h, c: c, plan: &plan.Plan{Profile: p.Name, Reap: true, Terminal: h.Terminal != nil}}
	k.view = fstree.New(p, h, c.Name(), &k.problems)
	k.program()
	k.environment()
	k.confine()
	k.refuseUnusable()
	k.refuseHalfRoot()
	k.refuseFileCapabilities()
	k.judgeGroups()
	if k.problems.HasErrors() {
		return &Compiled{View: k.view, Filter: FilterOf(p)}, k.problems
	}

	k.guardSockets()
	lost := k.view.Vanishing(k.h, k.c.Argv)
	k.plan.Handed = len(lost)
	k.plan.Setup = make([]plan.Op, 0, usualOps+opsPerPath*len(k.view.Grants))
	b := newBuilder(&k.plan.Setup)
	m := &mounter{builder: b, blocks: newBlocks(), k: k, lost: lost, lastSlot: plan.SlotControl, quarantines: k.view.Quarantines(&h.Own)}
	k.namespaces(b) // decided by clone(2); what follows runs inside them
	b.each = true
	k.become(b) // the ties to the launcher do not outlive a change of user
	b.each = false
	k.dieTogether(b) // before anything that could outlive the launcher
	k.ownGroup(b)    // the init is in its control group by now
	b.each = true    // these also for who enters the jail later; see Entry
	k.session(b)     // before there is a process that could signal a group
	k.signals(b)     // the program's process inherits them
	k.umask(b)       // before the first directory is made
	b.each = false
	k.identity(b)   // ids first: files are made in the name of the mapped user
	k.natNetwork(b) // asked for early, and waited for late: pasta takes as long as all that follows
	b.each = true
	k.dropGroups(b) // nothing of the host is opened in their name
	b.each = false
	k.oomScore(b)  // while the host's /proc has a name
	k.free()       // decided now, watched by the launcher before the child begins
	k.hostFiles(m) // what the profile wants made on the host, while it has a name
	k.root(m)      // an empty root that shows nothing of the host
	k.rulesets(m)  // rules are added where the descriptors are at hand
	k.files(m)     // the tree of the profile, from descriptors
	k.enter(m)     // from here on nothing of the host has a name
	k.terminal(b)  // of the devpts that is there by now
	k.loopback(b)  // needs the capabilities over the new network namespace
	k.filteredNetwork(b)
	k.natAttached(b)
	k.handNetwork(b)
	k.listenForDisplay(b) // behind those of the network: the launcher takes the last one
	k.names(b)            // host name
	b.each = true         // these too
	k.limits(b)           // but not yet of open files
	k.keyring(b)          // the caller's session keyring holds secrets
	k.capabilities(b)     // the last step that needs one is done
	k.workDirectory(b)    // without capabilities: as the program would
	k.nonDumpable(b)      // before the program exists that could look

	b.list = &k.rules.enter
	k.rejoin(m) // not part of a launch

	b.list = &k.plan.Init
	k.reaper(b)

	b.list = &k.plan.Program
	k.group(b)           // before anything of the program's could be signalled
	k.callersUmask(b)    // after the last file of ours was made
	k.descriptors(b)     // nothing but what was passed on survives execve
	k.waitForReaper(b)   // should it fail, the program has not run
	k.restrict(b)        // after no_new_privs, which it needs, and all set-up
	k.socketFilter(b)    // its listener goes to the launcher with "ready"
	k.waitForLauncher(b) // should it not listen yet, a signal would be lost
	k.ready(b)           // the filter may forbid write(2), so the message comes first
	k.openFiles(b)       // descriptors on their way to the launcher count against it (unix(7), ETOOMANYREFS)
	k.filter(b)          // as late as possible: it restricts the launcher as well
	b.each = false
	if len(c.Argv) > 0 {
		k.execute(b)
	}
	if k.problems.HasErrors() {
		k.plan = nil
	}
	return &Compiled{Plan: k.plan, View: k.view, Filter: FilterOf(p), Lost: lost, Cookies: k.cookies, rules: k.rules}, k.problems
}

// Name is what the program is called on the command line, "" for none.
func (c *Command) Name() string {
	if len(c.Argv) == 0 {
		return ""
	}
	return c.Argv[0]
}

// compiler holds what the steps of Compile share.
type compiler struct {
	p        *policy.Policy
	h        *host.Host
	c        Command
	plan     *plan.Plan
	view     *fstree.View
	landlock confinement
	own      *ownTerminal // nil: none
	cookies  *plan.Block
	rules    entryRules
	problems diag.List
}

// problem reports what is wrong at a place, nil for none.
func (k *compiler) problem(code, summary string, at *diag.Range, remedy string) {
	k.problems = append(k.problems, diag.Diagnostic{Code: code, Summary: summary, Subject: *atOrNone(at), Remedy: remedy})
}

// Namespaces are the flags of clone(2) for the namespaces of a policy, but for the
// time namespace: CLONE_NEWTIME shares its bit with the exit signal of clone(2).
func Namespaces(p *policy.Policy) uintptr {
	ns := &p.Namespaces
	flags := uintptr(unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.SIGCHLD)
	for _, n := range [...]struct {
		on   bool
		flag uintptr
	}{
		{ns.PID.V, unix.CLONE_NEWPID},
		{ns.IPC.V, unix.CLONE_NEWIPC},
		{ns.UTS.V, unix.CLONE_NEWUTS},
		{ns.Cgroup.V, unix.CLONE_NEWCGROUP},
		{p.Network.Mode.V != "host" && p.Network.Mode.V != "namespace", unix.CLONE_NEWNET},
	} {
		if n.on {
			flags |= n.flag
		}
	}
	return flags
}

func (k *compiler) namespaces(b *builder) {
	ns := &k.p.Namespaces
	k.plan.Namespaces = Namespaces(k.p)
	if k.c.Inside != nil {
		k.plan.Namespaces &^= unix.CLONE_NEWUSER | unix.CLONE_NEWNET
		k.plan.Inside = k.c.Inside
	}
	k.plan.OwnPIDs = ns.PID.V
	k.joinNetwork() // before the init has a user namespace of its own
	if ns.Time.V {
		// It is asked for here and taken on by the program's process.
		b.because("make", "a time namespace", &ns.Time.At)
		b.call("unshare", unix.SYS_UNSHARE, plan.NoSlot, num(unix.CLONE_NEWTIME, "CLONE_NEWTIME"))
	}
}

// dieTogether ties the jail's life to the launcher's. Without a PID namespace
// the init adopts what the program leaves behind.
func (k *compiler) dieTogether(b *builder) {
	b.because("tie the jail's life to", "the launcher", nil)
	b.prctl(unix.PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG", uint64(unix.SIGKILL), "SIGKILL")
	if !k.plan.OwnPIDs {
		b.prctl(unix.PR_SET_CHILD_SUBREAPER, "PR_SET_CHILD_SUBREAPER", 1, "")
	}
}

func (k *compiler) root(m *mounter) {
	root := k.view.Root.Grant
	k.plan.DetachedTree = k.h.Kernel.DetachedTree && !k.view.HasOverlay
	switch {
	case root == nil:
		m.because("make", "an empty root directory", nil)
		m.newTmpfsIn(plan.SlotRoot, 1<<24, 1<<16, 0o755)
	case root.Kind != fstree.GrantRead && root.Kind != fstree.GrantWrite:
		k.problem("whole-root", "the root directory as a whole can only be read or write", root.At,
			"leave it out: a jail shows nothing that it does not name")
	default:
		attr := m.readOnly
		if root.Kind == fstree.GrantWrite {
			attr = m.writable
		}
		m.because(verbOf(root), root.Written, root.At)
		if k.h.RunAs > 0 && k.view.RootIDMapped() {
			m.borrowRoot(attr)
			return
		}
		from, name := m.source(k.view.HostPath("/"))
		m.cloneAt(plan.SlotRoot, from, name, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_SYMLINK_NOFOLLOW|unix.AT_RECURSIVE,
			"OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_SYMLINK_NOFOLLOW|AT_RECURSIVE", attr)
		m.closeParent()
	}
}

// attachRoot mounts the new root over the old one, or over its base. Absolute
// paths still lead into the old root until pivot_root: a process's root
// directory is not re-evaluated.
func (k *compiler) attachRoot(m *mounter) {
	m.because("attach", "the root directory", nil)
	top := k.topOfMounts()
	m.call("move_mount", unix.SYS_MOVE_MOUNT, plan.NoSlot, fd(top), text(""), cwd(), text("/"),
		num(unix.MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH"))
	if top != plan.SlotRoot {
		m.call("move_mount", unix.SYS_MOVE_MOUNT, plan.NoSlot, fd(plan.SlotRoot), text(""), fd(top), text(newRoot),
			num(unix.MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH"))
	}
}

func (k *compiler) files(m *mounter) {
	if !k.plan.DetachedTree {
		k.attachRoot(m)
	}
	m.tree(k.view.Root)
}

// enter makes the new tree the root: pivot_root(2), section NOTES, with
// the same directory for both arguments. Where the tree has a base, that
// takes the place of the old root, and the root directory is one in it.
func (k *compiler) enter(m *mounter) {
	if k.plan.DetachedTree {
		k.attachRoot(m)
	}
	m.sealAll()
	m.because("enter", "the root directory", nil)
	top, old := k.topOfMounts(), "."
	if top != plan.SlotRoot {
		old = oldRoot
	}
	m.call("fchdir", unix.SYS_FCHDIR, plan.NoSlot, fd(top))
	m.call("pivot_root", unix.SYS_PIVOT_ROOT, plan.NoSlot, text("."), text(old))
	m.call("umount2", unix.SYS_UMOUNT2, plan.NoSlot, text(old), num(unix.MNT_DETACH, "MNT_DETACH"))
	if top != plan.SlotRoot {
		m.call("fchdir", unix.SYS_FCHDIR, plan.NoSlot, fd(plan.SlotRoot))
		m.call("chroot", unix.SYS_CHROOT, plan.NoSlot, text("."))
	}
	m.call("chdir", unix.SYS_CHDIR, plan.NoSlot, text("/"))
}

// topOfMounts is the mount that takes the place of the old root.
func (k *compiler) topOfMounts() plan.Slot {
	if k.landlock.base != plan.NoSlot {
		return k.landlock.base
	}
	return plan.SlotRoot
}

// hostFiles makes what `create:` asks for, each component from a descriptor
// of its parent, never through a link.
func (k *compiler) hostFiles(m *mounter) {
	if k.h.RunAs > 0 {
		for _, c := range k.view.Creates { // the jail's user can make nothing there
			k.plan.Creates = append(k.plan.Creates, plan.Create{Path: c.Real, Dir: c.File == host.KindDir, Written: c.Written, At: c.At})
		}
		return
	}
	for _, c := range k.view.Creates {
		m.because("create", c.Written, c.At)
		made := host.Parent(c.Real)
		var missing []string
		for k.h.Files.Kind(made) == host.KindMissing {
			missing = append(missing, path.Base(made))
			made = host.Parent(made)
		}
		for _, name := range slices.Backward(missing) {
			m.openParent(made)
			m.mkdirat(fd(m.parent), name, 0o700).Accept = unix.EEXIST
			made = host.Join(made, name)
		}
		m.openParent(made)
		if c.File == host.KindDir {
			m.mkdirat(fd(m.parent), path.Base(c.Real), 0o700).Accept = unix.EEXIST
		} else {
			m.mknodat(fd(m.parent), path.Base(c.Real), 0o600).Accept = unix.EEXIST
		}
	}
	m.closeParent()
}
