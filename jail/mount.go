package jail

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

// mounter emits the ops that make the tree real. It walks the tree from the
// root: a directory is there before what lies in it.
type mounter struct {
	*builder
	*blocks
	h        *Host
	problems *diag.List

	parent     Slot   // O_PATH descriptor of parentPath on the host
	parentPath string // "" when no descriptor is open
	inside     Slot   // O_PATH descriptor of insideDir in the jail's tree
	insideDir  string // "" when no descriptor is open
	masks      bool   // the two mask sources exist
	nothing    bool   // the link that leads nowhere exists
	layers     int    // overlays made so far
	sharePIDs  bool   // the jail has no PID namespace of its own

	seals []seal

	nestedUsers *policy.Value[bool]
	landlock    *confinement
	guard       *socketGuard // nil: Unix sockets are not guarded

	plan     *Plan
	lastSlot Slot // the slots from here on hold what the launcher opened
}

// Names of ours in the new /dev while the tree is being made; they are
// unlinked before the program starts.
const (
	maskFile  = "dev/.mask-file"
	maskDir   = "dev/.mask-directory"
	maskLink  = "dev/.mask-link"
	textFile  = "dev/.text"
	layersDir = "dev/.layers"
)

// tree emits everything below root, which already exists: /dev first, since
// masks and layers need a place of ours.
func (m *mounter) tree(root *node) {
	s := setting{}.apply(root.grant)
	dev := root.kid("dev", false)
	m.node(dev, "dev", s)
	for _, k := range root.kids {
		if k != dev {
			m.node(k, k.name, s)
		}
	}
	m.closeParent()
	m.closeInside()
	m.tidy(root)
}

// node emits one node; path is relative to the jail's root.
func (m *mounter) node(n *node, path string, around setting) {
	gr := n.grant
	if gr != nil {
		m.because(verbOf(gr), gr.written, gr.at)
	}
	inside := around.apply(gr)
	switch {
	case gr == nil && (n.link != "" || n.pinned) && len(n.kids) == 0:
		if n.pinned && around.bound && around.writable && !around.own {
			m.pinLink(path, around)
		}
		if !around.bound && n.link != "" {
			m.because("make the link", "/"+path, nil)
			m.symlinkat(n.link, path)
		}
		return
	case gr == nil:
		if !around.bound && leadsSomewhere(n) {
			m.because("make the directory", "/"+path, nil)
			m.mkdirat(fd(slotRoot), path, 0o755)
		}
		m.pin(n, path, around)
	default:
		m.grant(n, path, around)
	}
	for _, k := range n.kids {
		m.node(k, path+"/"+k.name, inside)
	}
	if gr != nil && gr.kind == grantHide && around.bound && leadsSomewhere(n) {
		m.seal(path, gr.written, gr.at)
	}
}

// leadsSomewhere tells whether anything is visible below n.
func leadsSomewhere(n *node) bool {
	for _, k := range n.kids {
		if k.grant != nil && k.grant.kind != grantHide && k.grant.kind != grantGuard && k.grant.kind != grantAbsent || k.link != "" || leadsSomewhere(k) {
			return true
		}
	}
	return false
}

func verbOf(gr *grant) string {
	switch gr.kind {
	case grantRead:
		return "make visible"
	case grantWrite:
		return "make writable"
	case grantHide:
		return "hide"
	case grantTmpfs:
		return "make a tmpfs at"
	case grantOverlay:
		return "make an overlay over"
	case grantGuard:
		return "protect"
	case grantAbsent:
		return "keep absent"
	case grantSocket:
		return "make connectable"
	default:
		return "make"
	}
}

func (m *mounter) grant(n *node, path string, around setting) {
	gr := n.grant
	if !m.there(gr, path, around) {
		return
	}
	switch gr.kind {
	case grantRead, grantWrite:
		m.bind(n, path, around)
	case grantGuard:
		if around.bound && around.writable {
			m.bind(n, path, around)
		}
	case grantAbsent:
		m.absent(gr, path, around)
	case grantSocket:
		m.socket(gr, path, around)
	case grantHide:
		m.hide(n, path, around)
	case grantTmpfs:
		m.tmpfs(gr, path, around)
	case grantOverlay:
		m.overlay(gr, path, around)
	case grantDev:
		m.dev(path, around)
	case grantProc:
		m.proc(path, around)
	case grantText:
		m.text(gr, path, around)
	}
}

// there tells whether what is to be hidden or replaced exists. Grants are
// resolved on the host; below the root of another system, that one counts.
func (m *mounter) there(gr *grant, path string, around setting) bool {
	if !around.bound || around.by == nil || around.by.real != "/" || around.by.source == "" {
		return true
	}
	if gr.kind != grantHide && gr.kind != grantText && gr.kind != grantGuard {
		return true
	}
	return m.h.Files.Kind(join(around.by.source, path)) == gr.file
}

// bind shows a host path. Inside a setting that grants the same already
// there is nothing to do.
func (m *mounter) bind(n *node, path string, around setting) {
	gr := n.grant
	writable := gr.kind == grantWrite
	if around.bound && around.writable == writable && !around.own && gr.source == "" && !gr.lent {
		m.pin(n, path, around)
		return
	}
	source := gr.real
	if gr.source != "" {
		source = gr.source
	}
	attr := m.readOnly
	if writable {
		attr = m.writable
	}
	s := m.clone(source, gr.file == KindDir, attr)
	if writable {
		m.mayChange(s, path, gr.file)
	}
	if gr.source != "" && writable {
		m.ownMount(s) // a private home
	}
	m.attach(s, gr, path, around)
}

// clone makes a detached copy of the mount at a host path, with attributes,
// and returns its slot. The directory the path lies in is opened once for a run
// of neighbours; none of its components may be a link by now.
func (m *mounter) clone(source string, dir bool, attr *Block) Slot {
	if s, ok := m.borrow(source, dir, attr); ok {
		return s
	}
	name := source
	from := cwd()
	if source != "/" {
		m.openParent(parentOf(source))
		from, name = fd(m.parent), source[len(parentOf(source)):]
		if name[0] == '/' {
			name = name[1:]
		}
	}
	flags, shown := uint64(unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_SYMLINK_NOFOLLOW), "OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_SYMLINK_NOFOLLOW"
	if dir {
		flags, shown = flags|unix.AT_RECURSIVE, shown+"|AT_RECURSIVE"
	}
	s := m.slot()
	m.cloneAt(s, from, name, flags, shown, attr)
	return s
}

// cloneAt is open_tree_attr(2) where the kernel has it, else its two halves.
func (m *mounter) cloneAt(s Slot, from Arg, name string, flags uint64, shown string, attr *Block) {
	if m.h.Kernel.OpenTreeAttr {
		m.call("open_tree_attr", unix.SYS_OPEN_TREE_ATTR, s, from, text(name), num(flags, shown), block(attr), size(attr))
		return
	}
	m.call("open_tree", unix.SYS_OPEN_TREE, s, from, text(name), num(flags, shown))
	m.setAttr(s, "", flags&unix.AT_RECURSIVE, attr)
}

func (m *mounter) setAttr(s Slot, path string, recursive uint64, attr *Block) {
	flags, shown := recursive|unix.AT_EMPTY_PATH, "AT_EMPTY_PATH"
	if recursive != 0 {
		shown += "|AT_RECURSIVE"
	}
	m.call("mount_setattr", unix.SYS_MOUNT_SETATTR, NoSlot, fd(s), text(path), num(flags, shown), block(attr), size(attr))
}

func (m *mounter) openParent(dir string) {
	if m.parentPath == dir {
		return
	}
	m.closeParent()
	m.parent, m.parentPath = m.slot(), dir
	m.openat2(m.parent, cwd(), dir, m.openSource)
}

func (m *mounter) closeParent() {
	if m.parentPath != "" {
		m.close(m.parent)
		m.parentPath = ""
	}
}

// attach puts a detached mount in its place and gives the slot back.
func (m *mounter) attach(s Slot, gr *grant, path string, around setting) {
	if !around.bound {
		if gr.file == KindDir {
			m.mkdirat(fd(slotRoot), path, 0o755)
		} else {
			m.mknodat(fd(slotRoot), path, 0o444)
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
func (m *mounter) target(gr *grant, path string, around setting) Slot {
	if around.own {
		m.makeOwn(gr, path, around)
	}
	t := m.slot()
	m.openat2(t, fd(slotRoot), path, m.openTarget)
	return t
}

// makeOwn makes the missing components of a mount point inside a private
// home, each from a descriptor of its parent.
func (m *mounter) makeOwn(gr *grant, path string, around setting) {
	for i := len(around.by.real); i < len(path); {
		j := i
		for j < len(path) && path[j] != '/' {
			j++
		}
		dir := m.slot()
		m.openat2(dir, fd(slotRoot), path[:i-1], m.openTarget)
		op := (*Op)(nil)
		if j == len(path) && gr.file != KindDir {
			op = m.mknodat(fd(dir), path[i:j], 0o600)
		} else {
			op = m.mkdirat(fd(dir), path[i:j], 0o700)
		}
		op.Accept = unix.EEXIST
		m.close(dir)
		i = j + 1
	}
}
