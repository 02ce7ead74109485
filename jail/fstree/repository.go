package fstree

import (
	"path"
	"strings"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy/paths"
)

// repository protects what git obeys in the repository of a directory: in the directory
// itself when that is a git directory (a bare repository), in .git, or where .git leads
// (gitrepository-layout(5)).
func (g *granter) repository(dir string, project bool) {
	if g.isGitDirectory(dir) {
		g.gitDirectory(dir, dir)
	} else {
		// Made by the program, it would make the directory a repository.
		g.guardOne(host.Join(dir, "HEAD"), g.automatic(), project)
	}
	at := g.resolver.Resolve(host.Join(dir, ".git"))
	switch at.Kind {
	case host.KindDir:
		g.gitDirectory(at.Real, dir)
	case host.KindFile:
		g.guardOne(host.Join(dir, ".git"), g.automatic(), false)
		if gitDir, common := g.linked(dir); gitDir != "" {
			g.gitDirectory(gitDir, dir)
			if common != gitDir {
				g.gitDirectory(common, dir)
			}
		}
	default:
	}
}

// gitDirectory protects a git directory, what its settings name, and the git directories
// of submodules and linked work trees in it. Relative names in its settings begin at top.
func (g *granter) gitDirectory(gitDir, top string) {
	g.guardGit(gitDir, true)
	g.settings(gitDir, top)
	if modules := host.Join(gitDir, "modules"); g.written(gitDir) {
		g.reports = append(g.reports, reported{modules, g.hostPath(modules)})
		g.below(modules, maxNested)
	}
	g.below(host.Join(gitDir, "worktrees"), 1)
}

// maxNested is how deep git directories of submodules are looked for: their names have
// slashes, and submodules have submodules.
const maxNested = 6

// below protects the git directories that are in a directory. Git may make others there,
// for new submodules and work trees.
func (g *granter) below(dir string, depth int) {
	if g.resolver.Resolve(dir).Kind != host.KindDir || depth == 0 {
		return
	}
	for name, kind := range g.resolver.Names(dir).All() {
		inside := host.Join(dir, name)
		switch {
		case kind != host.KindDir:
		case g.resolver.Resolve(host.Join(inside, "HEAD")).Kind == host.KindFile:
			g.guardGit(inside, true)
			g.below(host.Join(inside, "modules"), depth-1)
		default:
			g.below(inside, depth-1)
		}
	}
}

func (g *granter) guardGit(gitDir string, free bool) {
	for _, name := range paths.GitStartup() {
		g.guardOne(host.Join(gitDir, name), g.automatic(), free && name != "gitdir")
	}
}

func (g *granter) isGitDirectory(dir string) bool {
	return g.resolver.Resolve(host.Join(dir, "HEAD")).Kind == host.KindFile && g.resolver.Resolve(host.Join(dir, "objects")).Kind == host.KindDir &&
		g.resolver.Resolve(host.Join(dir, "refs")).Kind == host.KindDir
}

// settings protects files outside of a git directory which its settings name, and which git
// runs or obeys by itself.
func (g *granter) settings(gitDir, top string) {
	for _, file := range [...]string{"config", "config.worktree"} {
		for _, s := range gitSettings(g.h.Files.Text(host.Join(gitDir, file))) {
			at := ""
			switch {
			case s.key == "core.hookspath", s.key == "core.fsmonitor":
				at = absolute(top, g.homePath(s.value))
			case s.key == "include.path", strings.HasPrefix(s.key, "includeif.") && strings.HasSuffix(s.key, ".path"):
				at = absolute(gitDir, g.homePath(s.value))
			case strings.HasPrefix(s.key, "filter."):
				command, _, _ := strings.Cut(s.value, " ")
				if !strings.Contains(command, "/") {
					continue // found by PATH
				}
				at = absolute(top, g.homePath(command))
			default:
				continue
			}
			if s.value != "" && s.value != "true" && s.value != "false" && at != top {
				g.guardOne(at, g.automatic(), true)
			}
		}
	}
}

func (g *granter) homePath(name string) string {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		return host.Join(g.h.Home, rest)
	}
	return name
}

// linked returns the git directory of a work tree whose .git is a file, and the directory
// that it shares with others, the same for a submodule. They count only when the git
// directory names this work tree: a .git file alone can be made by who made the files.
func (g *granter) linked(dir string) (gitDir, common string) {
	file := g.resolver.Resolve(host.Join(dir, ".git"))
	if file.Kind != host.KindFile {
		return "", ""
	}
	to, ok := strings.CutPrefix(strings.TrimSpace(g.h.Files.Text(file.Real)), "gitdir: ")
	if !ok {
		return "", ""
	}
	gitDir = g.resolver.Resolve(absolute(dir, to)).Real
	shared := strings.TrimSpace(g.h.Files.Text(host.Join(gitDir, "commondir")))
	if shared == "" {
		for _, s := range gitSettings(g.h.Files.Text(host.Join(gitDir, "config"))) {
			if s.key == "core.worktree" && g.resolver.Resolve(absolute(gitDir, s.value)).Real == dir && g.isGitDirectory(gitDir) {
				return gitDir, gitDir
			}
		}
		return "", ""
	}
	common = g.resolver.Resolve(absolute(gitDir, shared)).Real
	back := strings.TrimSpace(g.h.Files.Text(host.Join(gitDir, "gitdir")))
	if host.Parent(gitDir) != host.Join(common, "worktrees") || !g.isGitDirectory(common) ||
		g.resolver.Resolve(absolute(gitDir, back)).Real != file.Real {
		return "", ""
	}
	return gitDir, common
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
