package compile

import (
	"fmt"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
)

// hasPlace tells whether there is something to mount on, in a jail with a root of its
// own. Everywhere else it is known, since a path is mounted over itself.
func (m *mounter) hasPlace(gr *fstree.Grant, path string, around fstree.Setting) bool {
	if m.k.view.OwnRoot() == "" || !around.Bound || around.Own || gr.Kind == fstree.GrantFree {
		return true
	}
	if gr.Source == "" && bringsFiles(gr.Kind) && m.isSame(gr, path, around) {
		return true // it is that itself, or is made before
	}
	lies := m.k.view.Around(around, "/"+path)
	kind := m.k.h.Files.Kind(lies)
	switch {
	case kind != host.KindMissing && kind != host.KindLink && (kind == host.KindDir) == (gr.File == host.KindDir):
		return true
	case kind == host.KindMissing && (gr.Kind == fstree.GrantHide || gr.Kind == fstree.GrantGuard || gr.Kind == fstree.GrantText):
		return false // nothing is shown there
	}
	m.refusePlace(gr, "/"+path, lies, around)
	return false
}

// isSame tells whether a grant shows what lies at its path already. Only with a root of its
// own a jail has something of elsewhere there.
func (m *mounter) isSame(gr *fstree.Grant, path string, around fstree.Setting) bool {
	return m.k.view.OwnRoot() == "" || m.k.view.HostPath(gr.Real) == m.k.view.Around(around, "/"+path)
}

// bringsFiles tells whether a grant shows files that exist outside the jail.
func bringsFiles(k fstree.GrantKind) bool {
	return k == fstree.GrantRead || k == fstree.GrantWrite || k == fstree.GrantOverlay || k == fstree.GrantSocket
}

// refusePlace reports that nothing can be mounted at a path of a root of its own.
func (m *mounter) refusePlace(gr *fstree.Grant, path, lies string, around fstree.Setting) {
	what, remedy := "directory", "make it: mkdir -p "
	if gr.File != host.KindDir {
		what, remedy = "file", "make it: touch "
	}
	d := diag.Diagnostic{
		Code:    "no-mount-point",
		Summary: fmt.Sprintf("the root of this jail has no %s %s for what is to appear there", what, diag.Quote(path)),
		Subject: *atOrNone(gr.At), Remedy: remedy + diag.Quote(lies),
	}
	if d.Subject.IsZero() {
		d.Subject = *atOrNone(around.By.At)
	}
	if bringsFiles(gr.Kind) {
		d.Remedy += "; or put a tmpfs around it"
	}
	m.k.problems = append(m.k.problems, d)
}
