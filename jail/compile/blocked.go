package compile

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/placeholder"
)

// placeholders plans the files that the launcher makes on the host for as long as
// the jail runs.
func (k *compiler) placeholders() {
	entries := k.view.Placeholders()
	if len(entries) == 0 {
		return
	}
	for _, e := range entries {
		k.plan.Placeholders = append(k.plan.Placeholders, plan.Placeholder{Path: k.view.HostPath(e.Path), Kind: uint8(e.Kind)})
	}
	if k.plan.PlaceholderDir = k.h.Own.Placeholders(); k.plan.PlaceholderDir == "" {
		k.problems = append(k.problems, diag.Diagnostic{
			Code: "no-state", Summary: "jail lists the files whose creation it blocks in the home directory, and you have none here",
			Remedy: plan.PlaceholderRemedy,
		})
	}
}

// blocked mounts a link that leads nowhere over a placeholder. It does not follow
// the path's last component, since the placeholder may be a link. A commondir stays
// visible as it is, since git dies of one that it can't read.
func (m *mounter) blocked(gr *fstree.Grant, path string, around fstree.Setting) {
	if !around.OnHost() {
		return
	}
	if gr.Placeholder == placeholder.CommonDir {
		m.attach(m.clone("/"+path, false, m.readOnly), gr, path, around)
		return
	}
	m.needMaskLink()
	dir, name := cutLast(path)
	if m.insideDir != dir {
		m.closeInside()
		m.inside, m.insideDir = m.slot(), dir
		m.openat2(m.inside, fd(plan.SlotRoot), dir, m.openTarget)
	}
	s := m.slot()
	m.cloneAt(s, fd(plan.SlotRoot), maskLink, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_SYMLINK_NOFOLLOW,
		"OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_SYMLINK_NOFOLLOW", m.readOnly)
	m.call("move_mount", unix.SYS_MOVE_MOUNT, plan.NoSlot, fd(s), text(""), fd(m.inside), text(name),
		num(unix.MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH"))
	m.close(s)
}

// closeInside closes the directory that the last blocked path lies in.
func (m *mounter) closeInside() {
	if m.insideDir != "" {
		m.close(m.inside)
		m.insideDir = ""
	}
}

// needMaskLink makes the link that leads nowhere, once.
func (m *mounter) needMaskLink() {
	if m.hasMaskLink {
		return
	}
	m.hasMaskLink = true
	verb, subject, at := m.verb, m.subject, m.at
	m.because("make", "the link that blocked paths show", nil)
	m.symlinkat(placeholder.Target, maskLink)
	m.because(verb, subject, at)
}

// cutLast splits a relative path before its last component.
func cutLast(path string) (dir, name string) {
	if cut := strings.LastIndexByte(path, '/'); cut >= 0 {
		return path[:cut], path[cut+1:]
	}
	return ".", path
}
