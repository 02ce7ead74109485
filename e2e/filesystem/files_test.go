package filesystem

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestCanariesAreInvisible(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	before := w.Snap()
	for _, name := range testenv.Canaries {
		path := filepath.Join(w.Home, name)
		w.Variants("grep -q canary '"+path+"'", []string{"--profile", "default"}, nil, []string{"--read", path})
		// In the home is the current directory, an empty one.
		w.Variants("ls '"+filepath.Dir(path)+"' | grep -qv '^project$'", []string{"--profile", "default", "--home", "host"}, nil, []string{"--read", filepath.Dir(path)})
	}
	// Shown with all of the home, secrets still are not.
	for _, name := range testenv.Canaries[:len(testenv.Canaries)-1] {
		path := filepath.Join(w.Home, name)
		w.Variants("grep -q canary '"+path+"'", []string{"--profile", "default", "--read", w.Home}, nil, []string{"--read", path})
	}
	w.Succeeds("run", "--profile", "default", "--read", w.Home, "grep", "-q", "canary", filepath.Join(w.Home, "Documents/diary.txt"))
	before.Unchanged(t)
}

func TestHide(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Project, "private/a"), "a")
	w.Write(filepath.Join(w.Project, "plain"), "b")
	shown := []string{"--profile", "default", "--write", w.Project}
	w.Variants("cat private/a", shown, []string{"--hide", filepath.Join(w.Project, "private")}, nil)
	w.Variants("cat plain", shown, []string{"--hide", filepath.Join(w.Project, "plain")}, nil)
	before := w.Snap()
	for _, script := range []string{"rm -rf private", "mv private moved", "echo x >plain", "rm plain", "chmod 777 private", "touch private/new"} {
		r := w.Jail("run", "--profile", "default", "--write", w.Project, "--hide", filepath.Join(w.Project, "private"),
			"--hide", filepath.Join(w.Project, "plain"), "sh", "-c", script)
		if r.Status == 0 {
			t.Errorf("%q on a hidden path: exit status 0", script)
		}
	}
	before.Unchanged(t)
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	file := filepath.Join(w.Project, "file")
	w.Write(file, "a")
	for _, script := range []string{"echo b >file", "touch new && rm new", "chmod 600 file && chmod 644 file", "mkdir d && rmdir d", "ln file hard && rm hard"} {
		w.Variants(script, []string{"--profile", "default"}, []string{"--read", w.Project}, []string{"--write", w.Project})
	}
	w.Write(file, "a")
	// A read-only place inside a writable one, and the other way round.
	w.Mkdir(filepath.Join(w.Project, "in/deep"))
	w.Variants("touch in/x", []string{"--profile", "default", "--write", w.Project}, []string{"--read", filepath.Join(w.Project, "in")}, nil)
	w.Succeeds("run", "--profile", "default", "--read", w.Project, "--write", filepath.Join(w.Project, "in/deep"), "touch", "in/deep/x")
	if !testenv.Exists(filepath.Join(w.Project, "in/deep/x")) {
		t.Error("what was written to a writable directory inside a read-only one is not on the host")
	}
	before := w.Snap()
	r := w.Jail("run", "--profile", "default", "--read", w.Project, "--user", "root", "sh", "-c", "echo b >file; mount -o remount,rw "+w.Project+"; echo b >file")
	if r.Status == 0 {
		t.Error("root in a jail wrote to a read-only path")
	}
	before.Unchanged(t)
}

func TestWritesOutsideGrants(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	before := w.Snap(w.Project)
	for _, dir := range []string{"/", "/usr", "/usr/bin", "/etc", "/var", "/home", "/opt", "/root", "/proc/sys/kernel", w.Root} {
		r := w.Jail("run", "--profile", "default", "--write", w.Project, "sh", "-c", "mkdir -p '"+dir+"' && echo x >'"+dir+"/jail-was-here'")
		if r.Status == 0 && testenv.Exists(filepath.Join(dir, "jail-was-here")) || r.Status == 0 && dir != w.Root {
			t.Errorf("writing to %s: exit status 0", dir)
		}
	}
	w.Succeeds("run", "--profile", "default", "--write", w.Project, "sh", "-c", "echo x >here; echo x >/tmp/jail-was-here; echo x >/var/tmp/y; echo x >~/z")
	if testenv.Exists("/tmp/jail-was-here") || testenv.Exists(filepath.Join(w.Home, "z")) || !testenv.Exists(filepath.Join(w.Project, "here")) {
		t.Error("a private directory is not private, or the granted one is")
	}
	before.Unchanged(t)
}

func TestTmpfs(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	dir := filepath.Join(w.Project, "scratch")
	w.Write(filepath.Join(dir, "old"), "old")
	base := []string{"--profile", "default", "--write", w.Project}
	small := []string{"--tmpfs", dir + ",size=1M,mode=0711"}
	r := w.Succeeds(slices.Concat([]string{"run"}, base, small, []string{"sh", "-c", "ls scratch; stat -c %a scratch; echo new >scratch/new"})...)
	if strings.TrimSpace(r.Stdout) != "711" || testenv.Exists(filepath.Join(dir, "new")) || !testenv.Exists(filepath.Join(dir, "old")) {
		t.Errorf("the tmpfs showed %q; on the host there is now %v", r.Stdout, testenv.Exists(filepath.Join(dir, "new")))
	}
	w.Variants("head -c 3000000 /dev/zero >scratch/big", base, small, []string{"--tmpfs", dir + ",size=8M"})
	// /tmp has a bound of its own.
	if m := w.Probe("--profile", "default").MountPoints()["/tmp"]; m.Kind != "tmpfs" || !strings.Contains(m.Super, "size=1048576k") || !strings.Contains(m.Super, "nr_inodes=") {
		t.Errorf("/tmp is %+v", m)
	}
}

func TestOverlay(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	tree := filepath.Join(w.Project, "tree")
	w.Write(filepath.Join(tree, "a"), "a")
	w.Write(filepath.Join(tree, "d/b"), "b")
	change := "cat tree/a tree/d/b; echo new >>tree/a; rm tree/d/b; echo c >tree/c; mv tree/d tree/e"
	before := w.Snap()
	for _, at := range [][]string{{"--read", w.Project}, {"--write", w.Project}, nil} {
		args := append([]string{"run", "--profile", "default", "--overlay", tree}, at...)
		r := w.Succeeds(append(args, "sh", "-e", "-c", "cd "+w.Project+"; "+change+"; ls tree tree/e; cat tree/a")...)
		if r.Stdout != "aba\nc\ne\n" && r.Stdout != "aba\nc\ne\n\ntree/e:\nanew\n" && !strings.HasSuffix(r.Stdout, "anew\n") {
			t.Errorf("%q: the overlay showed %q", at, r.Stdout)
		}
	}
	before.Unchanged(t)

	layer := filepath.Join(w.Root, "layer")
	keep := []string{"run", "--profile", "default", "--overlay", tree + ",keep=" + layer, "sh", "-e", "-c"}
	w.Succeeds(append(keep, "cd "+tree+"; echo new >>a; rm d/b; echo c >c")...)
	before.Unchanged(t)
	if !testenv.Exists(filepath.Join(layer, "upper", "c")) {
		t.Error("the changes are not in the directory that keeps them")
	}
	if r := w.Succeeds(append(keep, "cd "+tree+"; cat a c; ls d")...); r.Stdout != "anew\nc\n" {
		t.Errorf("the second run sees %q of the first", r.Stdout)
	}
	before.Unchanged(t)
}

func TestHomes(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	// With the whole home writable jail makes this itself, before a program could.
	if err := os.MkdirAll(filepath.Join(w.Home, ".config/jail"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := w.Snap()
	list := "ls -A ~; cat ~/.bashrc ~/.ssh/id_ed25519 2>&1 | grep canary-; echo x >~/kept; echo end"
	for _, c := range []struct {
		home          string
		first, second string
	}{
		{"empty", "project\nend\n", "project\nend\n"}, // the current directory, an empty one
		{"private", "project\nend\n", "kept\nproject\nend\n"},
	} {
		args := []string{"run", "--profile", "default", "--home", c.home, "sh", "-c", list}
		for i, want := range []string{c.first, c.second} {
			if r := w.Succeeds(args...); r.Stdout != want {
				t.Errorf("home %s, run %d: %q, want %q", c.home, i+1, r.Stdout, want)
			}
		}
		// What is granted into it appears in it.
		r := w.Succeeds("run", "--profile", "default", "--home", c.home, "--read", w.Project, "sh", "-c", "ls -A ~ | grep -v kept")
		if r.Stdout != "project\n" {
			t.Errorf("home %s with the project: %q", c.home, r.Stdout)
		}
	}
	// The state, where private homes are, is not visible even with the home.
	r := w.Jail("run", "--profile", "default", "--home", "host", "--write", w.Home, "sh", "-c", "ls ~/.local/state/jail/homes")
	if r.Status == 0 {
		t.Errorf("the private homes of all profiles are visible: %s", r.Output())
	}
	before.Unchanged(t)
}

func TestCreate(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	profile := w.Profile(`
extends: [base]
filesystem:
  write:
    - {path: ~/made/deep, create: directory}
    - {path: ~/made-file, create: file}
    - ~/not-made
`)
	w.Succeeds("run", "--profile", profile, "sh", "-c", "echo x >~/made/deep/x && echo y >~/made-file && ! test -e ~/not-made")
	for name, mode := range map[string]os.FileMode{"made/deep": os.ModeDir | 0o700, "made-file": 0o600} {
		info, err := os.Stat(filepath.Join(w.Home, name))
		if err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v; want mode %v", name, info, err, mode)
		}
	}
	if w.Read(filepath.Join(w.Home, "made-file")) != "y\n" || testenv.Exists(filepath.Join(w.Home, "not-made")) {
		t.Error("what was written is not there, or what was not to be made is")
	}
}

// Links of the host work in the jail as they do outside.
func TestLinks(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Root, "elsewhere/file"), "there\n")
	for name, target := range map[string]string{"absolute": filepath.Join(w.Root, "elsewhere"), "relative": "../../elsewhere", "file": filepath.Join(w.Root, "elsewhere/file")} {
		link := filepath.Join(w.Project, name)
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		read := link
		if name != "file" {
			read = filepath.Join(link, "file")
		}
		script := "test -L '" + link + "' && grep -q there '" + read + "'"
		w.Variants(script, []string{"--profile", "default"}, nil, []string{"--read", link})
	}
}
