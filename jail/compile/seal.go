package compile

import (
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
)

// seal is a mount of ours to be made read-only when the tree is complete.
type seal struct {
	path    string // relative to the jail's root
	written string
	at      *diag.Range
}

// seal notes that the mount at a path of ours is to become read-only.
func (m *mounter) seal(path, written string, at *diag.Range) {
	m.seals = append(m.seals, seal{path, written, at})
}

// sealAll makes what was noted read-only, each mount alone. The kernel allows
// that for a mount inside a tree only when the tree is attached.
func (m *mounter) sealAll() {
	for _, s := range m.seals {
		m.because("seal", s.written, s.at)
		m.setAttr(plan.SlotRoot, s.path, 0, m.rootOnly)
	}
}
