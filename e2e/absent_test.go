package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
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
var projectSinks = [...]string{
	".git/hooks/pre-commit", ".git/config.worktree", ".git/commondir", ".git/modules/x/config", ".git/worktrees/x/gitdir", ".envrc",
	".vscode/tasks.json", ".idea/x", ".claude/settings.json", ".mcp.json", ".cursor/rules", ".codex/config.toml", ".cargo/config.toml",
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
func (w *world) make(dir, how string, names []string, args ...string) []string {
	w.t.Helper()
	script := `for p; do d=$(dirname "$p"); mkdir -p "$d"; (` + how + `); rm -rf "$d/.made" "$d/.dir" "$d/.old"; done 2>/dev/null; true`
	argv := []string{"sh", "-c", script, "sh"}
	var missing []string
	for _, n := range names {
		argv = append(argv, filepath.Join(dir, n))
		missing = append(missing, outermost(filepath.Join(dir, n)))
	}
	if args == nil {
		w.host(argv...)
	} else {
		w.succeeds(append(args, argv...)...)
	}
	var made []string
	for _, n := range names {
		if exists(filepath.Join(dir, n)) && !standsIn(filepath.Join(dir, n)) {
			made = append(made, n)
		}
	}
	for _, path := range missing {
		if !standsIn(path) {
			removeAll(path)
		}
	}
	return made
}

// outermost returns the first component of a path that does not exist.
func outermost(path string) string {
	for !exists(filepath.Dir(path)) {
		path = filepath.Dir(path)
	}
	return path
}

// standsIn tells whether another jail keeps the path absent.
func standsIn(path string) bool {
	info, err := os.Lstat(path)
	if err != nil {
		return false
	}
	target, _ := os.Readlink(path)
	return info.Mode() == os.ModeSocket || strings.HasPrefix(target, "/proc/")
}

// absentArms tries every way on the host, in the jail, and in one that is told
// to let it be.
func (w *world) absentArms(dir string, names []string, args ...string) {
	w.t.Helper()
	open := filepath.Join(w.root, "profiles", "open.yaml")
	w.write(open, "extends: [default]\nfilesystem: {absent: open}\n")
	guarded := append([]string{"run", "--profile", "default"}, args...)
	unguarded := append([]string{"run", "--profile", open}, args...)
	for name, how := range ways {
		if made := w.make(dir, how, names); len(made) != len(names) {
			w.t.Errorf("without jail, %s made only %q", name, made)
		}
		if made := w.make(dir, how, names, guarded...); len(made) > 0 {
			w.t.Errorf("in the jail, %s made %q", name, made)
		}
	}
	made := w.make(dir, ways["write"], names, unguarded...)
	if len(made) != len(names) {
		missing := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(made, n) })
		w.t.Errorf("with absent: open, %q could not be made", missing)
	}
}

// Y1, C3, C5, C6: what starts later cannot be made in a writable home, whether
// the directories that it lies in exist or not.
func TestY1AbsentStartupFiles(t *testing.T) {
	for _, name := range []string{"bare home", "home with directories"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.mkdir(filepath.Join(w.home, ".mozilla/firefox/abc"))
			w.mkdir(filepath.Join(w.home, ".config/chromium/Default"))
			if name == "bare home" {
				// The ways make directories; each begins without them.
				for _, d := range []string{".local", ".config"} {
					if err := os.RemoveAll(filepath.Join(w.home, d)); err != nil {
						t.Fatal(err)
					}
				}
				before := w.snap(w.home+"/.config/jail", w.home+"/.config", w.home+"/.local", w.home)
				if made := w.make(w.home, ways["write"], sinks[:], "run", "--profile", "default", "--home", "host", "--write", w.home); len(made) > 0 {
					t.Errorf("in the jail, %q were made", made)
				}
				before.unchanged(t)
				return
			}
			for _, d := range []string{".config", ".local/share", ".cargo", ".julia"} {
				w.mkdir(filepath.Join(w.home, d))
			}
			w.absentArms(w.home, sinks[:], "--home", "host", "--write", w.home)
			browsers := []string{".mozilla/firefox/abc/user.js", ".config/chromium/Default/Extensions/x"}
			w.absentArms(w.home, browsers, "--home", "host", "--write", w.home+"/.mozilla", "--write", w.home+"/.config/chromium")
		})
	}
}

// C4: the same for a project, which is the current directory, or is granted
// by name.
func TestC4ProjectFiles(t *testing.T) {
	need(t, "git")
	w := newWorld(t)
	w.gitInit(w.project)
	w.absentArms(w.project, projectSinks[:], "--write", w.project)
	other := filepath.Join(w.home, "other")
	w.gitInit(other)
	w.absentArms(other, projectSinks[:], "--write", other)
	// A directory that is no repository can't become one whose hooks run.
	plain := w.project
	if err := os.RemoveAll(filepath.Join(plain, ".git")); err != nil {
		t.Fatal(err)
	}
	w.arms("mkdir .git && rmdir .git", []string{"--write", plain}, []string{"--profile", "default"}, []string{"--profile", filepath.Join(w.root, "profiles", "open.yaml")})
}

func (w *world) gitInit(dir string) {
	w.t.Helper()
	w.mkdir(dir)
	w.git(dir, "init", "-q")
	w.write(filepath.Join(dir, "file"), "x\n")
	w.git(dir, "add", "file")
	w.git(dir, "commit", "-qm", "x")
	if err := os.RemoveAll(filepath.Join(dir, ".git/hooks")); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) git(dir string, args ...string) {
	w.t.Helper()
	cmd := w.command(append([]string{"git", "-C", dir, "-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always"}, args...)...)
	r := w.finish(cmd)
	if r.status != 0 {
		w.t.Fatalf("git %q: %s", args, r.output())
	}
}

// While a jail runs, programs outside find a repository as it is, and a shell
// its start-up files.
func TestAbsentIsQuietOutside(t *testing.T) {
	need(t, "git", "bash")
	w := newWorld(t)
	w.gitInit(w.project)
	w.write(filepath.Join(w.home, ".profile"), "echo profile-was-read\n")
	before := w.snap(w.project+"/.git", w.home+"/.config")
	const work = "git status --porcelain --untracked-files=all; git log --oneline | wc -l; git diff; git fsck; git worktree list | wc -l; git add -A; git status -s; bash -l -c true 2>&1"
	want := w.host("sh", "-c", work).output()
	stop := w.whileJailed("--profile", "default", "--home", "host", "--write", w.home, "--write", w.project)
	if !exists(filepath.Join(w.home, ".bash_profile")) || !exists(filepath.Join(w.project, ".envrc")) {
		t.Error("no stand-ins on the host: this shows nothing")
	}
	if got := w.host("sh", "-c", work).output(); got != want || !strings.Contains(got, "profile-was-read") {
		t.Errorf("while a jail runs:\n%s\nwithout:\n%s", got, want)
	}
	inside := w.succeeds("run", "--profile", "default", "--write", w.project, "sh", "-c", "git status --porcelain --untracked-files=all; git add -A; git status -s")
	if inside.output() != "" {
		t.Errorf("git in the jail says %q", inside.output())
	}
	stop()
	before.unchanged(t)
}

// whileJailed starts a jail and returns when its program runs; the function
// that it returns ends it.
func (w *world) whileJailed(args ...string) func() {
	w.t.Helper()
	stop := w.background(args...)
	return func() { stop(os.Interrupt) }
}

// background starts a jail whose program waits, and returns what sends a
// signal to the launcher and waits for its end.
func (w *world) background(args ...string) func(os.Signal) {
	w.t.Helper()
	cmd := w.command(append(append([]string{jailBin, "run"}, args...), "sh", "-c", "echo ready; exec sleep 60")...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	var buf [8]byte
	if n, err := out.Read(buf[:]); n == 0 {
		w.t.Fatalf("the jail did not begin: %v\n%s", err, stderr.String())
	}
	return func(s os.Signal) {
		w.t.Helper()
		if err := cmd.Process.Signal(s); err != nil {
			w.t.Fatal(err)
		}
		_ = cmd.Wait()
	}
}

// Two jails that need the same: what stands in stays until the second ends,
// and protects it.
func TestAbsentIsShared(t *testing.T) {
	w := newWorld(t)
	before := w.snap()
	args := []string{"--profile", "default", "--write", w.project}
	first, second := w.background(args...), w.background(args...)
	first(syscall.SIGTERM)
	if !exists(filepath.Join(w.project, ".envrc")) {
		t.Error("the first jail took away what the second needs")
	}
	if made := w.make(w.project, ways["remove"], []string{".envrc", ".vscode/x"}, append([]string{"run"}, args...)...); len(made) > 0 {
		t.Errorf("beside another jail, %q were made", made)
	}
	second(syscall.SIGTERM)
	before.unchanged(t)
}

// What a killed launcher leaves is removed by the next one, wherever it runs;
// what somebody has changed is not.
func TestAbsentIsSwept(t *testing.T) {
	w := newWorld(t)
	before := w.snap()
	kill := func() {
		t.Helper()
		w.background("--profile", "default", "--write", w.project)(syscall.SIGKILL)
		if !exists(filepath.Join(w.project, ".envrc")) {
			t.Fatal("the killed launcher left nothing: this shows nothing")
		}
	}
	kill()
	w.succeeds("run", "--profile", "default", "true")
	before.unchanged(t)
	kill()
	w.succeeds("doctor")
	before.unchanged(t)
	kill()
	w.succeeds("run", "--profile", "default", "--write", w.project, "true")
	before.unchanged(t)
	kill()
	if err := os.Remove(filepath.Join(w.project, ".envrc")); err != nil {
		t.Fatal(err)
	}
	w.write(filepath.Join(w.project, ".envrc"), "mine")
	w.succeeds("run", "--profile", "default", "true")
	if got := w.read(filepath.Join(w.project, ".envrc")); got != "mine" || exists(filepath.Join(w.project, ".vscode")) {
		t.Errorf("after sweeping .envrc holds %q", got)
	}
}

// A path that is hidden by name, or named under write, and does not exist.
func TestY1HiddenAndNamedPaths(t *testing.T) {
	w := newWorld(t)
	secret := filepath.Join(w.project, "private/later")
	profile := w.profile("extends: [default]\nfilesystem:\n  write: [\"${CWD}\", \"${CWD}/.envrc\"]\n  hide: [\"${CWD}/later\", \"${CWD}/private/later\"]\n")
	before := w.snap()
	stop := w.whileJailed("--profile", profile)
	if exists(secret) {
		t.Log("stands in for", secret)
	}
	stop()
	before.unchanged(t)
	for name, how := range ways {
		if made := w.make(w.project, how, []string{"later", "private/later"}, "run", "--profile", profile); len(made) > 0 {
			t.Errorf("%s made %q, which is hidden", name, made)
		}
	}
	if made := w.make(w.project, ways["write"], []string{".envrc", "private/other"}, "run", "--profile", profile); len(made) != 2 {
		t.Errorf("only %q could be made of what is named, and what is near", made)
	}
}

// Y4: no ancestor of what is protected, there or not, can be moved away.
func TestY4Ancestors(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.home, ".config/autostart/a.desktop"), "x")
	w.mkdir(filepath.Join(w.project, ".git"))
	open := filepath.Join(w.root, "profiles", "open.yaml")
	w.write(open, "extends: [default]\nfilesystem: {absent: open}\n")
	w.mkdir(filepath.Join(w.home, ".cargo"))
	w.arms("mv ~/.cargo ~/.moved && mv ~/.moved ~/.cargo", []string{"--home", "host", "--write", w.home}, []string{"--profile", "default"}, []string{"--profile", open})
	w.arms("mv .git moved && mv moved .git", []string{"--write", w.project}, []string{"--profile", "default"}, []string{"--profile", open})
	before := w.snap()
	for _, script := range []string{
		"mv ~/.config ~/x", `perl -e 'rename("$ENV{HOME}/.config/autostart", "$ENV{HOME}/x") or exit 1'`, "cd .. && mv project x", "rm -r .git", "rmdir .git",
	} {
		if r := w.jail("run", "--profile", "default", "--home", "host", "--write", w.home, "sh", "-c", script); r.status == 0 {
			t.Errorf("%q worked", script)
		}
	}
	before.unchanged(t)
}

// Y3: other names of what is hidden or protected: links, on the way and at the
// end, and the magic links of /proc.
func TestY3Aliases(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.home, "dot/ssh/key"), w.canary)
	w.write(filepath.Join(w.home, "dot/bash_profile"), "x")
	for link, target := range map[string]string{".ssh2": "dot/ssh", ".bash_profile": "dot/bash_profile", ".zprofile": "dot/not-yet"} {
		if err := os.Symlink(target, filepath.Join(w.home, link)); err != nil {
			t.Fatal(err)
		}
	}
	shown := []string{"--profile", "default", "--home", "host", "--write", w.home}
	hide := []string{"--hide", filepath.Join(w.home, ".ssh2")}
	for _, name := range []string{"~/.ssh2/key", "~/dot/ssh/key", "/proc/self/root" + w.home + "/dot/ssh/key", "/proc/self/cwd/../dot/ssh/key", "~/dot/../dot/./ssh/key"} {
		w.arms("grep -q canary "+name, shown, hide, nil)
	}
	before := w.snap()
	for _, script := range []string{
		"echo x >>~/dot/bash_profile", "echo x >~/.bash_profile", "rm ~/.bash_profile", "mv ~/dot ~/dot2", "echo x >~/dot/not-yet", "echo x >~/.zprofile",
		"ln -sfT /tmp ~/.bash_profile",
	} {
		if r := w.jail(append(append([]string{"run"}, shown...), "sh", "-c", script)...); r.status == 0 {
			t.Errorf("%q worked", script)
		}
	}
	before.unchanged(t)
}

// Y5: where .git is a file, the git directory is elsewhere and as protected.
func TestY5LinkedWorkTree(t *testing.T) {
	need(t, "git")
	w := newWorld(t)
	main := filepath.Join(w.home, "main")
	w.gitInit(main)
	linked := filepath.Join(w.home, "linked")
	w.git(main, "worktree", "add", "-q", linked)
	sub := filepath.Join(w.home, "library")
	w.gitInit(sub)
	w.git(main, "submodule", "add", "-q", sub, "sub")
	w.write(filepath.Join(main, ".git/hooks/x"), "x")
	names := []string{".git/hooks/pre-commit", ".git/config.worktree", ".git/commondir"}
	for _, c := range []struct {
		name, dir string
		grants    []string
		sinks     []string
		scripts   []string
	}{
		{"work tree", linked, []string{linked, main + "/.git"}, nil, []string{
			"echo 'gitdir: /tmp' >.git", "rm .git", "mv .git x", "echo x >>../main/.git/config", "echo x >../main/.git/hooks/x", "echo x >../main/.git/commondir",
			"echo x >../main/.git/config.worktree", "echo .. >../main/.git/worktrees/linked/commondir",
		}},
		{"all of the main one", linked, []string{linked, main}, names, []string{"echo x >>../main/.git/config", "mv ../main/.git ../main/x"}},
		{"submodule", filepath.Join(main, "sub"), []string{filepath.Join(main, "sub"), main + "/.git/modules/sub"}, nil, []string{
			"echo 'gitdir: /tmp' >.git", "rm .git", "echo x >>../.git/modules/sub/config", "mv ../.git/modules/sub/hooks ../.git/modules/sub/old",
			"echo x >../.git/modules/sub/config.worktree", "echo x >../.git/modules/sub/commondir",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.project = c.dir
			args := []string{"run", "--profile", "default"}
			for _, g := range c.grants {
				args = append(args, "--write", g)
			}
			before := w.snap()
			if r := w.jail(append(args, "git", "--no-optional-locks", "status", "--porcelain")...); r.status != 0 {
				t.Errorf("git status in the jail: %s", r.output())
			}
			for _, script := range c.scripts {
				if r := w.jail(append(args, "sh", "-c", script)...); r.status == 0 {
					t.Errorf("%q worked", script)
				}
			}
			if made := w.make(main, ways["write"], c.sinks, args...); len(made) > 0 {
				t.Errorf("%q were made", made)
			}
			before.unchanged(t)
			// Teeth: what git itself writes there can be written.
			w.succeeds(append(args, "sh", "-c", `d=$(git rev-parse --git-common-dir) && echo x >$d/jail-was-here && rm $d/jail-was-here`)...)
		})
	}
}

// M10: a protected or hidden file gets no second name in a place that can be
// written.
func TestM10HardLinks(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.project, "hidden"), w.canary)
	w.write(filepath.Join(w.project, ".envrc"), "x")
	rc := filepath.Join(w.home, ".bashrc")
	common := []string{"--profile", "default", "--write", w.project}
	for _, script := range []string{"ln .envrc other && rm other", "ln hidden other && rm other"} {
		w.arms(script, []string{"--profile", "default"}, []string{"--write", w.project, "--hide", w.project + "/hidden"},
			[]string{"--write", w.project, "--write", w.project + "/.envrc"})
	}
	w.arms("ln ~/.bashrc ~/other && rm ~/other", []string{"--profile", "default", "--home", "host", "--write", w.home}, nil, []string{"--write", rc})
	before := w.snap()
	for _, script := range []string{"ln -L /proc/self/fd/9 other 9<.envrc", "cp -l .envrc other", "ln /usr/bin/true other"} {
		if r := w.jail(append(append([]string{"run"}, common...), "sh", "-c", script)...); r.status == 0 {
			t.Errorf("%q worked", script)
		}
	}
	before.unchanged(t)
}

// C1: nothing of jail's own can be made or changed, also where it does not
// exist yet, and the next jail is the same.
func TestC1OwnFiles(t *testing.T) {
	w := newWorld(t)
	for _, d := range []string{".config", ".cache", ".local"} {
		if err := os.RemoveAll(filepath.Join(w.home, d)); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{
		".config/jail/profiles/make.yaml", ".config/jail/profiles/default.d/x.yaml", ".local/state/jail/homes/go/x", ".local/state/jail/standins/x",
		".cache/jail/launch/x", ".cache/jail/filters/x",
	}
	args := []string{"run", "--profile", "default", "--home", "host", "--write", w.home}
	plan := func() string {
		text := w.succeeds(append([]string{"plan"}, append(args[1:], "true")...)...).stdout
		var lines []string
		for line := range strings.Lines(text) {
			if !strings.Contains(line, "machine-id") {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "")
	}
	w.succeeds(append(args, "true")...)
	before := plan()
	for name, how := range ways {
		if made := w.make(w.home, how, names, args...); len(made) > 0 {
			t.Errorf("%s made %q", name, made)
		}
	}
	for _, d := range []string{".config/jail", ".config", ".local/state/jail", ".local/state", ".local", ".cache/jail", ".cache"} {
		if r := w.jail(append(args, "sh", "-c", "mv ~/"+d+" ~/moved")...); r.status == 0 {
			t.Errorf("%s was moved away", d)
		}
	}
	if after := plan(); after != before {
		t.Error("the next jail has another plan")
	}
}
