package jail

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/standin"
)

// What is protected and does not exist yet cannot be mounted over. The
// launcher puts a stand-in on the host in its name (package standin), and the
// jail mounts its own nothing over that: a link that leads nowhere. A mount
// point can be neither removed nor replaced, so nothing can be made there.

// keepAbsent notes that nothing may come to exist at a real path, if that
// lies in a directory which the jail can write. In a project the outermost
// missing directory stands for what would be in it. In a home it is made, since
// other things lie in it: ~/.config is not only what belongs to @startup.
func (g *granter) keepAbsent(real string, gr grant, project bool) bool {
	if g.p.Filesystem.Absent.V == "open" || !g.written(parentOf(real)) || g.named[real] {
		return false
	}
	outer := real
	for dir := parentOf(real); ; dir = parentOf(dir) {
		kind := g.resolver.resolve(dir).kind
		if kind == KindDir {
			if !g.canWrite(dir) {
				return false // nor can the program make anything there
			}
			break
		}
		if kind != KindMissing || g.named[dir] {
			return false // below a file there is nothing
		}
		outer = dir
	}
	gr.kind, gr.real, gr.file, gr.stand = grantAbsent, real, KindFile, standin.Link
	switch {
	case path.Base(real) == "commondir":
		gr.stand = standin.CommonDir
	case project && !g.written(parentOf(outer)):
		return false
	case project:
		gr.real = outer
		if !strings.Contains(outer, "/.git/") {
			gr.stand = standin.Socket
		}
	}
	g.grants = append(g.grants, &gr)
	return true
}

// written tells whether a directory lies in one that is granted for writing.
func (g *granter) written(dir string) bool {
	for _, w := range g.writes {
		if within(dir, w) {
			return true
		}
	}
	return false
}

// canWrite tells whether the caller may make something in a directory.
func (g *granter) canWrite(dir string) bool {
	can, known := g.canMake[dir]
	if !known {
		can = g.h.Files.Writable(dir)
		g.canMake[dir] = can
	}
	return can
}

// standIns has the launcher put stand-ins on the host for as long as the jail
// runs.
func (k *compiler) standIns() {
	if k.plan.standIns = k.view.standIns(); len(k.plan.standIns) == 0 {
		return
	}
	if k.plan.standInRecords = k.h.Own.StandIns(); k.plan.standInRecords == "" {
		k.problems = append(k.problems, diag.Diagnostic{
			Code: "no-state", Summary: "what is kept absent is recorded in the home directory, and you have none here",
			Remedy: standInRemedy,
		})
	}
}

const standInRemedy = "let the program make what it likes, with `filesystem: {absent: open}`; the reference of profiles says what that means"

// standIns lists what has to be on the host, in the names of what must stay
// absent, when the plan begins: outer directories first, then by directory.
func (v *View) standIns() []standin.Entry {
	var entries []standin.Entry
	v.root.absent(setting{}.apply(v.root.grant), func(gr *grant) {
		for dir := parentOf(gr.real); v.resolver.resolve(dir).kind == KindMissing; dir = parentOf(dir) {
			e := standin.Entry{Path: dir, Kind: standin.Directory}
			if !slices.Contains(entries, e) {
				entries = append(entries, e)
			}
		}
		entries = append(entries, standin.Entry{Path: gr.real, Kind: gr.stand})
	})
	slices.SortStableFunc(entries, func(a, b standin.Entry) int {
		da, db := parentOf(a.Path), parentOf(b.Path)
		if n := strings.Count(da, "/") - strings.Count(db, "/"); n != 0 {
			return n
		}
		return strings.Compare(da, db)
	})
	return entries
}

// absent calls found for everything that is kept absent, in the tree's order.
func (n *node) absent(around setting, found func(*grant)) {
	if n.grant != nil && n.grant.kind == grantAbsent && around.hosts() {
		found(n.grant)
	}
	inside := around.apply(n.grant)
	for _, k := range n.kids {
		k.absent(inside, found)
	}
}

// hosts tells whether what is made in this setting is made on the host.
func (s setting) hosts() bool { return s.bound && s.writable && !s.own }

// absent mounts a link that leads nowhere over a stand-in, which the last
// component of the path is: that one is not followed. A commondir is shown as
// it is, since git dies of one that it can't read.
func (m *mounter) absent(gr *grant, path string, around setting) {
	if !around.hosts() {
		return
	}
	if gr.stand == standin.CommonDir {
		m.attach(m.clone("/"+path, false, m.readOnly), gr, path, around)
		return
	}
	m.needNothing()
	dir, name := cutLast(path)
	if m.insideDir != dir {
		m.closeInside()
		m.inside, m.insideDir = m.slot(), dir
		m.openat2(m.inside, fd(slotRoot), dir, m.openTarget)
	}
	s := m.slot()
	m.cloneAt(s, fd(slotRoot), maskLink, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_SYMLINK_NOFOLLOW,
		"OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_SYMLINK_NOFOLLOW", m.readOnly)
	m.call("move_mount", unix.SYS_MOVE_MOUNT, NoSlot, fd(s), text(""), fd(m.inside), text(name),
		num(unix.MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH"))
	m.close(s)
}

// closeInside closes the directory in which something was kept absent.
func (m *mounter) closeInside() {
	if m.insideDir != "" {
		m.close(m.inside)
		m.insideDir = ""
	}
}

// needNothing makes the link that leads nowhere.
func (m *mounter) needNothing() {
	if m.nothing {
		return
	}
	m.nothing = true
	verb, subject, at := m.verb, m.subject, m.at
	m.because("make", "what absent paths look like", nil)
	m.symlinkat(standin.Target, maskLink)
	m.because(verb, subject, at)
}

// cutLast splits a relative path before its last component.
func cutLast(path string) (dir, name string) {
	if cut := strings.LastIndexByte(path, '/'); cut >= 0 {
		return path[:cut], path[cut+1:]
	}
	return ".", path
}

// holdStandIns makes the stand-ins of a plan, or joins the jails that have
// made them. It returns nil when there are none.
func (p *Plan) holdStandIns() (*standin.Held, error) {
	if len(p.standIns) == 0 {
		return nil, nil //nolint:nilnil // nothing to hold is no error
	}
	held, err := standin.Make(p.standInRecords, p.standIns)
	if err != nil {
		return nil, fmt.Errorf("keep absent what could run later: %w; %s", err, standInRemedy)
	}
	return held, nil
}
