package fstree

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/watch"
)

// A protected file that does not exist yet cannot be mounted over, and neither
// permissions nor Landlock know of single names: they let a program make all names in a
// directory, or none. The launcher watches the name (package watch) and takes away what
// is made there.

// keepFree adds a grant for a path that does not exist and must not be made, if the
// program could make it. In a project the outermost missing directory is what is kept
// free. In a home the directories on the way may be made, since other files lie in
// them: ~/.config is not only what belongs to @startup.
func (g *granter) keepFree(at host.Resolved, gr Grant, as class, project bool) {
	real := at.Real
	if as == open || at.Kind != host.KindMissing || !g.written(host.Parent(real)) || g.named[real] {
		return
	}
	outer, dir := real, host.Parent(real)
	for ; g.resolver.Resolve(dir).Kind == host.KindMissing && !g.makes(dir); dir = host.Parent(dir) {
		if g.named[dir] {
			g.report(real) // what the program may make is its own
			return
		}
		outer = dir
	}
	if g.resolver.Resolve(dir).Kind == host.KindFile {
		g.guardOne(dir, as, false) // with a directory in its place, the name could be made
		return
	}
	if made := g.makes(dir); !g.written(dir) || !made && (g.resolver.Resolve(dir).Kind != host.KindDir || !g.canWrite(dir)) {
		return // the program can't make anything here either
	}
	if project {
		real = outer
	}
	// What jail makes for the program is there before the program is, and not yet.
	for g.makes(dir) {
		dir = host.Parent(dir)
	}
	gr.Kind, gr.Real, gr.File = GrantFree, outer, host.KindMissing
	gr.Name = watch.Name{Dir: g.hostPath(dir), Rel: strings.TrimPrefix(real[len(dir):], "/")}
	gr.Later = as == quarantined
	g.grants = append(g.grants, &gr)
}

// makes tells whether jail makes a directory on the host before the program begins.
func (g *granter) makes(dir string) bool {
	return slices.ContainsFunc(g.creates, func(c *Grant) bool { return c.File == host.KindDir && host.Within(c.Real, g.hostPath(dir)) }) &&
		g.resolver.Resolve(dir).Kind == host.KindMissing
}

// written tells whether a directory lies in one that is granted for writing.
func (g *granter) written(dir string) bool {
	return slices.ContainsFunc(g.writes, func(w string) bool { return host.Within(dir, w) })
}

// writesBelow tells whether a directory in this one is granted for writing.
func (g *granter) writesBelow(dir string) bool {
	return slices.ContainsFunc(g.writes, func(w string) bool { return host.Within(w, dir) })
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

// Free lists the names that are kept free while the jail runs, and those whose files are
// moved away when it has ended, by directory.
func (v *View) Free() (now, later []watch.Name) {
	for _, gr := range v.Grants {
		if gr.Kind != GrantFree {
			continue
		}
		if s, _ := v.Root.Lookup(host.Parent(gr.Real)); !s.OnHost() {
			continue
		}
		list := &now
		if gr.Later {
			list = &later
		}
		if !slices.Contains(*list, gr.Name) {
			*list = append(*list, gr.Name)
		}
	}
	return now, later
}

// Reported lists the paths of the host of which is told at the end what is new or changed.
func (v *View) Reported() []string {
	var list []string
	for _, r := range v.reports {
		if s, _ := v.Root.Lookup(r.inside); s.OnHost() && !slices.Contains(list, r.onHost) {
			list = append(list, r.onHost)
		}
	}
	return list
}

// OnHost tells whether what is made in this setting is made on the host.
func (s Setting) OnHost() bool { return s.Bound && s.Writable && !s.Own }
