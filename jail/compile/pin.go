package compile

import (
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/plan"
)

// pin makes a mount point of a writable directory in which something is hidden
// or protected: it shows the directory itself, but a mount point can't be
// renamed. Otherwise a program could move ~/.config away with all that is
// mounted in it, and make another one, which the host would use from then on. Likewise a
// directory that a link to something protected goes into and leaves again by "..".
// Nothing has to be pinned where writes do not reach the host's own files.
func (m *mounter) pin(n *fstree.Node, path string, around fstree.Setting) {
	if !around.Bound || !around.Writable || around.Own || !n.IsDir && !fstree.HoldsProtected(n) {
		return
	}
	m.onItself(path, true, m.writable, m.openTarget, around)
}

// pinLink does the same for a link on the way to something protected: a mount
// of the link itself, which is followed as before, and can be neither removed nor
// exchanged for one that leads elsewhere.
func (m *mounter) pinLink(path string, around fstree.Setting) {
	m.onItself(path, false, m.readOnly, m.openLink, around)
}

// onItself mounts what is at a path there, with these attributes.
func (m *mounter) onItself(path string, dir bool, attr, how *plan.Block, around fstree.Setting) {
	m.because("keep in its place", "/"+path, around.By.At)
	s := m.clone("/"+path, dir, attr)
	t := m.open(fd(plan.SlotRoot), path, how)
	m.moveOnto(s, t)
	m.close(t)
	m.close(s)
	source := m.k.view.HostPath("/" + path)
	m.coverQuarantine(source, path, m.borrows(source, attr))
}
