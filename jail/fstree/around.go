package fstree

import (
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/jail/host"
)

// guardAround protects the project that a grant lies in, where the grant does not name what
// it is about: a pattern such as */.git/hooks, and a directory of git's own with the
// settings and hooks of submodules in it.
func (g *granter) guardAround() {
	done := map[string]bool{g.h.Cwd: true}
	for _, gr := range slices.Clone(g.grants) {
		if gr.Kind != GrantWrite || !gr.rank.pattern && !strings.Contains(gr.Real, ".git/") {
			continue
		}
		for dir := host.Parent(gr.Real); dir != "/" && !done[dir]; dir = host.Parent(dir) {
			done[dir] = true
			if g.isGitDirectory(dir) || g.hasRepository(dir) {
				g.guardProject(dir, false)
			}
		}
	}
}

// hasRepository tells whether a directory is the top of a repository.
func (g *granter) hasRepository(dir string) bool {
	for _, name := range [...]string{".git", ".hg", ".jj"} {
		if g.resolver.Resolve(host.Join(dir, name)).Kind != host.KindMissing {
			return true
		}
	}
	return false
}

// searchPath protects the directories of PATH in the home where a grant of the whole home,
// or of more, would open them: shells find programs there. A grant of less is about them.
func (g *granter) searchPath() {
	home := g.resolver.Resolve(g.h.Home).Real
	for _, e := range g.h.Env {
		list, ok := strings.CutPrefix(e, "PATH=")
		if !ok || g.h.Home == "" {
			continue
		}
		for dir := range strings.SplitSeq(list, ":") {
			if !path.IsAbs(dir) {
				continue
			}
			dir = path.Clean(dir)
			real := g.resolver.Resolve(dir).Real
			if around := g.nearestWrite(real); around != "" && host.Within(real, home) && host.Within(home, around) {
				g.guardOne(dir, g.automatic(), true)
			}
		}
	}
}

// nearestWrite is the innermost directory granted for writing that a path lies in, "" for
// none.
func (g *granter) nearestWrite(real string) string {
	nearest := ""
	for _, w := range g.writes {
		if host.Within(real, w) && len(w) > len(nearest) {
			nearest = w
		}
	}
	return nearest
}

// linksIn protects the files that links in a protected directory lead to, such as
// .git/hooks/pre-commit -> ../../scripts/check. Directories that they lead to are not
// protected: ~/bin/src -> ~/src would take all of it from the program.
func (g *granter) linksIn(dir string, as class) {
	if g.listed[dir] || !g.written(dir) {
		return
	}
	g.listed[dir] = true
	if g.named[host.Join(host.Parent(dir), "config")] {
		as = open // as ofSettings says: git writes these scripts when it checks them out
	}
	var links []string
	for name, kind := range g.resolver.Names(dir).All() {
		if kind == host.KindLink {
			links = append(links, host.Join(dir, name))
		}
	}
	slices.Sort(links) // the same plan every time
	for _, link := range links {
		if at := g.resolver.Resolve(link); at.Kind == host.KindFile && !g.named[at.Real] {
			g.guardOne(link, as, false)
		}
	}
}
