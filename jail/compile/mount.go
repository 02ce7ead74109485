package compile

import (
	"cmp"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
)

// mounter emits the ops that make the tree real. It walks the tree from the
// root: a directory is there before what lies in it.
type mounter struct {
	*builder
	*blocks
	k *compiler

	parent     plan.Slot // O_PATH descriptor of parentPath on the host
	parentPath string    // "" when no descriptor is open
	masks      bool      // the two mask sources exist
	layers     int       // overlays made so far
	seals      []seal
	lastSlot   plan.Slot          // the slots from here on hold what the launcher opened
	lost       []fstree.Vanishing // in the order of Plan.Handed

	quarantines []string // directories of the host that are covered in every mount
}

// Names of ours in the new /dev while the tree is being made; they are
// unlinked before the program starts.
const (
	maskFile  = "dev/.mask-file"
	maskDir   = "dev/.mask-directory"
	textFile  = "dev/.text"
	layersDir = "dev/.layers"
)

// tree emits everything below root, which already exists: /dev first, since
// masks and layers need a place of ours.
func (m *mounter) tree(root *fstree.Node) {
	s := fstree.Setting{}.Apply(root.Grant)
	dev := root.Kid("dev", false)
	m.node(dev, "dev", s)
	if root.Grant != nil {
		m.coverQuarantine(m.k.view.HostPath("/"), "", m.k.view.RootIDMapped())
	}
	for _, k := range root.Kids {
		if k != dev {
			m.node(k, k.Name, s)
		}
	}
	m.closeParent()
	m.lookLater()
	m.tidy(root)
}

// node emits one node; path is relative to the jail's root.
func (m *mounter) node(n *fstree.Node, path string, around fstree.Setting) {
	gr := n.Grant
	if gr != nil {
		m.because(verbOf(gr), gr.Written, gr.At)
	}
	inside := around.Apply(gr)
	switch {
	case gr == nil && (n.Link != "" || n.Pinned && !n.IsDir) && len(n.Kids) == 0:
		if n.Pinned && around.Bound && around.Writable && !around.Own {
			m.pinLink(path, around)
		}
		if !around.Bound && n.Link != "" {
			m.because("make the link", "/"+path, nil)
			m.symlinkat(n.Link, path)
		}
		return
	case gr == nil:
		if !around.Bound && fstree.LeadsSomewhere(n) {
			m.because("make the directory", "/"+path, nil)
			m.mkdirat(fd(plan.SlotRoot), path, 0o755)
		}
		m.pin(n, path, around)
	default:
		m.grant(n, path, around)
	}
	for _, k := range n.Kids {
		m.node(k, path+"/"+k.Name, inside)
	}
	if gr != nil && gr.Kind == fstree.GrantHide && around.Bound && fstree.LeadsSomewhere(n) {
		m.seal(path, gr.Written, gr.At)
	}
}

func verbOf(gr *fstree.Grant) string {
	return [...]string{
		fstree.GrantRead: "make visible", fstree.GrantWrite: "make writable", fstree.GrantHide: "hide",
		fstree.GrantTmpfs: "make a tmpfs at", fstree.GrantOverlay: "make an overlay over",
		fstree.GrantGuard: "protect", fstree.GrantFree: "keep free",
		fstree.GrantDev: "make", fstree.GrantProc: "make", fstree.GrantText: "make",
		fstree.GrantSocket: "make connectable", fstree.GrantEmpty: "make an empty directory at",
	}[gr.Kind]
}

func (m *mounter) grant(n *fstree.Node, path string, around fstree.Setting) {
	gr := n.Grant
	if !m.hasPlace(gr, path, around) {
		return
	}
	switch gr.Kind {
	case fstree.GrantRead, fstree.GrantWrite:
		m.bind(n, path, around)
	case fstree.GrantGuard:
		switch {
		case around.Bound && around.Writable:
			m.bind(n, path, around)
		case !around.Bound && fstree.LeadsSomewhere(n):
			m.because("make the directory", "/"+path, nil)
			m.mkdirat(fd(plan.SlotRoot), path, 0o755)
		}
	case fstree.GrantSocket:
		m.socket(gr, path, around)
	case fstree.GrantHide:
		m.hide(n, path, around)
	case fstree.GrantEmpty:
		m.empty(gr, path, around)
	case fstree.GrantTmpfs:
		m.tmpfs(gr, path, around)
	case fstree.GrantOverlay:
		m.overlay(gr, path, around)
	case fstree.GrantDev:
		m.dev(gr, path, around)
	case fstree.GrantProc:
		m.proc(gr, path, around)
	case fstree.GrantText:
		m.text(gr, path, around)
	}
}

// bind shows a host path. Inside a setting that grants the same already
// there is nothing to do.
func (m *mounter) bind(n *fstree.Node, path string, around fstree.Setting) {
	gr := n.Grant
	writable := gr.Kind == fstree.GrantWrite
	shown := around.Bound && around.Writable == writable && m.isSame(gr, path, around)
	if shown && !around.Own && gr.Source == "" && !gr.IDMapped {
		m.pin(n, path, around)
		return
	}
	attr := m.readOnly
	if writable {
		attr = m.writable
	}
	source := cmp.Or(gr.Source, m.k.view.HostPath(gr.Real))
	s := m.cloneHost(source, gr.File == host.KindDir, attr)
	if writable {
		m.mayChange(s, path, gr.File)
	}
	if gr.Source != "" && writable {
		m.ownMount(s) // a private home
	}
	m.attach(s, gr, path, around)
	m.coverQuarantine(source, path, m.borrows(source, attr))
}

// clone makes a detached copy of the mount at a path of the jail, as the host has it.
func (m *mounter) clone(path string, dir bool, attr *plan.Block) plan.Slot {
	return m.cloneHost(m.k.view.HostPath(path), dir, attr)
}

// cloneHost makes a detached copy of the mount at a host path, with attributes,
// and returns its slot. The directory the path lies in is opened once for a run
// of neighbours; none of its components may be a link by now.
func (m *mounter) cloneHost(source string, dir bool, attr *plan.Block) plan.Slot {
	if s, ok := m.borrow(source, dir, attr); ok {
		return s
	}
	from, name := m.source(source)
	flags, shown := uint64(unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_SYMLINK_NOFOLLOW), "OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_SYMLINK_NOFOLLOW"
	if dir {
		flags, shown = flags|unix.AT_RECURSIVE, shown+"|AT_RECURSIVE"
	}
	s := m.slot()
	m.cloneAt(s, from, name, flags, shown, attr)
	return s
}

// source opens the directory that a host path lies in, without following a link, and
// returns it with the name there.
func (m *mounter) source(path string) (from plan.Arg, name string) {
	if path == "/" {
		return cwd(), path
	}
	m.openParent(host.Parent(path))
	return fd(m.parent), path[strings.LastIndexByte(path, '/')+1:]
}

// cloneAt is open_tree_attr(2) where the kernel has it, else its two halves.
func (m *mounter) cloneAt(s plan.Slot, from plan.Arg, name string, flags uint64, shown string, attr *plan.Block) {
	if m.k.h.Kernel.OpenTreeAttr {
		m.call("open_tree_attr", unix.SYS_OPEN_TREE_ATTR, s, from, text(name), num(flags, shown), block(attr), size(attr))
		return
	}
	m.call("open_tree", unix.SYS_OPEN_TREE, s, from, text(name), num(flags, shown))
	m.setAttr(s, "", flags&unix.AT_RECURSIVE, attr)
}

func (m *mounter) setAttr(s plan.Slot, path string, recursive uint64, attr *plan.Block) {
	flags, shown := recursive|unix.AT_EMPTY_PATH, "AT_EMPTY_PATH"
	if recursive != 0 {
		shown += "|AT_RECURSIVE"
	}
	m.call("mount_setattr", unix.SYS_MOUNT_SETATTR, plan.NoSlot, fd(s), text(path), num(flags, shown), block(attr), size(attr))
}

func (m *mounter) openParent(dir string) {
	if m.parentPath == dir {
		return
	}
	m.closeParent()
	m.parent, m.parentPath = m.open(cwd(), dir, m.openSource), dir
}

func (m *mounter) closeParent() {
	if m.parentPath != "" {
		m.close(m.parent)
		m.parentPath = ""
	}
}

// attach puts a detached mount in its place and gives the slot back.
func (m *mounter) attach(s plan.Slot, gr *fstree.Grant, path string, around fstree.Setting) {
	if !around.Bound {
		if gr.File == host.KindDir {
			m.mkdirat(fd(plan.SlotRoot), path, 0o755)
		} else {
			m.mknodat(fd(plan.SlotRoot), path, 0o444)
		}
		m.moveTo(s, path)
	} else {
		t := m.target(gr, path, around)
		m.moveOnto(s, t)
		m.close(t)
	}
	m.close(s)
}

// target opens a mount point that the host (or a private home) already has,
// or makes it where it may be made. Its parents are not ours, so no component
// may be a link.
func (m *mounter) target(gr *fstree.Grant, path string, around fstree.Setting) plan.Slot {
	if around.Own {
		m.makeOwn(gr, path, around)
	}
	return m.open(fd(plan.SlotRoot), path, m.openTarget)
}

// makeOwn makes the missing components of a mount point inside a private
// home, each from a descriptor of its parent.
func (m *mounter) makeOwn(gr *fstree.Grant, path string, around fstree.Setting) {
	at := around.By.Real[1:]
	for name := range strings.SplitSeq(path[len(around.By.Real):], "/") {
		dir := m.open(fd(plan.SlotRoot), at, m.openTarget)
		at += "/" + name
		if at == path && gr.File != host.KindDir {
			m.mknodat(fd(dir), name, 0o600).Accept = unix.EEXIST
		} else {
			m.mkdirat(fd(dir), name, 0o700).Accept = unix.EEXIST
		}
		m.close(dir)
	}
}
