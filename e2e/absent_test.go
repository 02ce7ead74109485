package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
