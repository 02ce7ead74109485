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
	if g.isGitDirectory(dir) {
		g.gitDirectory(dir, dir)
	}
	at := g.resolver.Resolve(host.Join(dir, ".git"))
	switch at.Kind {
	case host.KindDir:
		g.gitDirectory(at.Real, dir)
		g.submodules(dir)
	case host.KindFile:
		g.guardOne(host.Join(dir, ".git"), g.automatic(), false)
		g.submodules(dir)
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
			g.workTree(inside)
			g.below(host.Join(inside, "modules"), depth-1)
		default:
			g.below(inside, depth-1)
		}
	}
}

// workTree protects the .git of the submodule, or reports that of the linked work tree, to
// which a git directory belongs: git removes a work tree with its .git.
func (g *granter) workTree(gitDir string) {
	for _, s := range g.gitSettings(host.Join(gitDir, "config")) {
		if s.key == "core.worktree" {
			g.submodule(absolute(gitDir, s.value))
			return
		}
	}
	if file := strings.TrimSpace(g.h.Files.Text(host.Join(gitDir, "gitdir"))); path.IsAbs(file) {
		g.report(g.resolver.Resolve(file).Real)
	}
}

// submodules protects those that .gitmodules lists.
func (g *granter) submodules(dir string) {
	for _, s := range g.gitSettings(host.Join(dir, ".gitmodules")) {
		if strings.HasPrefix(s.key, "submodule.") && strings.HasSuffix(s.key, ".path") && s.value != "" {
			if at := absolute(dir, s.value); at != dir && host.Within(at, dir) {
				g.submodule(at)
			}
		}
	}
}

// submodule protects the .git of a submodule: git status in the repository around it runs
// git there. A missing one is made when the submodule is used, and reported.
func (g *granter) submodule(dir string) {
	dotGit := host.Join(dir, ".git")
	switch at := g.resolver.Resolve(dotGit); at.Kind {
	case host.KindMissing:
		g.report(at.Real)
	case host.KindDir:
		g.gitDirectory(at.Real, dir)
	default:
		g.guardOne(dotGit, g.automatic(), false)
	}
}

func (g *granter) report(real string) {
	if r := (reported{real, g.hostPath(real)}); g.written(host.Parent(real)) && !slices.Contains(g.reports, r) {
		g.reports = append(g.reports, r)
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
// runs or obeys by itself. Relative names begin at top.
func (g *granter) settings(gitDir, top string) {
	files := []string{host.Join(gitDir, "config"), host.Join(gitDir, "config.worktree"), "/etc/gitconfig"}
	for _, home := range g.homes() {
		for _, name := range [...]string{"~/.gitconfig", "${XDG_CONFIG_HOME}/git/config"} {
			if file, ok := home.expand(name); ok {
				files = append(files, paths.Unescape(file))
			}
		}
	}
	for _, file := range files {
		g.obeyed(file, top, map[string]bool{})
	}
}

// gitSettings reads a file of settings once: each repository and work tree has those of the
// user too.
func (g *granter) gitSettings(file string) []setting {
	found, known := g.gitFiles[file]
	if !known {
		found = gitSettings(g.h.Files.Text(file))
		g.gitFiles[file] = found
	}
	return found
}

// mostIncluded is how many files one file of settings may include; git has a limit too.
const mostIncluded = 30

// obeyed protects what a file of settings names, and those that it includes.
func (g *granter) obeyed(file, top string, seen map[string]bool) {
	if seen[file] || len(seen) > mostIncluded {
		return
	}
	seen[file] = true
	for _, s := range g.gitSettings(file) {
		switch {
		case s.value == "", s.value == "true", s.value == "false":
		case s.key == "core.hookspath":
			g.guardNamed(absolute(top, g.homePath(s.value)), top, true)
		case s.isInclude():
			more := absolute(host.Parent(file), g.homePath(s.value))
			g.guardNamed(more, top, true)
			g.obeyed(more, top, seen)
		case s.isCommand():
			g.command(s.value, top)
		}
	}
}

func (g *granter) guardNamed(at, top string, free bool) {
	if !host.Within(top, at) {
		g.guardOne(at, g.automatic(), free)
	}
}

// command protects the files that a command names: the program, unless it is found by
// PATH, and scripts among its arguments.
func (g *granter) command(text, top string) {
	for i, word := range commandWords(text) {
		at := absolute(top, g.homePath(word))
		switch {
		case i == 0 && strings.Contains(word, "/"):
			g.guardNamed(at, top, true)
		case i > 0 && g.resolver.Resolve(at).Kind == host.KindFile:
			g.guardNamed(at, top, false)
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
		for _, s := range g.gitSettings(host.Join(gitDir, "config")) {
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
