package fstree

import (
	"path"
	"strings"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy/paths"
)

// userSettings protects what the user's own git settings name. They count in every
// repository, and what they name can lie in any granted directory.
func (g *granter) userSettings() { g.settings("") }

// settings protects files outside of git directories which their settings and the user's
// name, and which git runs or obeys by itself. Relative names in them begin at top; with
// "" for it, they are about no directory.
func (g *granter) settings(top string, gitDirs ...string) {
	for _, dir := range gitDirs {
		g.obeyed(host.Join(dir, "config"), top, map[string]bool{})
		g.obeyed(host.Join(dir, "config.worktree"), top, map[string]bool{})
	}
	g.obeyed("/etc/gitconfig", top, map[string]bool{})
	for _, home := range g.homes() {
		for _, name := range [...]string{"~/.gitconfig", "${XDG_CONFIG_HOME}/git/config"} {
			if file, ok := home.expand(name); ok {
				g.obeyed(paths.Unescape(file), top, map[string]bool{})
			}
		}
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
			g.hooks(s.value, top)
		case s.key == "init.templatedir": // git init copies the hooks in it
			g.guardNamed(s.value, top, true)
		case s.isInclude():
			for _, more := range g.guardNamed(s.value, host.Parent(file), true) {
				g.obeyed(more, top, seen)
			}
		case s.isCommand():
			g.command(s.value, top)
		}
	}
}

// hooks protects a directory of hooks. When that is the work tree itself, or lies above it,
// what is protected are the names of hooks in it.
func (g *granter) hooks(name, top string) {
	for _, at := range g.guardNamed(name, top, true) {
		if top == "" || !host.Within(top, at) {
			continue
		}
		for hook := range strings.FieldsSeq(gitHooks) {
			g.guardOne(host.Join(at, hook), g.automatic(), true)
		}
	}
}

// gitHooks are the names of githooks(5) that git runs in a work tree, and of those that
// receive what is pushed.
const gitHooks = `applypatch-msg commit-msg fsmonitor-watchman post-applypatch post-checkout post-commit post-index-change
	post-merge post-receive post-rewrite post-update pre-applypatch pre-auto-gc pre-commit pre-merge-commit pre-push
	pre-rebase pre-receive prepare-commit-msg proc-receive push-to-checkout reference-transaction update`

// guardNamed protects what a setting names, if it is not the directory dir or one around
// it, where relative names begin. It returns the paths that it stands for.
func (g *granter) guardNamed(name, dir string, free bool) []string {
	all := g.pathsOf(name, dir)
	for _, at := range all {
		if dir == "" || !host.Within(dir, at) {
			g.guardSetting(at, free)
		}
	}
	return all
}

// guardSetting protects a path once: the user's settings are looked at for each work tree.
func (g *granter) guardSetting(at string, free bool) {
	if !g.guarded[at] {
		g.guarded[at] = true
		g.guardOne(at, g.automatic(), free)
	}
}

// command protects the files that a command names: the program, unless it is found by
// PATH, and scripts among its arguments.
func (g *granter) command(text, top string) {
	for i, word := range commandWords(text) {
		for _, at := range g.pathsOf(word, top) {
			switch {
			case top != "" && host.Within(top, at):
			case i == 0 && strings.Contains(word, "/"):
				g.guardSetting(at, true)
			case i > 0 && g.resolver.Resolve(at).Kind == host.KindFile:
				g.guardSetting(at, false)
			}
		}
	}
}

// pathsOf are the paths that a name in settings stands for: ~/x and ~USER/x in the home,
// which is HOME or the account's, and a relative name in dir.
func (g *granter) pathsOf(name, dir string) []string {
	if !strings.HasPrefix(name, "~") {
		if dir == "" && !path.IsAbs(name) {
			return nil
		}
		return []string{absolute(dir, name)}
	}
	user, rest, _ := strings.Cut(name[1:], "/")
	var all []string
	if user == "" && g.h.Home != "" {
		all = append(all, path.Join(g.h.Home, rest))
	}
	if own := g.h.AccountHome; own != "" && (user == g.h.User || user == "" && own != g.h.Home) {
		all = append(all, path.Join(own, rest))
	}
	return all
}
