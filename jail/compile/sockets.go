package compile

import (
	"cmp"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/seccomp"
)

// The socket guard: a filter of its own hands every connect(2) of the jail to
// the launcher, which decides by the mount that a socket file lies on, or by
// the file itself. Both are noted while the jail is set up, before anything
// runs in it; see package unixsock.

// guardSockets decides whether there is a guard.
func (k *compiler) guardSockets() {
	if _, any := k.p.AnySocket(); any {
		return
	}
	guard := &plan.SocketGuard{Ports: portNumbers(k.landlock.ports)}
	k.plan.Sockets = guard
	if k.h.Kernel.NoListener {
		for i := range k.p.Sockets {
			s := &k.p.Sockets[i]
			k.problem("no-listener", "no connection to "+diag.Quote(s.Path)+
				" can be made from a jail inside another jail, whose guard answers for both", &s.At, "leave it out: --replace sockets")
		}
		return
	}
	// The listener has no number yet.
	guard.Listener = &plan.Block{Bytes: passed(^uint64(0)), Show: "{SCM_RIGHTS, [listener]}"}
	for i := range k.p.Sockets {
		if name, abstract := paths.AbstractSocket(k.p.Sockets[i].Path); abstract {
			guard.Names = append(guard.Names, name)
		}
	}
}

// statxSize is that of struct statx, statx(2).
const statxSize = 256

// note has the mount in a slot looked at: which mount and which file it is.
func (m *mounter) note(s plan.Slot, what string) *plan.Block {
	result := &plan.Block{Bytes: make([]byte, statxSize), Show: what, Result: true}
	m.call("statx", unix.SYS_STATX, plan.NoSlot, fd(s), text(""), num(unix.AT_EMPTY_PATH, "AT_EMPTY_PATH"),
		num(unix.STATX_INO|unix.STATX_MNT_ID, "STATX_INO|STATX_MNT_ID"), block(result))
	return result
}

// ownMount notes that the mount in a slot is the jail's own: a socket that
// lies there was made in a jail. Mounts in which nothing can be made need no
// note.
func (m *mounter) ownMount(s plan.Slot) {
	if guard := m.k.plan.Sockets; guard.Listens() {
		guard.Mounts = append(guard.Mounts, m.note(s, "own mount"))
	}
}

// socket shows a socket of the host. It gets a mount of its own wherever it
// lies, so that its place cannot be given to another.
func (m *mounter) socket(gr *fstree.Grant, path string, around fstree.Setting) {
	s := m.cloneHost(cmp.Or(gr.Source, m.k.view.HostPath(gr.Real)), false, m.readOnly)
	if guard := m.k.plan.Sockets; guard.Listens() {
		guard.Files = append(guard.Files, m.note(s, "socket"))
	}
	m.attach(s, gr, path, around)
}

// socketFilter installs the guard's filter before the profile's: that one may
// forbid to send the listener.
func (k *compiler) socketFilter(b *builder) {
	guard := k.plan.Sockets
	if guard == nil {
		return
	}
	program, flags, shown := seccomp.SocketGuard(), uint64(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER), "SECCOMP_FILTER_FLAG_NEW_LISTENER"
	if guard.Listener == nil {
		program, flags, shown = seccomp.NoSockets(), 0, ""
	}
	b.because("guard", plan.HostSockets, nil)
	op := b.seccomp(program, num(flags, shown), "socket guard")
	if guard.Listener != nil {
		op.Store, op.StoreAt = guard.Listener, unix.CmsgLen(0)
	}
}
