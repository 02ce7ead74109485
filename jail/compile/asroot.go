package compile

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
)

// A jail that the host's root starts runs as another user: an unused user id, new for
// every jail, which is root in the jail and has no rights outside. Granted files are
// visible through ID-mapped mounts, which turn the owner root into that user and back
// (mount_setattr(2)). The jail's own process works as that user, as in any other jail;
// the launcher does what takes the rights of root, before.

// refuseHalfRoot refuses a root that can't become another user, as in a container: its
// jails would own all files of root.
func (k *compiler) refuseHalfRoot() {
	if k.h.RunAs < 0 {
		k.problem("half-root", "you are root without the capabilities setuid, setgid and sys_admin, "+
			"so the jail could not run as anybody but root", nil, "start jail as an ordinary user, or as a root that has them")
	}
}

// become makes the init the jail's user. The launcher has written
// the maps. Without a user id change nothing else would be the other's.
func (k *compiler) become(b *builder) {
	if k.h.RunAs <= 0 || k.c.Inside != nil {
		return
	}
	at := &k.p.Identity.User.At
	uid, gid, ok := k.h.InsideIDs(k.p.Identity.User.V)
	if !ok {
		return // reported by identity
	}
	k.plan.RunAs = plan.RunAs{Outside: k.h.RunAs, UID: uid, GID: gid}
	b.because("become", "the jail's user", at)
	b.call("setgroups", unix.SYS_SETGROUPS, plan.NoSlot, num(0, ""), null())
	g, u := num(uint64(gid), ""), num(uint64(uid), "")
	b.call("setresgid", unix.SYS_SETRESGID, plan.NoSlot, g, g, g)
	b.call("setresuid", unix.SYS_SETRESUID, plan.NoSlot, u, u, u)
	// The kernel took it away with the old id: the process's own files in
	// /proc would be root's. nonDumpable takes it away again.
	b.prctl(unix.PR_SET_DUMPABLE, "PR_SET_DUMPABLE", 1, "")
}

// borrows tells whether the launcher makes the clone of a mount.
func (m *mounter) borrows(source string, attr *plan.Block) bool {
	return m.k.h.RunAs > 0 && (attr == m.writable || !m.k.h.Files.Public(source))
}

// borrow adds a clone of a mount to the plan that the launcher makes, where the jail's
// user could not reach or write the source. It is false where the child can clone it.
func (m *mounter) borrow(source string, dir bool, attr *plan.Block) (plan.Slot, bool) {
	if !m.borrows(source, attr) {
		return plan.NoSlot, false
	}
	if m.lastSlot-1 <= m.next {
		m.k.problem("too-many-mounts", "root's files are granted or protected in more places than a jail of root can have",
			m.at, "grant fewer directories that only root can read or write")
		return m.slot(), true
	}
	m.lastSlot--
	m.k.plan.Clones = append(m.k.plan.Clones, plan.Clone{
		Slot: m.lastSlot, Source: source, Recursive: dir, Attr: attr, For: plan.Op{Verb: m.verb, Subject: m.subject, At: m.at},
	})
	return m.lastSlot, true
}

// borrowRoot has the launcher make the clone of a root of its own. It has to be attached
// before anything is mounted in it, since it belongs to the launcher's user namespace.
func (m *mounter) borrowRoot(attr *plan.Block) {
	m.k.plan.DetachedTree = false
	m.k.plan.Clones = append(m.k.plan.Clones, plan.Clone{
		Slot: plan.SlotRoot, Source: m.k.view.HostPath("/"), Recursive: true, Attr: attr, For: plan.Op{Verb: m.verb, Subject: m.subject, At: m.at},
	})
}

func atOrNone(at *diag.Range) *diag.Range {
	if at == nil {
		return new(diag.Range)
	}
	return at
}

// own attaches a borrowed mount inside the jail's tree, where no path leads to it: of one
// that is attached nowhere an overlay takes no directory, since it belongs to the
// user namespace of the launcher.
func (m *mounter) own(s plan.Slot) plan.Slot {
	m.layers++
	dir := layersDir + strconv.Itoa(m.layers)
	m.mkdirat(fd(plan.SlotRoot), dir, 0o700)
	m.moveTo(s, dir)
	m.close(s)
	return m.open(fd(plan.SlotRoot), dir, m.openTarget)
}
