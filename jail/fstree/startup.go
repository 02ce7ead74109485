package fstree

import (
	"path"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

// guards protects @startup in every writable directory, and blocks the creation of files
// there that are hidden by name.
func (g *granter) guards() {
	for _, gr := range g.grants {
		if gr.Kind == GrantWrite && gr.File == host.KindDir {
			g.writes = append(g.writes, gr.Real)
		}
	}
	if len(g.writes) == 0 {
		return
	}
	rule := &policy.PathRule{Access: policy.Read, Path: "@startup", Origin: policy.Origin{Layer: builtinLayer}}
	for _, t := range paths.Group("@startup") {
		if pattern, ok := g.expand(t, rule); ok {
			g.guard(pattern, strings.HasPrefix(t, "${CWD}/"))
		}
	}
	g.gitFiles(g.h.Cwd)
	for _, dir := range g.writes {
		if dir != g.h.Cwd { // @startup itself has these names for the current directory
			g.guardProject(dir)
		}
		g.gitFiles(dir)
	}
	for _, gr := range g.hides {
		if at := g.resolver.Resolve(gr.Real); at.Kind == host.KindMissing && g.blockCreation(at.Real, *gr, false) {
			g.pins = append(g.pins, at.Links...)
		}
	}
}

// guardProject protects the files of @startup that a directory has. In a project, it also
// blocks the creation of those that it lacks; elsewhere, as in Downloads, that would be
// useless, since the program could make them in a directory below.
func (g *granter) guardProject(dir string) {
	project := false
	for _, name := range [...]string{".git", ".hg", ".jj"} {
		project = project || g.resolver.Resolve(host.Join(dir, name)).Kind != host.KindMissing
	}
	for _, name := range paths.ProjectStartup() {
		g.guardOne(host.Join(dir, name), project, project)
	}
}

// guard protects the files that match a pattern, or blocks their creation.
func (g *granter) guard(pattern string, project bool) {
	if !paths.IsGlob(pattern) {
		g.guardOne(paths.Unescape(pattern), project, true)
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
		g.guardOne(found+rest, project, rest != "")
	}
}

// guardOne protects a path, if it comes to lie in a writable directory; see
// Setting.Apply. Of a path that does not exist it blocks the creation, if block
// says so.
func (g *granter) guardOne(lexical string, project, block bool) {
	at := g.resolver.Resolve(lexical)
	gr := Grant{
		Kind: GrantGuard, Real: at.Real, File: at.Kind, Written: lexical,
		rank: rank{layer: builtinLayer}, At: new(diag.Range),
	}
	if at.Kind == host.KindFile && g.h.Files.Kind(at.Real) == host.KindMissing {
		at.Kind = host.KindMissing // a placeholder that looks like a file in a listing
	}
	if at.Kind != host.KindMissing {
		g.grants = append(g.grants, &gr)
		g.pins = append(g.pins, at.Links...)
	} else if block && g.blockCreation(at.Real, gr, project && g.h.Cwd != g.h.Home) {
		g.pins = append(g.pins, at.Links...)
	}
}

// gitFiles protects the git directory of a work tree where that is not the
// directory .git in it, as in a linked work tree and a submodule
// (gitrepository-layout(5)): .git is a file then and says where. A writable
// directory can also be a git directory itself.
func (g *granter) gitFiles(dir string) {
	if dir == "" {
		return
	}
	if g.isGitDirectory(dir) {
		g.guardGit(dir)
	}
	at := g.resolver.Resolve(host.Join(dir, ".git"))
	if at.Kind != host.KindFile {
		return
	}
	g.guardOne(host.Join(dir, ".git"), true, false)
	to, ok := strings.CutPrefix(strings.TrimSpace(g.h.Files.Text(at.Real)), "gitdir: ")
	if !ok {
		return
	}
	gitDir := absolute(host.Parent(at.Real), to)
	g.guardGit(gitDir)
	if common := strings.TrimSpace(g.h.Files.Text(host.Join(gitDir, "commondir"))); common != "" {
		g.guardGit(absolute(gitDir, common))
	}
}

func (g *granter) guardGit(gitDir string) {
	for _, name := range paths.GitStartup() {
		g.guardOne(host.Join(gitDir, name), false, true)
	}
}

func (g *granter) isGitDirectory(dir string) bool {
	return g.resolver.Resolve(host.Join(dir, "HEAD")).Kind == host.KindFile && g.resolver.Resolve(host.Join(dir, "objects")).Kind == host.KindDir &&
		g.resolver.Resolve(host.Join(dir, "refs")).Kind == host.KindDir
}

func absolute(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}
