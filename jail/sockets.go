package jail

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/unixsock"
)

// The socket guard: a filter of its own hands every connect(2) of the jail to
// the launcher, which decides by the mount that a socket file lies on, or by
// the file itself. Both are noted while the jail is set up, before anything
// runs in it; see package unixsock.

// socketGuard is what a plan notes about sockets.
type socketGuard struct {
	mounts   []*Block // struct statx of each mount that is the jail's own
	files    []*Block // likewise of each socket of the host
	names    []string // abstract names of the host
	listener *Block   // a control message with the filter's listener; nil: nobody can listen
	// rules are what comes of the rest when the jail is set up; who enters it
	// has nothing else.
	rules *unixsock.Rules
}

// sockets makes grants of the paths that sockets lists.
func (g *granter) sockets() {
	for i := range g.p.Sockets {
		r := &g.p.Sockets[i]
		if _, abstract := policy.AbstractSocket(r.Path); abstract || r.Path == policy.AnySocket {
			continue
		}
		pattern, ok := g.expand(r.Path, r)
		if !ok {
			continue
		}
		lexical := policy.Unescape(pattern)
		at := g.resolver.resolve(lexical)
		switch {
		case at.kind == KindMissing && r.Required:
			g.missing(r, lexical)
		case at.kind == KindMissing:
		case at.kind != KindSocket:
			g.problem(r, "not-a-socket", fmt.Sprintf("%s is not a socket", diag.Quote(r.Path)), "files are granted under filesystem")
		case within(at.real, "/dev"), within(at.real, "/proc"):
			g.problem(r, "reserved-path", fmt.Sprintf("%s lies where everything is the jail's own", diag.Quote(r.Path)), "")
		default:
			g.links = append(g.links, at.links...)
			g.grants = append(g.grants, &grant{
				kind: grantSocket, real: at.real, file: at.kind, rule: r, written: r.Path, links: at.links, at: &r.At,
				rank: rank{layer: r.Layer, exact: true, index: len(g.p.Filesystem.Rules) + i},
			})
		}
	}
}

// over tells which of two grants for one path counts. A socket that may be
// connected to is visible as well, whatever else shows it.
func (gr *grant) over(other *grant) bool {
	shows := func(x *grant) bool { return x.kind == grantRead || x.kind == grantWrite }
	switch {
	case gr.kind == grantSocket && shows(other):
		return true
	case other.kind == grantSocket && shows(gr):
		return false
	}
	return gr.rank.over(other.rank)
}

// guardSockets decides whether there is a guard.
func (k *compiler) guardSockets() {
	if _, any := k.p.AnySocket(); any {
		return
	}
	guard := &socketGuard{}
	k.plan.sockets = guard
	if k.h.Kernel.NoListener {
		for i := range k.p.Sockets {
			k.problems = append(k.problems, diag.Diagnostic{
				Code: "no-listener", Subject: k.p.Sockets[i].At,
				Summary: "no connection to " + diag.Quote(k.p.Sockets[i].Path) + " can be made from a jail inside another jail, whose guard answers for both",
				Remedy:  "leave it out: --replace sockets",
			})
		}
		return
	}
	// struct cmsghdr of cmsg(3), and one descriptor: that of the listener,
	// which has no number yet.
	message := make([]byte, unix.CmsgSpace(4))
	copy(message, words(uint64(unix.CmsgLen(4)), unix.SOL_SOCKET|unix.SCM_RIGHTS<<32, ^uint64(0)))
	guard.listener = &Block{Bytes: message, Show: "{SCM_RIGHTS, [listener]}"}
	for i := range k.p.Sockets {
		if name, abstract := policy.AbstractSocket(k.p.Sockets[i].Path); abstract {
			guard.names = append(guard.names, name)
		}
	}
}

// hostSockets is what the guard's step is about.
const hostSockets = "the sockets of the host"

// GuardsSockets tells whether the plan has a step that keeps Unix sockets of
// the host out of reach, but for those that the profile lists.
func (p *Plan) GuardsSockets() bool {
	return slices.ContainsFunc(p.Program, func(o Op) bool { return o.Name == "seccomp" && o.Subject == hostSockets })
}

// listener is the message that hands the listener over, nil for none.
func (p *Plan) listener() *Block {
	if p.sockets == nil {
		return nil
	}
	return p.sockets.listener
}

// statxSize is that of struct statx, statx(2).
const statxSize = 256

// note has the mount in a slot looked at: which mount and which file it is.
func (m *mounter) note(s Slot, what string) *Block {
	result := &Block{Bytes: make([]byte, statxSize), Show: what, Result: true}
	m.call("statx", unix.SYS_STATX, NoSlot, fd(s), text(""), num(unix.AT_EMPTY_PATH, "AT_EMPTY_PATH"),
		num(unix.STATX_INO|unix.STATX_MNT_ID, "STATX_INO|STATX_MNT_ID"), block(result))
	return result
}

// ownMount notes that the mount in a slot is the jail's own: a socket that
// lies there was made in a jail. Mounts in which nothing can be made need no
// note.
func (m *mounter) ownMount(s Slot) {
	if m.guard != nil && m.guard.listener != nil {
		m.guard.mounts = append(m.guard.mounts, m.note(s, "own mount"))
	}
}

// socket shows a socket of the host. It gets a mount of its own wherever it
// lies, so that its place cannot be given to another.
func (m *mounter) socket(gr *grant, path string, around setting) {
	s := m.clone(gr.real, false, m.readOnly)
	if m.guard != nil && m.guard.listener != nil {
		m.guard.files = append(m.guard.files, m.note(s, "socket"))
	}
	m.attach(s, gr, path, around)
}

// socketFilter installs the guard's filter before the profile's: that one may
// forbid to send the listener.
func (k *compiler) socketFilter(b *builder) {
	guard := k.plan.sockets
	if guard == nil {
		return
	}
	program, flags, shown := seccomp.SocketGuard(), uint64(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER), "SECCOMP_FILTER_FLAG_NEW_LISTENER"
	if guard.listener == nil {
		program, flags, shown = seccomp.NoSockets(), 0, ""
	}
	fprog := make([]byte, 16)
	copy(fprog, words(uint64(program.Len())))
	b.because("guard", hostSockets, nil)
	op := b.call("seccomp", unix.SYS_SECCOMP, NoSlot, num(unix.SECCOMP_SET_MODE_FILTER, "SECCOMP_SET_MODE_FILTER"), num(flags, shown),
		block(&Block{Bytes: fprog, Show: "socket guard", Refs: []Ref{{Offset: 8, Block: &Block{Bytes: program}}}}))
	if guard.listener != nil {
		op.Store, op.StoreAt = guard.listener, unix.CmsgLen(0)
	}
}

// readyMessage is a struct msghdr of sendmsg(2): the record "ready", and the
// listener with it.
func readyMessage(listener *Block) *Block {
	iov := &Block{Bytes: words(0, recordSize), Refs: []Ref{{Offset: 0, Block: &Block{Bytes: readyRecord(), Show: "ready"}}}}
	return &Block{
		Bytes: words(0, 0, 0, 1, 0, uint64(len(listener.Bytes)), 0), Show: "{ready, " + listener.Show + "}",
		Refs: []Ref{{Offset: 16, Block: iov}, {Offset: 32, Block: listener}},
	}
}

// NeedsListener tells that this process is under a filter with a listener
// already, as in another jail. The plan then has to be compiled with
// Kernel.NoListener.
func (f *Failure) NeedsListener() bool {
	return f.Op != nil && f.Op.Name == "seccomp" && f.Op.Store != nil && f.Errno == unix.EBUSY
}

// socketServer makes the server for a jail that is set up, nil without a
// listener.
func (p *Plan) socketServer(listener int, shared []byte) *unixsock.Server {
	if listener < 0 {
		return nil
	}
	guard := p.sockets
	if guard.rules == nil {
		guard.rules = &unixsock.Rules{Names: guard.names, User: p.runAs}
		for _, b := range guard.mounts {
			guard.rules.Mounts = append(guard.rules.Mounts, unixsock.ReadStat(shared[b.at:]).Mount)
		}
		for _, b := range guard.files {
			guard.rules.Files = append(guard.rules.Files, unixsock.ReadStat(shared[b.at:]).File)
		}
	}
	return unixsock.NewServer(notifications{guard.rules.User}, listener, *guard.rules)
}
