package fstree

import (
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/standin"
)

// What is protected and does not exist yet cannot be mounted over. The
// launcher puts a stand-in on the host in its name (package standin), and the
// jail mounts its own nothing over that: a link that leads nowhere. A mount
// point can be neither removed nor replaced, so nothing can be made there.

// blockCreation notes that nothing may come to exist at a real path, if that
// lies in a directory which the jail can write. In a project the outermost
// missing directory stands for what would be in it. In a home it is made, since
// other things lie in it: ~/.config is not only what belongs to @startup.
func (g *granter) blockCreation(real string, gr Grant, project bool) bool {
	if g.p.Filesystem.Absent.V == "open" || !g.written(host.Parent(real)) || g.named[real] {
		return false
	}
	outer := real
	for dir := host.Parent(real); ; dir = host.Parent(dir) {
		kind := g.resolver.Resolve(dir).Kind
		if kind == host.KindDir {
			if !g.canWrite(dir) {
				return false // nor can the program make anything there
			}
			break
		}
		if kind != host.KindMissing || g.named[dir] {
			return false // below a file there is nothing
		}
		outer = dir
	}
	gr.Kind, gr.Real, gr.File, gr.Placeholder = GrantBlocked, real, host.KindFile, standin.Link
	switch {
	case path.Base(real) == "commondir":
		gr.Placeholder = standin.CommonDir
	case project && !g.written(host.Parent(outer)):
		return false
	case project:
		gr.Real = outer
		if !strings.Contains(outer, "/.git/") {
			gr.Placeholder = standin.Socket
		}
	}
	g.grants = append(g.grants, &gr)
	return true
}

// written tells whether a directory lies in one that is granted for writing.
func (g *granter) written(dir string) bool {
	for _, w := range g.writes {
		if host.Within(dir, w) {
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

// Placeholders lists what has to be on the host, in the names of what must stay
// absent, when the plan begins: outer directories first, then by directory.
func (v *View) Placeholders() []standin.Entry {
	var entries []standin.Entry
	v.Root.blocked(Setting{}.Apply(v.Root.Grant), func(gr *Grant) {
		for dir := host.Parent(gr.Real); v.Resolver.Resolve(dir).Kind == host.KindMissing; dir = host.Parent(dir) {
			e := standin.Entry{Path: dir, Kind: standin.Directory}
			if !slices.Contains(entries, e) {
				entries = append(entries, e)
			}
		}
		entries = append(entries, standin.Entry{Path: gr.Real, Kind: gr.Placeholder})
	})
	slices.SortStableFunc(entries, func(a, b standin.Entry) int {
		da, db := host.Parent(a.Path), host.Parent(b.Path)
		if n := strings.Count(da, "/") - strings.Count(db, "/"); n != 0 {
			return n
		}
		return strings.Compare(da, db)
	})
	return entries
}

// blocked calls found for everything that is kept absent, in the tree's order.
func (n *Node) blocked(around Setting, found func(*Grant)) {
	if n.Grant != nil && n.Grant.Kind == GrantBlocked && around.OnHost() {
		found(n.Grant)
	}
	inside := around.Apply(n.Grant)
	for _, k := range n.Kids {
		k.blocked(inside, found)
	}
}

// OnHost tells whether what is made in this setting is made on the host.
func (s Setting) OnHost() bool { return s.Bound && s.Writable && !s.Own }
