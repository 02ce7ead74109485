package compile

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
)

// hide puts an empty file or directory without any permission over a path.
func (m *mounter) hide(n *fstree.Node, path string, around fstree.Setting) {
	switch leads := fstree.LeadsSomewhere(n); {
	case around.Bound && leads:
		m.attach(m.newTmpfs(1<<20, 1<<10, 0o755), n.Grant, path, around)
	case around.Bound:
		m.attach(m.mask(n.Grant.File), n.Grant, path, around)
	case leads:
		m.mkdirat(fd(plan.SlotRoot), path, 0o755)
	}
}

// coverQuarantine covers the quarantine in a mount of a host directory that was just
// attached at a path of the jail. A launcher moves directories there that a program has
// made, and may still have open: ".." would lead the program out of them, into the
// directories of jail's own. What hides these is attached to another mount, of a directory
// that is pinned, so it is not met on that way up.
//
// A jail of root has a user who gets to root's own files in borrowed mounts alone: what
// that user cannot reach in another one needs no cover, and could not be covered.
//
// Precondition: nothing is mounted in that mount yet.
func (m *mounter) coverQuarantine(source, path string, borrowed bool) {
	for _, dir := range m.quarantines {
		if m.k.h.RunAs > 0 && !borrowed && !m.k.h.Files.Public(host.Parent(dir)) {
			continue
		}
		rest, below := strings.CutPrefix(dir, source)
		if source == "/" {
			rest, below = dir, true
		}
		if !below || rest == "" || rest[0] != '/' {
			continue
		}
		verb, subject, at := m.verb, m.subject, m.at
		m.because("hide", dir, nil)
		t := m.open(fd(plan.SlotRoot), strings.TrimPrefix(path+rest, "/"), m.openTarget)
		s := m.mask(host.KindDir)
		m.moveOnto(s, t)
		m.close(t)
		m.close(s)
		m.because(verb, subject, at)
	}
}

// empty makes a directory in which only what is granted below it appears. In the bare
// root and in another such directory, which nobody can write, it needs no mount.
func (m *mounter) empty(gr *fstree.Grant, path string, around fstree.Setting) {
	if around.By == nil || around.By.Kind == fstree.GrantEmpty {
		m.mkdirat(fd(plan.SlotRoot), path, 0o755)
		return
	}
	m.attach(m.newTmpfs(1<<20, 1<<10, 0o755), gr, path, around)
	m.seal(path, gr.Written, gr.At)
}

// mask returns a detached mount of the empty file or directory without any
// permission.
func (m *mounter) mask(kind host.FileKind) plan.Slot {
	m.needMasks()
	source := maskFile
	if kind == host.KindDir {
		source = maskDir
	}
	s := m.slot()
	m.cloneAt(s, fd(plan.SlotRoot), source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC, "OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC", m.readOnly)
	return s
}

func (m *mounter) needMasks() {
	if m.masks {
		return
	}
	m.masks = true
	verb, subject, at := m.verb, m.subject, m.at
	m.because("make", "what hidden paths look like", nil)
	m.mknodat(fd(plan.SlotRoot), maskFile, 0)
	m.mkdirat(fd(plan.SlotRoot), maskDir, 0)
	m.because(verb, subject, at)
}
