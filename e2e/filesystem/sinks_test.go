package filesystem

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// sinks are files below a home that other programs execute or obey later, none
// of which exists when the jail starts. A group is tried with one way of making
// files each.
var sinks = [...]string{
	".bash_profile", ".bash_login", ".bash_aliases", ".zshenv", ".zshrc", ".config/fish/config.fish", ".config/autostart-scripts/x",
	".config/environment.d/x", ".local/share/systemd/user/x", ".config/firejail/x.local", ".local/share/applications/x",
	".local/share/dbus-1/services/x", ".gitconfig", ".config/git/config", ".vimrc", ".vim/plugin/x", ".config/nvim/init.lua",
	".inputrc", ".xprofile", ".xsession", ".pam_environment", ".cargo/config.toml", ".config/pip/pip.conf", ".config/user-dirs.dirs",
	".tmux.conf", ".gdbinit", ".pythonrc.py", ".local/lib/python3.11/site-packages/usercustomize.py", ".config/mimeapps.list",
	".config/kitty/kitty.conf", ".forward", ".procmailrc", ".Xresources", ".claude/settings.json", ".config/menus/x",
	".config/plasma-workspace/env/x", ".local/share/kservices5/x", ".local/share/nautilus/scripts/x", ".local/share/flatpak/overrides/x",
	".config/containers/x", ".profile", ".npmrc", ".config/autostart/x", ".config/systemd/user/x", "bin/x", ".local/bin/x", ".config/Code/x",
	".config/hypr/x", ".config/sway/x", ".profile.d/x", ".envrc", ".direnvrc", ".local/share/gnome-shell/extensions/x",
	".config/mpv/scripts/x", ".emacs.d/x", ".ideavimrc",
	".local/share/jupyter/x", ".ipython/profile_default/startup/x", ".Rprofile", ".julia/config/startup.jl", ".local/share/konsole/x",
	".screenrc", ".k5login", ".rhosts", ".config/xdg-desktop-portal/x", ".local/share/xsessions/x", ".codex/config.toml", ".mcp.json",
}

// projectSinks are the same below a project.
var projectSinks = [...]string{".git/hooks/pre-commit", ".git/config.worktree", ".git/commondir", "HEAD"}

// toolSinks are files in a project that a tool obeys when it is used there.
var toolSinks = [...]string{
	".envrc", ".vscode/tasks.json", ".idea/x", ".claude/settings.json", ".mcp.json", ".cursor/rules", ".codex/config.toml", ".cargo/config.toml",
	".husky/pre-commit", ".githooks/x", ".pre-commit-config.yaml", ".github/workflows/x.yml", ".gitlab-ci.yml", ".vimrc", ".exrc",
	".gdbinit", ".dir-locals.el", ".devcontainer/x", ".yarnrc.yml", ".pnpmfile.cjs", ".tool-versions", "mise.toml", "lefthook.yml",
	"opencode.json", ".direnv/x",
}

// ways to make a file $p in the directory $d. Each must make something that
// was not there.
var ways = map[string]string{
	"write":     `echo x >"$p"`,
	"append":    `echo x >>"$p"`,
	"mkdir":     `mkdir "$p"`,
	"symlink":   `ln -sT /etc/hostname "$p"`,
	"rename":    `echo x >"$d/.made" && mv -fT "$d/.made" "$p"`,
	"hard link": `echo x >"$d/.made" && ln -fT "$d/.made" "$p"`,
	"move in":   `mkdir "$d/.dir" && mv -fT "$d/.dir" "$p"`,
	"mknod":     `mkfifo "$p"`,
	"remove":    `{ rm -rf "$p"; rmdir "$p"; mv "$p" "$d/.old"; } 2>/dev/null; echo x >"$p"`,
}

// make tries to make all names below dir, each in one way, and returns those
// of them that the host has then. What was made is removed again.
func makeFiles(w *testenv.World, dir, how string, names []string, args ...string) []string {
	w.T.Helper()
	script := `for p; do d=$(dirname "$p"); mkdir -p "$d"; (` + how + `); rm -rf "$d/.made" "$d/.dir" "$d/.old"; done 2>/dev/null; true`
	argv := []string{"sh", "-c", script, "sh"}
	var missing []string
	for _, n := range names {
		argv = append(argv, filepath.Join(dir, n))
		missing = append(missing, outermost(filepath.Join(dir, n)))
	}
	if args == nil {
		w.Host(argv...)
	} else {
		w.Succeeds(append(args, argv...)...)
	}
	var made []string
	for _, n := range names {
		if testenv.Exists(filepath.Join(dir, n)) {
			made = append(made, n)
		}
	}
	for _, path := range missing {
		testenv.RemoveAll(path)
	}
	return made
}

// outermost returns the first component of a path that does not exist.
func outermost(path string) string {
	for !testenv.Exists(filepath.Dir(path)) {
		path = filepath.Dir(path)
	}
	return path
}

// absentVariants tries every way on the host, in the jail, and in a jail with
// automatic: report.
func absentVariants(w *testenv.World, dir string, names []string, args ...string) {
	w.T.Helper()
	open := filepath.Join(w.Root, "profiles", "open.yaml")
	w.Write(open, "extends: [default]\nfilesystem: {startup: {automatic: report}}\n")
	guarded := append([]string{"run", "--profile", "default"}, args...)
	unguarded := append([]string{"run", "--profile", open}, args...)
	for i, name := range slices.Sorted(maps.Keys(ways)) {
		how, some := ways[name], names
		if testing.Short() { // every way, and every name in a few ways
			some = nil
			for n := i % 3; n < len(names); n += 3 {
				some = append(some, names[n])
			}
		}
		if made := makeFiles(w, dir, how, some); len(made) != len(some) {
			w.T.Errorf("without jail, %s made only %q", name, made)
		}
		if made := makeFiles(w, dir, how, some, guarded...); len(made) > 0 {
			w.T.Errorf("in the jail, %s made %q", name, made)
		}
	}
	made := makeFiles(w, dir, ways["write"], names, unguarded...)
	if len(made) != len(names) {
		missing := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(made, n) })
		w.T.Errorf("with automatic: report, %q could not be made", missing)
	}
}
