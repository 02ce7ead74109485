package filesystem

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// Y1, C3, C5, C6: what starts later cannot be made in a writable home, whether
// the directories that it lies in exist or not.
func TestY1AbsentStartupFiles(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	for _, name := range []string{"bare home", "home with directories"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testenv.NewWorld(t)
			w.Mkdir(filepath.Join(w.Home, ".mozilla/firefox/abc"))
			w.Mkdir(filepath.Join(w.Home, ".config/chromium/Default"))
			if name == "bare home" {
				// The ways make directories; each begins without them.
				for _, d := range []string{".local", ".config"} {
					if err := os.RemoveAll(filepath.Join(w.Home, d)); err != nil {
						t.Fatal(err)
					}
				}
				if made := makeFiles(w, w.Home, ways["write"], sinks[:], "run", "--profile", "default", "--home", "host", "--write", w.Home); len(made) > 0 {
					t.Errorf("in the jail, %q were made", made)
				}
				return
			}
			for _, d := range []string{".config", ".local/share", ".cargo", ".julia"} {
				w.Mkdir(filepath.Join(w.Home, d))
			}
			absentVariants(w, w.Home, sinks[:], "--home", "host", "--write", w.Home)
			browsers := []string{".mozilla/firefox/abc/user.js", ".config/chromium/Default/Extensions/x"}
			absentVariants(w, w.Home, browsers, "--home", "host", "--write", w.Home+"/.mozilla", "--write", w.Home+"/.config/chromium")
		})
	}
}

// C4: the same for a project, which is the current directory, or is granted
// by name: what git obeys by itself can't be made, what a tool obeys can, and is told.
func TestC4ProjectFiles(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	testenv.Need(t, "git")
	w := testenv.NewWorld(t)
	gitInit(w, w.Project)
	absentVariants(w, w.Project, projectSinks[:], "--write", w.Project)
	other := filepath.Join(w.Home, "other")
	gitInit(w, other)
	absentVariants(w, other, projectSinks[:], "--write", other)
	closed := filepath.Join(w.Root, "profiles", "closed.yaml")
	w.Write(closed, "extends: [default]\nfilesystem: {startup: block}\n")
	for name, how := range ways {
		if made := makeFiles(w, w.Project, how, toolSinks[:], "run", "--profile", closed, "--write", w.Project); len(made) > 0 {
			t.Errorf("%s made %q", name, made)
		}
	}
	for _, name := range toolSinks {
		outer := outermost(filepath.Join(w.Project, name))
		r := w.Succeeds("run", "--profile", "default", "--write", w.Project, "sh", "-c", `mkdir -p "$(dirname "$0")"; echo x >"$0"`, name)
		if !testenv.Exists(filepath.Join(w.Project, name)) || !strings.Contains(r.Stderr, `"`+name+`"`) {
			t.Errorf("%s was not made, or not told: %q", name, r.Stderr)
		}
		testenv.RemoveAll(outer)
	}
	if r := w.Succeeds("run", "--profile", "default", "--write", w.Project, "sh", "-c", "echo x >source.c; mkdir -p lib; rm -r lib source.c"); r.Stderr != "" {
		t.Errorf("nothing that others obey was made, and jail says %q", r.Stderr)
	}
	// A directory that is no repository can't become one whose hooks run.
	plain := w.Project
	if err := os.RemoveAll(filepath.Join(plain, ".git")); err != nil {
		t.Fatal(err)
	}
	if made := makeFiles(w, plain, ways["write"], []string{".git/config", "HEAD"}, "run", "--profile", "default", "--write", plain); len(made) > 0 {
		t.Errorf("%q were made", made)
	}
	if made := makeFiles(w, plain, ways["write"], []string{".git/config", "HEAD"}, "run", "--profile", filepath.Join(w.Root, "profiles", "open.yaml"), "--write", plain); len(made) != 2 {
		t.Errorf("with automatic: report, only %q were made", made)
	}
}

func gitInit(w *testenv.World, dir string) {
	w.T.Helper()
	w.Mkdir(dir)
	git(w, dir, "init", "-q")
	w.Write(filepath.Join(dir, "file"), "x\n")
	git(w, dir, "add", "file")
	git(w, dir, "commit", "-qm", "x")
	if err := os.RemoveAll(filepath.Join(dir, ".git/hooks")); err != nil {
		w.T.Fatal(err)
	}
}

func git(w *testenv.World, dir string, args ...string) {
	w.T.Helper()
	cmd := w.Command(append([]string{"git", "-C", dir, "-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always"}, args...)...)
	r := w.Finish(cmd)
	if r.Status != 0 {
		w.T.Fatalf("git %q: %s", args, r.Output())
	}
}

// A path that is hidden by name, or named under write, and does not exist.
func TestY1HiddenAndNamedPaths(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	profile := w.Profile("extends: [default]\nfilesystem:\n  write: [\"${CWD}\", \"${CWD}/.envrc\"]\n  hide: [\"${CWD}/later\", \"${CWD}/private/later\"]\n")
	before := w.Snap()
	whileJailed(w, "--profile", profile)()
	before.Unchanged(t)
	for name, how := range ways {
		if made := makeFiles(w, w.Project, how, []string{"later", "private/later"}, "run", "--profile", profile); len(made) > 0 {
			t.Errorf("%s made %q, which is hidden", name, made)
		}
	}
	if made := makeFiles(w, w.Project, ways["write"], []string{".envrc", "private/other"}, "run", "--profile", profile); len(made) != 2 {
		t.Errorf("only %q could be made of what is named, and what is near", made)
	}
}

// Y4: no ancestor of what is protected, there or not, can be moved away.
func TestY4Ancestors(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Home, ".config/autostart/a.desktop"), "x")
	w.Mkdir(filepath.Join(w.Project, ".git"))
	open := filepath.Join(w.Root, "profiles", "open.yaml")
	w.Write(open, "extends: [default]\nfilesystem: {startup: {automatic: report}}\n")
	w.Mkdir(filepath.Join(w.Home, ".cargo"))
	w.Variants("mv ~/.cargo ~/.moved && mv ~/.moved ~/.cargo", []string{"--home", "host", "--write", w.Home}, []string{"--profile", "default"}, []string{"--profile", open})
	w.Variants("mv .git moved && mv moved .git", []string{"--write", w.Project}, []string{"--profile", "default"}, []string{"--profile", open})
	before := w.Snap()
	for _, script := range []string{
		"mv ~/.config ~/x", `perl -e 'rename("$ENV{HOME}/.config/autostart", "$ENV{HOME}/x") or exit 1'`, "cd .. && mv project x", "rm -r .git", "rmdir .git",
	} {
		if r := w.Jail("run", "--profile", "default", "--home", "host", "--write", w.Home, "sh", "-c", script); r.Status == 0 {
			t.Errorf("%q worked", script)
		}
	}
	before.Unchanged(t)
}

// Y3: other names of what is hidden or protected: links, on the way and at the
// end, and the magic links of /proc.
func TestY3Aliases(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Home, "dot/ssh/key"), w.Canary)
	w.Write(filepath.Join(w.Home, "dot/bash_profile"), "x")
	for link, target := range map[string]string{".ssh2": "dot/ssh", ".bash_profile": "dot/bash_profile", ".zprofile": "dot/not-yet"} {
		if err := os.Symlink(target, filepath.Join(w.Home, link)); err != nil {
			t.Fatal(err)
		}
	}
	shown := []string{"--profile", "default", "--home", "host", "--write", w.Home}
	hide := []string{"--hide", filepath.Join(w.Home, ".ssh2")}
	for _, name := range []string{"~/.ssh2/key", "~/dot/ssh/key", "/proc/self/root" + w.Home + "/dot/ssh/key", "/proc/self/cwd/../dot/ssh/key", "~/dot/../dot/./ssh/key"} {
		w.Variants("grep -q canary "+name, shown, hide, nil)
	}
	before := w.Snap()
	for _, script := range []string{
		"echo x >>~/dot/bash_profile", "echo x >~/.bash_profile", "rm ~/.bash_profile", "mv ~/dot ~/dot2", "ln -sfT /tmp ~/.bash_profile", "ln -sfT /tmp ~/.zprofile",
		"echo x >~/dot/not-yet; exit 1", "echo x >~/.zprofile; exit 1", // taken away
	} {
		if r := w.Jail(append(append([]string{"run"}, shown...), "sh", "-c", script)...); r.Status == 0 {
			t.Errorf("%q worked", script)
		}
	}
	before.Unchanged(t)
}

// Y5: where .git is a file, the git directory is elsewhere and as protected.
func TestY5LinkedWorkTree(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	testenv.Need(t, "git")
	w := testenv.NewWorld(t)
	main := filepath.Join(w.Home, "main")
	gitInit(w, main)
	linked := filepath.Join(w.Home, "linked")
	git(w, main, "worktree", "add", "-q", linked)
	sub := filepath.Join(w.Home, "library")
	gitInit(w, sub)
	git(w, main, "submodule", "add", "-q", sub, "sub")
	w.Write(filepath.Join(main, ".git/hooks/x"), "x")
	names := []string{".git/hooks/pre-commit", ".git/config.worktree", ".git/commondir"}
	for _, c := range []struct {
		name, dir string
		grants    []string
		sinks     []string
		scripts   []string
	}{
		{"work tree", linked, []string{linked, main + "/.git"}, nil, []string{
			"echo 'gitdir: /tmp' >.git", "rm .git", "mv .git x", "echo x >>../main/.git/config", "echo x >../main/.git/hooks/x", "echo x >../main/.git/commondir; exit 1",
			"echo x >../main/.git/config.worktree; exit 1", "echo .. >../main/.git/worktrees/linked/commondir",
		}},
		{"all of the main one", linked, []string{linked, main}, names, []string{"echo x >>../main/.git/config", "mv ../main/.git ../main/x"}},
		{"submodule", filepath.Join(main, "sub"), []string{filepath.Join(main, "sub"), main + "/.git/modules/sub"}, nil, []string{
			"echo 'gitdir: /tmp' >.git", "rm .git", "echo x >>../.git/modules/sub/config", "mv ../.git/modules/sub/hooks ../.git/modules/sub/old",
			"echo x >../.git/modules/sub/config.worktree; exit 1", "echo x >../.git/modules/sub/commondir; exit 1",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := w.In(t)
			w.Project = c.dir
			args := []string{"run", "--profile", "default"}
			for _, g := range c.grants {
				args = append(args, "--write", g)
			}
			before := w.Snap()
			if r := w.Jail(append(args, "git", "--no-optional-locks", "status", "--porcelain")...); r.Status != 0 {
				t.Errorf("git status in the jail: %s", r.Output())
			}
			for _, script := range c.scripts {
				if r := w.Jail(append(args, "sh", "-c", script)...); r.Status == 0 {
					t.Errorf("%q worked", script)
				}
			}
			if made := makeFiles(w, main, ways["write"], c.sinks, args...); len(made) > 0 {
				t.Errorf("%q were made", made)
			}
			before.Unchanged(t)
			// Negative control: the files that git itself writes there can be written.
			w.Succeeds(append(args, "sh", "-c", `d=$(git rev-parse --git-common-dir) && echo x >$d/jail-was-here && rm $d/jail-was-here`)...)
		})
	}
}

// M10: a protected or hidden file gets no second name in a place that can be
// written.
func TestM10HardLinks(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Project, "hidden"), w.Canary)
	w.Write(filepath.Join(w.Project, ".envrc"), "x")
	rc := filepath.Join(w.Home, ".bashrc")
	common := []string{"--profile", "default", "--set", "filesystem.startup.tools=block", "--write", w.Project}
	for _, script := range []string{"ln .envrc other && rm other", "ln hidden other && rm other"} {
		w.Variants(script, []string{"--profile", "default", "--set", "filesystem.startup.tools=block"}, []string{"--write", w.Project, "--hide", w.Project + "/hidden"},
			[]string{"--write", w.Project, "--write", w.Project + "/.envrc"})
	}
	w.Variants("ln ~/.bashrc ~/other && rm ~/other", []string{"--profile", "default", "--home", "host", "--write", w.Home}, nil, []string{"--write", rc})
	before := w.Snap()
	for _, script := range []string{"ln -L /proc/self/fd/9 other 9<.envrc", "cp -l .envrc other", "ln /usr/bin/true other"} {
		if r := w.Jail(append(append([]string{"run"}, common...), "sh", "-c", script)...); r.Status == 0 {
			t.Errorf("%q worked", script)
		}
	}
	before.Unchanged(t)
}

// C1: nothing of jail's own can be made or changed, also where it does not
// exist yet, and the next jail is the same.
func TestC1OwnFiles(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, d := range []string{".config", ".cache", ".local"} {
		if err := os.RemoveAll(filepath.Join(w.Home, d)); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{
		".config/jail/profiles/make.yaml", ".config/jail/profiles/default.d/x.yaml", ".local/state/jail/homes/go/x", ".local/state/jail/quarantine/x",
		".cache/jail/launch/x", ".cache/jail/filters/x",
	}
	args := []string{"run", "--profile", "default", "--home", "host", "--write", w.Home}
	plan := func() string {
		text := w.Succeeds(append([]string{"plan"}, append(args[1:], "true")...)...).Stdout
		var lines []string
		for line := range strings.Lines(text) {
			if !strings.Contains(line, "machine-id") {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "")
	}
	w.Succeeds(append(args, "true")...)
	before := plan()
	for name, how := range ways {
		if made := makeFiles(w, w.Home, how, names, args...); len(made) > 0 {
			t.Errorf("%s made %q", name, made)
		}
	}
	for _, d := range []string{".config/jail", ".config", ".local/state/jail", ".local/state", ".local", ".cache/jail", ".cache"} {
		if r := w.Jail(append(args, "sh", "-c", "mv ~/"+d+" ~/moved")...); r.Status == 0 {
			t.Errorf("%s was moved away", d)
		}
	}
	if after := plan(); after != before {
		t.Error("the next jail has another plan")
	}
}
