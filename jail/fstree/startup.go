package fstree

import (
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

// class is one of the two classes of @startup, with what the profile says of it.
type class string

// What a profile says of a class of @startup.
const (
	blocked     class = "block"      // existing files are read-only, others can't be made
	open        class = "report"     // the program may change and make them, which is told at the end
	quarantined class = "quarantine" // like blocked, but what is made is moved away at the end only
)

// reported is a path in the jail and on the host.
type reported struct{ inside, onHost string }

func (g *granter) automatic() class { return class(g.p.Filesystem.Startup.Automatic.V) }
func (g *granter) tools() class     { return class(g.p.Filesystem.Startup.Tools.V) }

// guards protects @startup in every writable directory, and keeps what is missing of it
// from being made there, as well as files that are hidden by name.
func (g *granter) guards() {
	for _, gr := range g.grants {
		if gr.Kind == GrantWrite && gr.File == host.KindDir {
			g.writes = append(g.writes, gr.Real)
		}
		if gr.Kind == GrantWrite && gr.rank.exact {
			g.named[gr.Real] = true
		}
		if gr.Kind != GrantRead && gr.Kind != GrantHide {
			g.changed = append(g.changed, gr.Real)
		}
	}
	if len(g.writes) == 0 {
		return
	}
	for _, homes := range g.homes() {
		for _, t := range paths.HomeStartup() {
			if pattern, ok := homes.expand(t); ok {
				g.guard(pattern)
			}
		}
	}
	g.userSettings()
	g.searchPath()
	if g.h.Cwd != "" {
		g.guardProject(g.h.Cwd, true)
	}
	for _, dir := range g.writes {
		if dir != g.h.Cwd {
			g.guardProject(dir, false)
		}
	}
	g.guardAround()
	for _, gr := range g.hides {
		g.keepFree(g.resolver.Resolve(gr.Real), *gr, blocked, false)
	}
}

// guardProject protects the files of @startup that a directory has. In a project, which
// the current directory counts as, it also keeps free what is missing; elsewhere, as in
// Downloads, that would be useless, since the program could make it in a directory below.
func (g *granter) guardProject(dir string, project bool) {
	project = project || g.hasRepository(dir)
	for _, name := range paths.ProjectAutomatic() {
		if name == "HEAD" && g.isGitDirectory(dir) {
			continue // git moves it whenever a branch is checked out
		}
		g.guardOne(host.Join(dir, name), g.automatic(), project)
	}
	for _, name := range paths.ProjectTools() {
		g.guardOne(host.Join(dir, name), g.tools(), project)
	}
	g.repository(dir)
}

// guard protects the files that match a pattern, or keeps them free.
func (g *granter) guard(pattern string) {
	if !paths.IsGlob(pattern) {
		g.guardOne(paths.Unescape(pattern), g.automatic(), true)
		return
	}
	// Behind the last component with a glob are plain names, which can be
	// missing.
	rest := ""
	for !paths.IsGlob(path.Base(pattern)) {
		rest = "/" + paths.Unescape(path.Base(pattern)) + rest
		pattern = path.Dir(pattern)
	}
	for _, found := range g.resolver.Glob(pattern) {
		if rest != "" && g.resolver.Resolve(found).Kind == host.KindMissing {
			// A link that leads nowhere, such as the lock that a browser leaves when it is killed
			// and has to remove when it starts again. Nothing lies below it.
			continue
		}
		g.guardOne(found+rest, g.automatic(), rest != "")
	}
}

// guardOne protects a path, if it comes to lie in a writable directory; see
// Setting.Apply. One that does not exist is kept free, if free says so. Every link on the
// way is pinned, wherever it leads: replaced, it would lead to a file of the program's.
func (g *granter) guardOne(lexical string, as class, free bool) {
	at := g.resolver.Resolve(lexical)
	if as == open || g.named[at.Real] {
		g.report(at.Real)
	}
	if at.Kind == host.KindDir && as == g.automatic() && !g.named[at.Real] {
		g.linksIn(at.Real, as)
	}
	if as == open {
		for _, l := range at.Links {
			g.report(l.Path)
		}
		return
	}
	g.pins = append(g.pins, at.Links...)
	guard := func() *Grant {
		return &Grant{
			Kind: GrantGuard, Real: at.Real, File: at.Kind, Written: lexical,
			rank: rank{layer: builtinLayer}, At: new(diag.Range),
		}
	}
	switch {
	case at.Kind != host.KindMissing:
		if g.concerned(at.Real) {
			g.grants = append(g.grants, guard())
		}
	case free && g.written(host.Parent(at.Real)):
		g.keepFree(at, *guard(), as, g.isProjects(at.Real))
	}
}

// concerned tells whether what the profile lets the program change lies in this path, or
// around it: a guard elsewhere says nothing, and most of @startup lies in homes that no
// profile lets a program change. With a root of its own a path has several places.
func (g *granter) concerned(real string) bool {
	return g.hasOwnRoot() || slices.ContainsFunc(g.changed, func(c string) bool { return host.Within(real, c) || host.Within(c, real) })
}

// isProjects tells whether a path belongs to the current directory as a project.
func (g *granter) isProjects(real string) bool {
	return g.h.Cwd != g.h.Home && g.h.Cwd != "" && host.Within(real, g.h.Cwd)
}

// home is a home directory with the directories of the XDG specification in it.
type home struct {
	g    *granter
	dirs map[string]string // by the name of the variable; nil: as the environment has them
	rule *policy.PathRule  // which the members of @startup stand in
}

// homes are the caller's home as the environment has it, and the account's own where that
// is another: programs that are started otherwise use that.
func (g *granter) homes() []home {
	if g.allHomes != nil {
		return g.allHomes
	}
	rule := &policy.PathRule{Access: policy.Read, Path: "@startup", Origin: policy.Origin{Layer: builtinLayer}}
	g.allHomes = []home{{g, nil, rule}}
	if own := g.h.AccountHome; own != "" {
		usual := host.UsualDirs(own)
		same := own == g.h.Home
		for name, dir := range usual {
			same = same && g.h.Dirs[name] == dir
		}
		if !same {
			usual["HOME"] = own
			g.allHomes = append(g.allHomes, home{g, usual, rule})
		}
	}
	return g.allHomes
}

// expand replaces the variables of a member of @startup.
func (h home) expand(text string) (string, bool) {
	if h.dirs == nil {
		return h.g.expand(text, h.rule)
	}
	pattern, err := paths.Expand(text, func(name string) (string, bool) {
		dir, ok := h.dirs[name]
		return dir, ok
	})
	return path.Clean(pattern), err == nil && strings.HasPrefix(pattern, "/")
}
