package fstree

import (
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/placeholder"
)

// A protected file that does not exist yet cannot be mounted over. The launcher
// makes a placeholder of its name on the host (package placeholder), and the jail
// mounts a link that leads nowhere over that. A mount point can be neither removed
// nor replaced, so the program can't create the file.

// blockCreation adds a grant that blocks the creation of a real path, if the jail
// can write the directory that it lies in. In a project it blocks the outermost
// missing directory instead. In a home that directory is made, since other files
// lie in it: ~/.config is not only what belongs to @startup.
func (g *granter) blockCreation(real string, gr Grant, project bool) bool {
	if g.p.Filesystem.Absent.V == "open" || !g.written(host.Parent(real)) || g.named[real] {
		return false
	}
	outer := real
	for dir := host.Parent(real); ; dir = host.Parent(dir) {
		kind := g.resolver.Resolve(dir).Kind
		if kind == host.KindDir {
			if !g.canWrite(dir) {
				return false // the program can't create anything here either
			}
			break
		}
		if kind != host.KindMissing || g.named[dir] {
			return false // below a file there is nothing
		}
		outer = dir
	}
	gr.Kind, gr.Real, gr.File, gr.Placeholder = GrantBlocked, real, host.KindFile, placeholder.Link
	switch {
	case path.Base(real) == "commondir":
		gr.Placeholder = placeholder.CommonDir
	case project && !g.written(host.Parent(outer)):
		return false
	case project:
		gr.Real = outer
		if !strings.Contains(outer, "/.git/") {
			gr.Placeholder = placeholder.Socket
		}
	}
	g.grants = append(g.grants, &gr)
	return true
}

// written tells whether a directory lies in one that is granted for writing.
func (g *granter) written(dir string) bool {
	return slices.ContainsFunc(g.writes, func(w string) bool { return host.Within(dir, w) })
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

// Placeholders lists the placeholders that have to be on the host when the plan
// begins: outer directories first, then by directory.
func (v *View) Placeholders() []placeholder.Entry {
	var entries []placeholder.Entry
	v.Root.blocked(Setting{}.Apply(v.Root.Grant), func(gr *Grant) {
		for dir := host.Parent(gr.Real); v.Resolver.Resolve(dir).Kind == host.KindMissing; dir = host.Parent(dir) {
			e := placeholder.Entry{Path: dir, Kind: placeholder.Directory}
			if !slices.Contains(entries, e) {
				entries = append(entries, e)
			}
		}
		entries = append(entries, placeholder.Entry{Path: gr.Real, Kind: gr.Placeholder})
	})
	slices.SortStableFunc(entries, func(a, b placeholder.Entry) int {
		da, db := host.Parent(a.Path), host.Parent(b.Path)
		if n := strings.Count(da, "/") - strings.Count(db, "/"); n != 0 {
			return n
		}
		return strings.Compare(da, db)
	})
	return entries
}

// blocked calls found for every grant that blocks a creation, in the tree's order.
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
