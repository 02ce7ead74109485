package jail

import (
	"golang.org/x/sys/unix"
)

// hide puts an empty file or directory without any permission over a path.
func (m *mounter) hide(n *node, path string, around setting) {
	gr := n.grant
	if !around.bound {
		if leadsSomewhere(n) {
			m.mkdirat(fd(slotRoot), path, 0o755)
		}
		return
	}
	if leadsSomewhere(n) {
		s := m.newTmpfs(1<<20, 1<<10, 0o755)
		m.attach(s, gr, path, around)
		return
	}
	m.attach(m.mask(gr.file), gr, path, around)
}

// mask returns a detached mount of the empty file or directory without any
// permission.
func (m *mounter) mask(kind FileKind) Slot {
	m.needMasks()
	source := maskFile
	if kind == KindDir {
		source = maskDir
	}
	s := m.slot()
	m.cloneAt(s, fd(slotRoot), source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC, "OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC", m.readOnly)
	return s
}

func (m *mounter) needMasks() {
	if m.masks {
		return
	}
	m.masks = true
	verb, subject, at := m.verb, m.subject, m.at
	m.because("make", "what hidden paths look like", nil)
	m.mknodat(fd(slotRoot), maskFile, 0)
	m.mkdirat(fd(slotRoot), maskDir, 0)
	m.because(verb, subject, at)
}
