package fstree

import (
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy/paths"
)

// repository protects what git obeys in the repository of a directory: in the directory
// itself when that is a git directory (a bare repository), in .git, or where .git leads
// (gitrepository-layout(5)).
func (g *granter) repository(dir string) {
	as := g.ofSettings(dir)
	if g.isGitDirectory(dir) {
		g.gitDirectory(dir, dir, g.automatic())
	}
	at := g.resolver.Resolve(host.Join(dir, ".git"))
	switch at.Kind {
	case host.KindDir:
		g.gitDirectory(at.Real, dir, g.automatic())
		g.submodules(dir, as)
	case host.KindFile:
		g.guardOne(host.Join(dir, ".git"), g.automatic(), false)
		g.gitDirectories(dir, as)
		g.submodules(dir, as)
	default:
	}
}

// ofSettings is what becomes of settings of the repository in a directory which are not
// .git/config itself, but those that a .git file leads to, and of the settings and .git
// files of submodules and linked work trees. Where the profile names .git/config, as that
// for git does, the program can have git run anything already, and git itself writes and
// removes those: git submodule update, git worktree remove.
func (g *granter) ofSettings(dir string) class {
	if g.named[host.Join(g.resolver.Resolve(host.Join(dir, ".git")).Real, "config")] {
		return open
	}
	return g.automatic()
}

// gitDirectories protects those that the file .git of a directory leads to: its own, and
// the one that it shares with other work trees.
func (g *granter) gitDirectories(dir string, as class) {
	gitDir, common := g.leads(dir)
	if gitDir == "" {
		return
	}
	g.gitDirectory(gitDir, dir, as)
	if common != gitDir {
		g.gitDirectory(common, dir, as)
		g.settings(dir, common, gitDir)
	}
}

// gitDirectory protects a git directory, what its settings name, and the git directories
// of submodules and linked work trees in it. Relative names in its settings begin at top.
func (g *granter) gitDirectory(gitDir, top string, as class) {
	if g.guarded[gitDir] {
		return
	}
	g.guarded[gitDir] = true
	g.guardGit(gitDir, as, true)
	g.settings(top, gitDir)
	modules := host.Join(gitDir, "modules")
	if g.named[host.Join(gitDir, "config")] {
		as = open
	}
	if g.written(gitDir) {
		g.reports = append(g.reports, reported{modules, g.hostPath(modules)})
	}
	if g.written(gitDir) || g.writesBelow(gitDir) {
		g.below(modules, maxNested, "", as)
	}
	g.below(host.Join(gitDir, "worktrees"), 1, gitDir, as)
}

// maxNested is how deep git directories of submodules are looked for: their names have
// slashes, and submodules have submodules.
const maxNested = 6

// below protects the git directories that are in a directory, and what their settings name.
// Git may make others there, for new submodules and work trees. Those of work trees share
// the settings of the git directory common, which is "" for submodules.
func (g *granter) below(dir string, depth int, common string, as class) {
	if g.resolver.Resolve(dir).Kind != host.KindDir || depth == 0 {
		return
	}
	for name, kind := range g.resolver.Names(dir).All() {
		inside := host.Join(dir, name)
		switch {
		case kind != host.KindDir, g.guarded[inside]:
		case g.resolver.Resolve(host.Join(inside, "HEAD")).Kind == host.KindFile:
			g.guarded[inside] = true
			g.guardGit(inside, as, true)
			top := g.workTree(inside, as)
			if common != "" {
				g.settings(top, common, inside)
			} else {
				g.settings(top, inside)
			}
			g.below(host.Join(inside, "modules"), depth-1, "", as)
			g.below(host.Join(inside, "worktrees"), 1, inside, as)
		default:
			g.below(inside, depth-1, common, as)
		}
	}
}

// workTree protects the .git of the submodule, or reports that of the linked work tree, to
// which a git directory belongs: git removes a work tree with its .git. It returns the
// directory of the submodule or work tree, "" for a git directory without one.
func (g *granter) workTree(gitDir string, as class) string {
	for _, s := range g.gitSettings(host.Join(gitDir, "config")) {
		if s.key == "core.worktree" {
			dir := absolute(gitDir, s.value)
			g.submodule(dir, as)
			return dir
		}
	}
	if file := strings.TrimSpace(g.h.Files.Text(host.Join(gitDir, "gitdir"))); path.IsAbs(file) {
		real := g.resolver.Resolve(file).Real
		g.report(real)
		return host.Parent(real)
	}
	return ""
}

// submodules protects those that .gitmodules lists.
func (g *granter) submodules(dir string, as class) {
	for _, s := range g.gitSettings(host.Join(dir, ".gitmodules")) {
		if strings.HasPrefix(s.key, "submodule.") && strings.HasSuffix(s.key, ".path") && s.value != "" {
			if at := absolute(dir, s.value); at != dir && host.Within(at, dir) {
				g.submodule(at, as)
			}
		}
	}
}

// submodule protects the .git of a submodule: git status in the repository around it runs
// git there. A missing one is made when the submodule is used, and reported.
func (g *granter) submodule(dir string, as class) {
	dotGit := host.Join(dir, ".git")
	switch at := g.resolver.Resolve(dotGit); at.Kind {
	case host.KindMissing:
		g.report(at.Real)
	case host.KindDir:
		g.gitDirectory(at.Real, dir, as)
	default:
		g.guardOne(dotGit, as, false)
		g.gitDirectories(dir, as)
	}
}

func (g *granter) report(real string) {
	if r := (reported{real, g.hostPath(real)}); g.written(host.Parent(real)) && !slices.Contains(g.reports, r) {
		g.reports = append(g.reports, r)
	}
}

// guardGit protects what git obeys in a git directory, as says how: hooks always.
func (g *granter) guardGit(gitDir string, as class, free bool) {
	for _, name := range paths.GitStartup() {
		how := as
		if name == "hooks" {
			how = g.automatic()
			if path.Base(host.Parent(gitDir)) == "worktrees" {
				continue // those of a work tree are in the git directory that it shares
			}
		}
		g.guardOne(host.Join(gitDir, name), how, free && name != "gitdir")
	}
}

func (g *granter) isGitDirectory(dir string) bool {
	return g.resolver.Resolve(host.Join(dir, "HEAD")).Kind == host.KindFile && g.resolver.Resolve(host.Join(dir, "objects")).Kind == host.KindDir &&
		g.resolver.Resolve(host.Join(dir, "refs")).Kind == host.KindDir
}

// leads returns the git directory of a directory whose .git is a file, and the one that
// it shares with other work trees, which is the same where there are none.
func (g *granter) leads(dir string) (gitDir, common string) {
	file := g.resolver.Resolve(host.Join(dir, ".git"))
	if file.Kind != host.KindFile {
		return "", ""
	}
	to, ok := strings.CutPrefix(strings.TrimSpace(g.h.Files.Text(file.Real)), "gitdir: ")
	if !ok {
		return "", ""
	}
	gitDir = g.resolver.Resolve(absolute(dir, to)).Real
	if shared := strings.TrimSpace(g.h.Files.Text(host.Join(gitDir, "commondir"))); shared != "" {
		return gitDir, g.resolver.Resolve(absolute(gitDir, shared)).Real
	}
	return gitDir, gitDir
}

// linked is leads, but only for a git directory that names this work tree: a .git file alone
// can be made by who made the files.
func (g *granter) linked(dir string) (gitDir, common string) {
	gitDir, common = g.leads(dir)
	switch {
	case gitDir == "":
	case common == gitDir:
		for _, s := range g.gitSettings(host.Join(gitDir, "config")) {
			if s.key == "core.worktree" && g.resolver.Resolve(absolute(gitDir, s.value)).Real == dir && g.isGitDirectory(gitDir) {
				return gitDir, gitDir
			}
		}
	default:
		back := strings.TrimSpace(g.h.Files.Text(host.Join(gitDir, "gitdir")))
		if host.Parent(gitDir) == host.Join(common, "worktrees") && g.isGitDirectory(common) &&
			g.resolver.Resolve(absolute(gitDir, back)).Real == g.resolver.Resolve(host.Join(dir, ".git")).Real {
			return gitDir, common
		}
	}
	return "", ""
}

// repositories grants, with a work tree, the repository that its .git leads to: with one
// and not the other git says that there is none.
func (g *granter) repositories() {
	for _, gr := range g.grants {
		if gr.File != host.KindDir || gr.Rule == nil || gr.Kind != GrantWrite && (gr.Kind != GrantRead || gr.Real != g.h.Cwd) {
			continue
		}
		_, common := g.linked(gr.Real)
		if common == "" {
			continue
		}
		g.grants = append(g.grants, &Grant{
			Kind: gr.Kind, Real: common, File: host.KindDir, Written: common, At: gr.At, Rule: gr.Rule,
			rank: rank{layer: builtinLayer},
		})
	}
}

func absolute(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}
