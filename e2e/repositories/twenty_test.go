package repositories

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// upstream makes ./up with two commits, of files which other programs run or obey as well.
const upstream = `git init -q up
cd up
mkdir -p dir/deep .vscode .github/workflows .claude .husky
echo one >file; echo a >dir/a; echo deep >dir/deep/file; seq 1 2000 >large
echo '{}' >.vscode/settings.json; echo 'on: push' >.github/workflows/ci.yml; echo '# x' >.envrc; echo '{}' >.claude/settings.json
printf '#!/bin/sh\ntrue\n' >.husky/pre-commit; chmod +x .husky/pre-commit
git add -A; git commit -qm one; git tag v1; git tag -a -m annotated v1.0
echo two >file; git rm -q dir/a; echo '{"a": 1}' >.vscode/settings.json
git add -A; git commit -qm two
git branch side v1
cd ..
`

// next is what happens upstream later.
const next = `cd up
echo three >file; mkdir -p new .github/actions/x .idea .zed; echo new >new/file
echo '{"a": 2}' >.vscode/settings.json; echo '{}' >.vscode/tasks.json; echo '# y' >.envrc; echo x >.github/workflows/new.yml
echo x >.github/actions/x/action.yml; echo '[tools]' >mise.toml; echo '{}' >.claude/new.json; echo x >.idea/x; echo x >.zed/x; echo x >lefthook.yml
chmod +x file; ln -s file link; git rm -q .husky/pre-commit
git add -A; git commit -qm three
cd ..
`

// kept is a repository as people have them.
type kept struct {
	name  string
	make  string   // makes ./r, with ./up to pull from
	flags []string // of jails other than git's, beside those for the current directory
	git   []string // of git's
	only  []string // which operations mean something; all when empty
	not   string   // one that differs: a file that is protected can't be removed
}

var twenty = []kept{
	{name: "plain", make: upstream + "git clone -q up r"},
	{name: "submodules", make: `for x in lib inner; do git init -q $x; echo $x >$x/$x; git -C $x add -A; git -C $x commit -qm $x; done
git -C lib submodule --quiet add "$PWD/inner" inner; git -C lib commit -qm inner
` + upstream + `git -C up submodule --quiet add "$PWD/lib" sub/lib; git -C up commit -qm sub
git clone -q --recurse-submodules up r`, not: "clean"},
	{name: "linked work tree", make: upstream + "git clone -q up main; git -C main worktree add -q ../r -b linked origin/main; git -C main branch -q --set-upstream-to=origin/main linked"},
	{name: "filters", make: upstream + `git clone -q up r
git -C r config filter.up.clean 'tr a-z A-Z'; git -C r config filter.up.smudge 'tr A-Z a-z'; git -C r config filter.up.required true
echo '*.bin filter=up' >>r/.git/info/attributes; echo text >r/x.bin; git -C r add x.bin; git -C r commit -qm bin`},
	{name: "husky", make: upstream + `git clone -q up r; mkdir -p r/.husky/_; echo '*' >r/.husky/_/.gitignore
for h in pre-commit post-checkout post-merge; do printf '#!/bin/sh\necho %s >>ran\n' $h >r/.husky/_/$h; chmod +x r/.husky/_/$h; done
echo ran >>r/.git/info/exclude; git -C r config core.hooksPath .husky/_`},
	{name: "pre-commit", make: upstream + `git clone -q up r
for h in pre-commit commit-msg post-checkout post-rewrite; do printf '#!/bin/sh\necho %s >>ran\n' $h >r/.git/hooks/$h; chmod +x r/.git/hooks/$h; done
echo ran >>r/.git/info/exclude; echo 'repos: []' >r/.pre-commit-config.yaml; git -C r add -A; git -C r commit -qm pre-commit`},
	{name: "hooks as links", make: upstream + "git clone -q up r; ln -s ../../.husky/pre-commit r/.git/hooks/pre-commit"},
	{name: "monorepo", make: strings.Replace(upstream, "git add -A; git commit -qm one;", "for i in $(seq 120); do mkdir -p packages/p$i/src; echo $i >packages/p$i/src/x; echo '{}' >packages/p$i/package.json; done; git add -A; git commit -qm one;", 1) + "git clone -q up r"},
	{name: "bare", make: upstream + "git clone -q --bare up r; git -C r remote add up ../up", only: []string{"log", "gc", "archive", "tar", "cp", "find", "du"}},
	{name: ".git as a file", make: upstream + "git clone -q --separate-git-dir=sep up r", flags: []string{"--read", "../sep"}, git: []string{"--write", "../sep", "--write", "../sep/config"}},
	{name: ".git as a link", make: upstream + "git clone -q up r; mv r/.git sep; ln -s ../sep r/.git", flags: []string{"--read", "../sep"}},
	{name: "shallow", make: upstream + `git clone -q --depth 1 "file://$PWD/up" r`, only: []string{"log", "pull", "stash", "gc", "archive", "tar", "cp", "find", "du", "worktree"}},
	{name: "sparse", make: upstream + "git clone -q up r; git -C r sparse-checkout set --cone dir"},
	{name: "empty", make: "git init -q up; git clone -q up r 2>/dev/null", only: []string{"log", "gc", "tar", "cp", "find", "du"}},
	{name: "detached", make: upstream + "git clone -q up r; git -C r checkout -q v1.0", only: []string{"log", "checkout", "stash", "gc", "archive", "tar", "cp", "find", "du", "worktree"}},
	{name: "names", make: strings.Replace(upstream, "git add -A; git commit -qm one;", "echo x >'a b'; echo x >\"$(printf 'new\\nline')\"; mkdir 'd é'; echo x >'d é/日本'; echo x >'-dash'; echo x >'*'; git add -A; git commit -qm one;", 1) + "git clone -q up r"},
	{name: "links", make: strings.Replace(upstream, "git add -A; git commit -qm one;", "ln -s file l1; ln -s dir l2; ln -s nowhere l3; ln -s /etc/passwd l4; ln -s ../.. l5; ln -s . l6; git add -A; git commit -qm one;", 1) + "git clone -q up r"},
	{name: "included settings", make: upstream + "git clone -q up r; printf '[alias]\\nst = status\\n' >r/.gitconfig; echo .gitconfig >>r/.git/info/exclude; git -C r config include.path ../.gitconfig"},
	{name: "spellings", make: strings.Replace(upstream, "git add -A; git commit -qm one;", "echo x >FILE; echo x >File; mkdir DIR .VSCODE; echo x >DIR/a; echo x >.VSCODE/x; echo x >.Envrc; git add -A; git commit -qm one;", 1) + "git clone -q up r"},
	{name: "many refs", make: upstream + `for i in $(seq 400); do echo "create refs/heads/b/$i $(git -C up rev-parse HEAD)"; done | git -C up update-ref --stdin
git clone -q up r; mkdir -p r/.git/refs/heads/c; for i in $(seq 200); do cp r/.git/refs/heads/main r/.git/refs/heads/c/$i; done`},
	{name: "hooks and workflows of its own", make: upstream + "git clone -q up r; cp -r r/.husky r/.githooks; echo x >r/.github/CODEOWNERS; echo '{}' >r/.mcp.json; git -C r add -A; git -C r commit -qm more; echo dirty >>r/.envrc; echo x >r/.vscode/untracked"},
}

// operation is something that people do in a repository.
type operation struct {
	name   string
	git    bool   // with the profile for git
	host   string // what the host does before, in the directory that has all of it
	script string
	quick  bool
}

var operations = []operation{
	{name: "log", git: true, script: "git log --oneline --decorate 2>&1; git status --short; git describe --tags --always 2>&1; git ls-files -s; git submodule status 2>&1"},
	{name: "pull", git: true, quick: true, host: next, script: "git pull -q --no-rebase --no-edit 2>&1; git status --short; git log --oneline | head -5"},
	{name: "checkout", git: true, quick: true, script: "git checkout -q -b topic v1 2>&1; git status --short; git checkout -q - 2>&1; git checkout -q topic 2>&1; git status --short; git checkout -q - 2>&1; git status --short"},
	{name: "rebase", git: true, script: "git checkout -q -b work v1 2>&1; echo w >w; echo w >.exrc; mkdir -p .cursor; echo w >.cursor/rules; git add -A; git commit -qm work 2>&1; git rebase -q - 2>&1; git status --short; git checkout -q - 2>&1"},
	{name: "stash", git: true, script: "echo s >>file; echo s >>.envrc; echo u >untracked; git stash -q -u 2>&1; git status --short; git stash pop -q 2>&1; git status --short; git checkout -q -- . 2>&1; rm -f untracked; git status --short"},
	{name: "worktree", git: true, script: "git worktree add -q --detach wt HEAD 2>&1; git -C wt status --short; git worktree list; ls -A wt; git worktree remove wt 2>&1; ls -A"},
	{name: "submodule", git: true, script: "git submodule update --init 2>&1; git submodule deinit -f --all 2>&1; git submodule update --init 2>&1; git status --short; git submodule status 2>&1"},
	{name: "gc", git: true, script: "git gc -q --prune=now 2>&1; git fsck 2>&1; git count-objects -v"},
	{name: "archive", git: true, script: "git archive --format=tar HEAD | sha256sum"},
	{name: "tar", quick: true, script: "tar --sort=name --mtime=@0 --exclude=index --exclude=x.tar -cf - . | tee x.tar | sha256sum; tar -tvf x.tar; mkdir x; tar -xf x.tar -C x; rm x.tar"},
	{name: "cp", script: "mkdir c; find . -mindepth 1 -maxdepth 1 ! -name c ! -name x -exec cp -a -t c {} + 2>&1"},
	{name: "rsync", script: "rsync -a --exclude=/c --exclude=/x --exclude=/s . s/ 2>&1"},
	{name: "find", script: "find . -printf '%y %m %l %p\\n' | LC_ALL=C sort; find . -xtype l | LC_ALL=C sort"},
	{name: "du", script: "du -a --apparent-size --exclude=index . | LC_ALL=C sort; ls -A"},
	{name: "clean", script: "rm -rf c s x 2>&1; rm -rf ./* 2>&1; ls -A"},
}

// Twenty repositories are worked on outside and in jails, one after the other in the same
// place, while another jail and programs of the host look at them and commit to them:
// what is printed is the same, and what is there afterwards.
func TestSameAsOutside(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "git", "tar", "rsync")
	for i := range twenty {
		if testing.Short() && i%2 != 0 {
			continue // the quick form takes every other one
		}
		t.Run(twenty[i].name, func(t *testing.T) {
			t.Parallel()
			twenty[i].compare(t)
		})
	}
}

func (k *kept) compare(t *testing.T) {
	t.Helper()
	w := newWorld(t)
	scene := filepath.Join(w.Home, "scene")
	w.Project = scene
	w.Write(filepath.Join(w.Home, ".gitconfig"), gitConfig+"[pack]\n\tthreads = 1\n[core]\n\tuntrackedCache = false\n")
	outside := k.work(t, w, false)
	testenv.RemoveAll(scene)
	jailed := k.work(t, w, true)
	for i := range outside {
		if len(jailed) <= i {
			break
		}
		o, j := &outside[i], &jailed[i]
		if o.status != j.status || o.printed != j.printed {
			t.Errorf("%s: status %d outside, %d in the jail; outside it printed\n%s\nin the jail\n%s", o.name, o.status, j.status, o.printed, j.printed)
		}
		if diff := difference(o.files, j.files); diff != "" {
			t.Errorf("%s: files outside (-) and in the jail (+):\n%s", o.name, diff)
			return // what follows differs as well
		}
	}
}

// step is what came of an operation.
type step struct {
	name    string
	status  int
	printed string
	files   map[string]string
}

// work makes the repository and does everything in it.
func (k *kept) work(t *testing.T, w *testenv.World, jailed bool) []step {
	t.Helper()
	scene := filepath.Join(w.Home, "scene")
	w.Mkdir(scene)
	w.Project = scene
	if r := w.Host("sh", "-ec", k.make); r.Status != 0 {
		t.Fatalf("%s: %s", k.make, r.Output())
	}
	r := filepath.Join(scene, "r")
	var steps []step
	do := func(op *operation, flags ...string) {
		if op.host != "" {
			w.Project = scene
			if r := w.Host("sh", "-ec", op.host); r.Status != 0 {
				t.Fatalf("%s: %s", op.host, r.Output())
			}
		}
		argv := []string{"sh", "-c", op.script}
		w.Project = r
		if op.name == "clone" {
			w.Project = scene
		}
		if jailed {
			profile := []string{w.JailBin, "run", "--profile", "build"}
			if op.git {
				profile = []string{w.JailBin, "run", "--profile", "git", "--network", "none"}
				for _, name := range []string{"up", "lib", "inner"} {
					if dir := filepath.Join(scene, name); op.name != "clone" && testenv.Exists(dir) {
						profile = append(profile, "--read", dir)
					}
				}
			}
			argv = slices.Concat(profile, flags, argv)
		}
		result := w.Host(argv...)
		text := result.Stdout
		if result.Status == 125 {
			text += result.Stderr
		}
		// A submodule's .git is a mount in the jail; git says why it could not remove it.
		text = strings.ReplaceAll(text, ": Device or resource busy", ": Directory not empty")
		steps = append(steps, step{op.name, result.Status, text, tree(t, scene)})
	}
	do(&operation{name: "clone", git: true, script: "git clone -q up cloned 2>&1; git -C cloned status --short; git clone -q --recurse-submodules up cloned2 2>&1; git -C cloned2 log --oneline 2>&1"})
	if jailed {
		// Another jail in the project, and programs outside that look and copy.
		w.Project = r
		w.Runs(append([]string{"--profile", "default", "--write", "."}, "sleep", "600")...)
		other := filepath.Join(w.Root, "copy")
		w.Mkdir(other)
		look := w.Command("sh", "-c", `while :; do ls -laR . >/dev/null; rm -rf "$1"/r; cp -a . "$1"/r; tar -cf "$1"/tar .; git --no-optional-locks status; git --no-optional-locks log -1; sleep 0.8; done >/dev/null 2>&1`, "sh", other)
		testenv.Must(t, look.Start())
		defer func() {
			_ = look.Process.Kill()
			_ = look.Wait()
		}()
	}
	for i := range operations {
		op := operations[i]
		if testing.Short() && !op.quick || len(k.only) > 0 && !slices.Contains(k.only, op.name) || op.name == k.not {
			continue
		}
		if op.name == "rebase" || op.name == "gc" { // somebody commits outside
			op.host += "cd r && { ! [ -d .git ] || { echo host >>of-host; git add of-host; git commit -qm host; } }"
		}
		if op.git {
			do(&op, k.git...)
		} else {
			do(&op, k.flags...)
		}
	}
	w.Project = scene
	return steps
}

// tree lists all files below a directory with type, mode and content. An index of git has
// times and inodes in it.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		text := info.Mode().String()
		switch {
		case info.Mode().IsRegular() && info.Name() != "index":
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(data)
			text += fmt.Sprintf(" %d %s", len(data), hex.EncodeToString(sum[:8]))
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			text += " -> " + target
		}
		files[path] = text
		return nil
	})
	testenv.Must(t, err)
	return files
}

// difference is empty for two equal trees.
func difference(a, b map[string]string) string {
	var text strings.Builder
	n := 0
	names := slices.Sorted(maps.Keys(a))
	for name := range b {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if a[name] == b[name] {
			continue
		}
		if n++; n > 12 {
			text.WriteString("and more\n")
			break
		}
		fmt.Fprintf(&text, "%s\n  - %s\n  + %s\n", name, a[name], b[name])
	}
	return text.String()
}
