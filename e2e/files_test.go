package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCanariesAreInvisible(t *testing.T) {
	w := newWorld(t)
	before := w.snap()
	for _, name := range canaries {
		path := filepath.Join(w.home, name)
		w.arms("grep -q canary '"+path+"'", []string{"--profile", "default"}, nil, []string{"--read", path})
		w.arms("ls '"+filepath.Dir(path)+"' | grep -q .", []string{"--profile", "default", "--home", "host"}, nil, []string{"--read", filepath.Dir(path)})
	}
	// Shown with all of the home, secrets still are not.
	for _, name := range canaries[:len(canaries)-1] {
		path := filepath.Join(w.home, name)
		w.arms("grep -q canary '"+path+"'", []string{"--profile", "default", "--read", w.home}, nil, []string{"--read", path})
	}
	w.succeeds("run", "--profile", "default", "--read", w.home, "grep", "-q", "canary", filepath.Join(w.home, "Documents/diary.txt"))
	before.unchanged(t)
}

func TestHide(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.project, "private/a"), "a")
	w.write(filepath.Join(w.project, "plain"), "b")
	shown := []string{"--profile", "default", "--write", w.project}
	w.arms("cat private/a", shown, []string{"--hide", filepath.Join(w.project, "private")}, nil)
	w.arms("cat plain", shown, []string{"--hide", filepath.Join(w.project, "plain")}, nil)
	before := w.snap()
	for _, script := range []string{"rm -rf private", "mv private moved", "echo x >plain", "rm plain", "chmod 777 private", "touch private/new"} {
		r := w.jail("run", "--profile", "default", "--write", w.project, "--hide", filepath.Join(w.project, "private"),
			"--hide", filepath.Join(w.project, "plain"), "sh", "-c", script)
		if r.status == 0 {
			t.Errorf("%q on a hidden path: exit status 0", script)
		}
	}
	before.unchanged(t)
}

func TestReadOnly(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(w.project, "file")
	w.write(file, "a")
	for _, script := range []string{"echo b >file", "touch new && rm new", "chmod 600 file && chmod 644 file", "mkdir d && rmdir d", "ln file hard && rm hard"} {
		w.arms(script, []string{"--profile", "default"}, []string{"--read", w.project}, []string{"--write", w.project})
	}
	w.write(file, "a")
	// A read-only place inside a writable one, and the other way round.
	w.mkdir(filepath.Join(w.project, "in/deep"))
	w.arms("touch in/x", []string{"--profile", "default", "--write", w.project}, []string{"--read", filepath.Join(w.project, "in")}, nil)
	w.succeeds("run", "--profile", "default", "--read", w.project, "--write", filepath.Join(w.project, "in/deep"), "touch", "in/deep/x")
	if !exists(filepath.Join(w.project, "in/deep/x")) {
		t.Error("what was written to a writable directory inside a read-only one is not on the host")
	}
	before := w.snap()
	r := w.jail("run", "--profile", "default", "--read", w.project, "--user", "root", "sh", "-c", "echo b >file; mount -o remount,rw "+w.project+"; echo b >file")
	if r.status == 0 {
		t.Error("root in a jail wrote to a read-only path")
	}
	before.unchanged(t)
}

func TestWritesOutsideGrants(t *testing.T) {
	w := newWorld(t)
	before := w.snap(w.project)
	for _, dir := range []string{"/", "/usr", "/usr/bin", "/etc", "/var", "/home", "/opt", "/root", "/proc/sys/kernel", w.root} {
		r := w.jail("run", "--profile", "default", "--write", w.project, "sh", "-c", "mkdir -p '"+dir+"' && echo x >'"+dir+"/jail-was-here'")
		if r.status == 0 && exists(filepath.Join(dir, "jail-was-here")) || r.status == 0 && dir != w.root {
			t.Errorf("writing to %s: exit status 0", dir)
		}
	}
	w.succeeds("run", "--profile", "default", "--write", w.project, "sh", "-c", "echo x >here; echo x >/tmp/jail-was-here; echo x >/var/tmp/y; echo x >~/z")
	if exists("/tmp/jail-was-here") || exists(filepath.Join(w.home, "z")) || !exists(filepath.Join(w.project, "here")) {
		t.Error("a private directory is not private, or the granted one is")
	}
	before.unchanged(t)
}

func TestTmpfs(t *testing.T) {
	w := newWorld(t)
	dir := filepath.Join(w.project, "scratch")
	w.write(filepath.Join(dir, "old"), "old")
	base := []string{"--profile", "default", "--write", w.project}
	small := []string{"--tmpfs", dir + ",size=1M,mode=0711"}
	r := w.succeeds(slices.Concat([]string{"run"}, base, small, []string{"sh", "-c", "ls scratch; stat -c %a scratch; echo new >scratch/new"})...)
	if strings.TrimSpace(r.stdout) != "711" || exists(filepath.Join(dir, "new")) || !exists(filepath.Join(dir, "old")) {
		t.Errorf("the tmpfs showed %q; on the host there is now %v", r.stdout, exists(filepath.Join(dir, "new")))
	}
	w.arms("head -c 3000000 /dev/zero >scratch/big", base, small, []string{"--tmpfs", dir + ",size=8M"})
	// /tmp has a bound of its own.
	if m := w.probe("--profile", "default").mounts()["/tmp"]; m.kind != "tmpfs" || !strings.Contains(m.super, "size=1048576k") || !strings.Contains(m.super, "nr_inodes=") {
		t.Errorf("/tmp is %+v", m)
	}
}

func TestOverlay(t *testing.T) {
	w := newWorld(t)
	tree := filepath.Join(w.project, "tree")
	w.write(filepath.Join(tree, "a"), "a")
	w.write(filepath.Join(tree, "d/b"), "b")
	change := "cat tree/a tree/d/b; echo new >>tree/a; rm tree/d/b; echo c >tree/c; mv tree/d tree/e"
	before := w.snap()
	for _, at := range [][]string{{"--read", w.project}, {"--write", w.project}, nil} {
		args := append([]string{"run", "--profile", "default", "--overlay", tree}, at...)
		r := w.succeeds(append(args, "sh", "-e", "-c", "cd "+w.project+"; "+change+"; ls tree tree/e; cat tree/a")...)
		if r.stdout != "aba\nc\ne\n" && r.stdout != "aba\nc\ne\n\ntree/e:\nanew\n" && !strings.HasSuffix(r.stdout, "anew\n") {
			t.Errorf("%q: the overlay showed %q", at, r.stdout)
		}
	}
	before.unchanged(t)

	layer := filepath.Join(w.root, "layer")
	keep := []string{"run", "--profile", "default", "--overlay", tree + ",keep=" + layer, "sh", "-e", "-c"}
	w.succeeds(append(keep, "cd "+tree+"; echo new >>a; rm d/b; echo c >c")...)
	before.unchanged(t)
	if !exists(filepath.Join(layer, "upper", "c")) {
		t.Error("the changes are not in the directory that keeps them")
	}
	if r := w.succeeds(append(keep, "cd "+tree+"; cat a c; ls d")...); r.stdout != "anew\nc\n" {
		t.Errorf("the second run sees %q of the first", r.stdout)
	}
	before.unchanged(t)
}

func TestHomes(t *testing.T) {
	w := newWorld(t)
	// With the whole home writable jail makes this itself, before a program could.
	if err := os.MkdirAll(filepath.Join(w.home, ".config/jail"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := w.snap()
	list := "ls -A ~; cat ~/.bashrc ~/.ssh/id_ed25519 2>&1 | grep canary-; echo x >~/kept; echo end"
	for _, c := range []struct {
		home          string
		first, second string
	}{
		{"empty", "end\n", "end\n"},
		{"private", "end\n", "kept\nend\n"},
	} {
		args := []string{"run", "--profile", "default", "--home", c.home, "sh", "-c", list}
		for i, want := range []string{c.first, c.second} {
			if r := w.succeeds(args...); r.stdout != want {
				t.Errorf("home %s, run %d: %q, want %q", c.home, i+1, r.stdout, want)
			}
		}
		// What is granted into it appears in it.
		r := w.succeeds("run", "--profile", "default", "--home", c.home, "--read", w.project, "sh", "-c", "ls -A ~ | grep -v kept")
		if r.stdout != "project\n" {
			t.Errorf("home %s with the project: %q", c.home, r.stdout)
		}
	}
	// The state, where private homes are, is not visible even with the home.
	r := w.jail("run", "--profile", "default", "--home", "host", "--write", w.home, "sh", "-c", "ls ~/.local/state/jail/homes")
	if r.status == 0 {
		t.Errorf("the private homes of all profiles are visible: %s", r.output())
	}
	before.unchanged(t)
}

func TestCreate(t *testing.T) {
	w := newWorld(t)
	profile := w.profile(`
extends: [base]
filesystem:
  write:
    - {path: ~/made/deep, create: directory}
    - {path: ~/made-file, create: file}
    - ~/not-made
`)
	w.succeeds("run", "--profile", profile, "sh", "-c", "echo x >~/made/deep/x && echo y >~/made-file && ! test -e ~/not-made")
	for name, mode := range map[string]os.FileMode{"made/deep": os.ModeDir | 0o700, "made-file": 0o600} {
		info, err := os.Stat(filepath.Join(w.home, name))
		if err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v; want mode %v", name, info, err, mode)
		}
	}
	if w.read(filepath.Join(w.home, "made-file")) != "y\n" || exists(filepath.Join(w.home, "not-made")) {
		t.Error("what was written is not there, or what was not to be made is")
	}
}

// Links of the host work in the jail as they do outside.
func TestLinks(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.root, "elsewhere/file"), "there\n")
	for name, target := range map[string]string{"absolute": filepath.Join(w.root, "elsewhere"), "relative": "../../elsewhere", "file": filepath.Join(w.root, "elsewhere/file")} {
		link := filepath.Join(w.project, name)
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		read := link
		if name != "file" {
			read = filepath.Join(link, "file")
		}
		script := "test -L '" + link + "' && grep -q there '" + read + "'"
		w.arms(script, []string{"--profile", "default"}, nil, []string{"--read", link})
	}
}
