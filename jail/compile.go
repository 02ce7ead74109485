package jail

import (
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

// Command is what a jail is to run.
type Command struct {
	Argv []string
	At   diag.Range // the program's name on the command line
}

// Compiled is a plan together with the tree it was made from, which
// answers what a path is in the jail.
type Compiled struct {
	Plan *Plan
	View *View
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
func Compile(p *policy.Policy, h *Host, c Command) (*Compiled, diag.List) {
	k := &compiler{p: p, h: h, c: c, plan: &Plan{Profile: p.Name, Reap: true, Terminal: h.Terminal}}
	k.view = newView(p, h, c, &k.problems)
	k.program()
	k.environment()
	k.confine()
	k.refuseUnusable()
	k.refuseHalfRoot()
	k.judgeGroups()
	if k.problems.HasErrors() {
		return &Compiled{View: k.view}, k.problems
	}

	k.guardSockets()
	k.plan.Setup = make([]Op, 0, usualOps+opsPerPath*len(k.view.grants))
	b := newBuilder(&k.plan.Setup)
	m := newMounter(b, k)
	k.namespaces(b) // decided by clone(2); what follows runs inside them
	b.each = true
	k.become(b) // the ties to the launcher do not outlive a change of user
	b.each = false
	k.dieTogether(b) // before anything that could outlive the launcher
	k.ownGroup(b)    // the first process is in its control group by now
	b.each = true    // these also for who enters the jail later; see Entry
	k.session(b)     // before there is a process that could signal a group
	k.signals(b)     // the program's process inherits them
	k.umask(b)       // before the first directory is made
	b.each = false
	k.identity(b) // ids first: files are made in the name of the mapped user
	b.each = true
	k.dropGroups(b) // nothing of the host is opened in their name
	b.each = false
	k.sacrifice(b)     // while the host's /proc has a name
	k.standIns()       // decided now, made by the launcher before the child begins
	k.hostFiles(m)     // what the profile wants made on the host, while it has a name
	k.root(m)          // an empty root that shows nothing of the host
	k.rulesets(m)      // rules are added where the descriptors are at hand
	k.files(m)         // the tree of the profile, from descriptors
	k.enter(m)         // from here on nothing of the host has a name
	k.terminal(b)      // of the devpts that is there by now
	k.loopback(b)      // needs the capabilities over the new network namespace
	k.names(b)         // host name
	b.each = true      // these too
	k.limits(b)        // but not yet of open files
	k.keyring(b)       // the caller's session keyring holds secrets
	k.capabilities(b)  // the last step that needs one is done
	k.workDirectory(b) // without capabilities: as the program would
	k.opaque(b)        // before the program exists that could look

	b.list = &k.plan.enter
	k.rejoin(m) // not part of a launch

	b.list = &k.plan.Init
	k.reaper(b)

	b.list = &k.plan.Program
	k.group(b)           // before anything of the program's could be signalled
	k.callersUmask(b)    // after the last file of ours was made
	k.descriptors(b)     // nothing but what was passed on survives execve
	k.waitForReaper(b)   // should it fail, the program has not run
	k.restrict(b)        // after no_new_privs, which it needs, and all set-up
	k.socketFilter(b)    // its listener goes to the launcher with the report
	k.openFiles(b)       // no descriptor is opened from here on
	k.waitForLauncher(b) // should it not listen yet, a signal would be lost
	k.ready(b)           // the filter may forbid write(2), so the report comes first
	k.filter(b)          // as late as possible: it restricts the launcher as well
	b.each = false
	k.execute(b)
	if k.problems.HasErrors() {
		k.plan = nil
	}
	return &Compiled{Plan: k.plan, View: k.view}, k.problems
}

// compiler holds what the steps of Compile share.
type compiler struct {
	p        *policy.Policy
	h        *Host
	c        Command
	plan     *Plan
	view     *View
	landlock confinement
	own      *ownTerminal // nil: none
	problems diag.List
}

func (k *compiler) problem(code, summary string, at diag.Range) {
	k.problems = append(k.problems, diag.Diagnostic{Code: code, Summary: summary, Subject: at})
}

func newMounter(b *builder, k *compiler) *mounter {
	return &mounter{
		builder: b, blocks: newBlocks(), h: k.h, problems: &k.problems,
		sharePIDs: !k.p.Namespaces.PID.V, nestedUsers: &k.p.Namespaces.User, landlock: &k.landlock,
		plan: k.plan, lastSlot: slotControl, guard: k.plan.sockets,
	}
}

func (k *compiler) namespaces(b *builder) {
	ns := &k.p.Namespaces
	flags := uintptr(unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.SIGCHLD)
	for _, n := range [...]struct {
		on   bool
		flag uintptr
	}{
		{ns.PID.V, unix.CLONE_NEWPID},
		{ns.IPC.V, unix.CLONE_NEWIPC},
		{ns.UTS.V, unix.CLONE_NEWUTS},
		{ns.Cgroup.V, unix.CLONE_NEWCGROUP},
		{k.p.Network.Mode.V != "host", unix.CLONE_NEWNET},
	} {
		if n.on {
			flags |= n.flag
		}
	}
	k.plan.Namespaces = flags
	k.plan.OwnPIDs = ns.PID.V
	if ns.Time.V {
		// CLONE_NEWTIME shares its bit with the exit signal of clone(2), so
		// it is asked for here and taken on by the program's process.
		b.because("make", "a time namespace", &ns.Time.At)
		b.call("unshare", unix.SYS_UNSHARE, NoSlot, num(unix.CLONE_NEWTIME, "CLONE_NEWTIME"))
	}
}

// dieTogether ties the jail's life to the launcher's. Without a PID namespace
// the first process adopts what the program leaves behind.
func (k *compiler) dieTogether(b *builder) {
	b.because("tie the jail's life to", "the launcher", nil)
	b.prctl(unix.PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG", uint64(unix.SIGKILL), "SIGKILL")
	if !k.plan.OwnPIDs {
		b.prctl(unix.PR_SET_CHILD_SUBREAPER, "PR_SET_CHILD_SUBREAPER", 1, "")
	}
}

func (k *compiler) root(m *mounter) {
	root := k.view.root.grant
	k.plan.detached = k.h.Kernel.DetachedTree && !k.view.hasOverlay
	switch {
	case root == nil:
		m.because("make", "an empty root directory", nil)
		m.newTmpfsIn(slotRoot, 1<<24, 1<<16, 0o755)
	case root.kind != grantRead && root.kind != grantWrite:
		k.problems = append(k.problems, diag.Diagnostic{
			Code: "whole-root", Summary: "the root directory as a whole can only be read or write", Subject: *root.at,
			Remedy: "leave it out: a jail shows nothing that it does not name",
		})
	default:
		source := root.real
		if root.source != "" {
			source = root.source
		}
		attr := m.readOnly
		if root.kind == grantWrite {
			attr = m.writable
		}
		m.because(verbOf(root), root.written, root.at)
		from, name := cwd(), source
		m.cloneAt(slotRoot, from, name, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_SYMLINK_NOFOLLOW|unix.AT_RECURSIVE,
			"OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_SYMLINK_NOFOLLOW|AT_RECURSIVE", attr)
	}
}

// attachRoot mounts the new root over the old one, or over its base. Absolute
// paths still lead into the old root until pivot_root: a process's root
// directory is not re-evaluated.
func (k *compiler) attachRoot(m *mounter) {
	m.because("attach", "the root directory", nil)
	top := k.topOfMounts()
	m.call("move_mount", unix.SYS_MOVE_MOUNT, NoSlot, fd(top), text(""), cwd(), text("/"),
		num(unix.MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH"))
	if top != slotRoot {
		m.call("move_mount", unix.SYS_MOVE_MOUNT, NoSlot, fd(slotRoot), text(""), fd(top), text(newRoot),
			num(unix.MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH"))
	}
}

func (k *compiler) files(m *mounter) {
	if !k.plan.detached {
		k.attachRoot(m)
	}
	m.tree(k.view.root)
}

// enter makes the new tree the root: pivot_root(2), section NOTES, with
// the same directory for both arguments. Where the tree has a base, that
// takes the place of the old root, and the root directory is one in it.
func (k *compiler) enter(m *mounter) {
	if k.plan.detached {
		k.attachRoot(m)
	}
	m.sealAll()
	m.because("enter", "the root directory", nil)
	top, old := k.topOfMounts(), "."
	if top != slotRoot {
		old = oldRoot
	}
	m.call("fchdir", unix.SYS_FCHDIR, NoSlot, fd(top))
	m.call("pivot_root", unix.SYS_PIVOT_ROOT, NoSlot, text("."), text(old))
	m.call("umount2", unix.SYS_UMOUNT2, NoSlot, text(old), num(unix.MNT_DETACH, "MNT_DETACH"))
	if top != slotRoot {
		m.call("fchdir", unix.SYS_FCHDIR, NoSlot, fd(slotRoot))
		m.call("chroot", unix.SYS_CHROOT, NoSlot, text("."))
	}
	m.call("chdir", unix.SYS_CHDIR, NoSlot, text("/"))
}

// topOfMounts is the mount that takes the place of the old root.
func (k *compiler) topOfMounts() Slot {
	if k.landlock.base != NoSlot {
		return k.landlock.base
	}
	return slotRoot
}

// hostFiles makes what `create:` asks for, each component from a descriptor
// of its parent, never through a link.
func (k *compiler) hostFiles(m *mounter) {
	if k.h.RunAs > 0 {
		k.plan.creates = k.view.creates // where the jail's user can make nothing
		return
	}
	for _, c := range k.view.creates {
		m.because("create", c.written, c.at)
		made := parentOf(c.real)
		var missing []string
		for k.h.Files.Kind(made) == KindMissing {
			missing = append(missing, path.Base(made))
			made = parentOf(made)
		}
		for _, name := range slices.Backward(missing) {
			m.openParent(made)
			m.mkdirat(fd(m.parent), name, 0o700).Accept = unix.EEXIST
			made = join(made, name)
		}
		m.openParent(made)
		if c.file == KindDir {
			m.mkdirat(fd(m.parent), path.Base(c.real), 0o700).Accept = unix.EEXIST
		} else {
			m.mknodat(fd(m.parent), path.Base(c.real), 0o600).Accept = unix.EEXIST
		}
	}
	m.closeParent()
}
