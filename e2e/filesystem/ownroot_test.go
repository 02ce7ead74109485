package filesystem

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// world has a tree beside the host's files that has the same paths. Every file of the
// tree says "tree", every file of the host at such a path has the canary.
type world struct {
	*testenv.World
	tree string // a root file system
	srv  string // a directory of both
}

// sharedDirs are directories that the tree and the host both have, each with a file
// "which", and sharedFiles further files of both.
var (
	sharedDirs  = []string{"srv/data", "srv/data/deep", "home", "home/project", "home/Documents", "home/.config/app"}
	sharedFiles = []string{"home/.bashrc", "home/.ssh/id_ed25519", "home/Documents/diary.txt"}
)

func newOwnRoot(t *testing.T) *world {
	t.Helper()
	testenv.Need(t, "busybox")
	w := &world{World: testenv.NewWorld(t)}
	w.tree, w.srv = filepath.Join(w.Root, "tree"), filepath.Join(w.Root, "srv")
	for _, dir := range []string{"bin", "usr", "etc", "tmp", "var/tmp", "proc", "dev", "srv"} {
		w.Mkdir(filepath.Join(w.tree, dir))
	}
	for _, name := range sharedDirs {
		w.both(filepath.Join(name, "which"))
	}
	for _, name := range sharedFiles {
		w.both(name)
	}
	w.Write(filepath.Join(w.Root, "srv/hosts-own/which"), w.Canary+"\n")
	w.Write(filepath.Join(w.tree, w.Root, "srv/trees-own/which"), "tree\n")
	w.Write(filepath.Join(w.tree, "etc/which"), "tree\n")
	busybox, err := exec.LookPath("busybox")
	testenv.Must(t, err)
	program := filepath.Join(w.tree, "bin/busybox")
	testenv.Must(t, os.WriteFile(program, testenv.ReadFile(t, busybox), 0o755))
	for _, name := range []string{"sh", "cat", "ls", "touch", "mkdir", "grep", "readlink", "rm", "ln", "mv"} {
		testenv.Must(t, os.Symlink("busybox", filepath.Join(w.tree, "bin", name)))
	}
	program = filepath.Join(w.tree, "bin/only-in-the-tree")
	w.Write(program, "#!/bin/sh\nexec \"$@\"\n")
	testenv.Must(t, os.Chmod(program, 0o755))
	w.Mkdir(filepath.Join(w.Home, ".config/jail")) // a launch that shows its place makes it
	return w
}

// both writes a file of the tree and one of the host.
func (w *world) both(name string) {
	w.T.Helper()
	w.Write(filepath.Join(w.Root, name), w.Canary+"\n")
	w.Write(filepath.Join(w.tree, w.Root, name), "tree\n")
}

// sh runs a script in a jail with the tree as its root.
func (w *world) sh(script string, flags ...string) *testenv.Result {
	w.T.Helper()
	return w.Jail(slices.Concat([]string{"run", "--profile", "default", "--root", w.tree}, flags, []string{"/bin/sh", "-c", script})...)
}

// says expects what a script prints in a jail with the tree as its root, in a new one and
// in one that is launched from the cache.
func (w *world) says(want, script string, flags ...string) {
	w.T.Helper()
	for range 2 {
		if r := w.sh(script, flags...); r.Status != 0 || r.Stdout != want {
			w.T.Errorf("%q with %q: exit status %d, want %q\n%s", script, flags, r.Status, want, r.Output())
		}
	}
}

// refused expects that no jail starts, and that the message says why.
func (w *world) refused(why string, flags ...string) {
	w.T.Helper()
	if r := w.sh("true", flags...); r.Status != 125 || !strings.Contains(r.Stderr, why) {
		w.T.Errorf("with %q: exit status %d, want a message with %q\n%s", flags, r.Status, why, r.Output())
	}
}

// hostUnchanged compares the host's files with what they were.
func (w *world) hostUnchanged() func() {
	home, srv := w.Snap(), testenv.Snap(w.T, w.srv)
	return func() {
		w.T.Helper()
		home.Unchanged(w.T)
		srv.Unchanged(w.T)
	}
}

func TestRulesAreAboutTheRoot(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := newOwnRoot(t)
	data, which := filepath.Join(w.srv, "data"), filepath.Join(w.srv, "data/which")
	unchanged := w.hostUnchanged()
	for _, flags := range [][]string{
		nil,
		{"--read", data},
		{"--write", data},
		{"--overlay", data},
		{"--read", which},
		{"--write", which},
		{"--read", w.srv + "/*"},
		{"--write", w.srv + "/d*"},
		{"--read", w.srv + "/[d]ata/which"},
		{"--read", "/"},
		{"--write", "/"},
		{"--write", data, "--read", data + "/deep"},
		{"--read", data, "--write", data + "/deep"},
	} {
		w.says("tree\n", "cat "+which, flags...)
		// The control: the same from the host.
		if len(flags) > 0 && flags[1] != "/" && !strings.ContainsAny(flags[1], "*[") {
			fromHost := slices.Clone(flags)
			fromHost[1] += ",from=host"
			w.says(w.Canary+"\n", "cat "+which, fromHost...)
		}
	}
	// Home, variables, the current directory.
	documents := filepath.Join(w.Home, "Documents/which")
	w.says("tree\n", "cat "+documents, "--home", "host", "--read", "~/Documents")
	w.says("tree\n", "cat "+documents, "--home", "host", "--read", "${HOME}/Documents")
	w.says("tree\n", "cat "+documents, "--home", "host", "--read", "~/D*")
	w.says("tree\n", "cat which", "--write", "${CWD}")
	w.says("tree\n", "cat which", "--write", ".")
	w.says("tree\n", "cat "+w.Home+"/.config/app/which", "--home", "host", "--read", "${XDG_CONFIG_HOME}/app")
	w.says(w.Canary+"\n", "cat which", "--read", "${CWD},from=host")
	unchanged()
}

func TestWritesGoToTheRoot(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := newOwnRoot(t)
	data := filepath.Join(w.srv, "data")
	unchanged := w.hostUnchanged()
	for _, c := range []struct{ script, made string }{
		{"touch /made", "made"},
		{"touch " + data + "/a", filepath.Join(data, "a")},
		{"mkdir -p " + w.Root + "/srv/new/deep", filepath.Join(w.srv, "new/deep")},
	} {
		if r := w.sh(c.script); r.Status == 0 {
			t.Errorf("%q in a root that is read-only: exit status 0", c.script)
		}
		w.says("", c.script, "--write", "/")
		if !testenv.Exists(filepath.Join(w.tree, c.made)) {
			t.Errorf("%q left no %s in the root", c.script, c.made)
		}
	}
	w.says("", "touch "+data+"/b", "--write", data)
	w.says("", "touch "+data+"/c", "--write", w.srv+"/*")
	w.says("", "echo x >"+data+"/which", "--write", data+"/which")
	w.says("", "echo x >"+data+"/layered", "--overlay", data)
	w.says("", "echo x >"+data+"/memory", "--tmpfs", data)
	w.says("", "echo x >"+w.srv+"/begun/file", "--write", w.srv+"/begun,create=directory")
	w.says("", "echo x >"+w.srv+"/empty", "--write", w.srv+"/empty,create=file")
	for _, name := range []string{"data/b", "data/c", "begun/file", "empty"} {
		if !testenv.Exists(filepath.Join(w.tree, w.srv, name)) {
			t.Errorf("the root has no %s", name)
		}
	}
	for _, name := range []string{"data/layered", "data/memory"} {
		if testenv.Exists(filepath.Join(w.tree, w.srv, name)) {
			t.Errorf("the root has %s", name)
		}
	}
	// The profile of a whole system that may be written.
	profile := w.Profile("filesystem: {root: " + w.tree + ", write: [/]}\n")
	testenv.Must(t, os.Chmod(profile, 0o644))
	r := w.Jail("run", "--profile", profile, "/bin/sh", "-c", "cat "+w.Home+"/Documents/which; touch "+w.srv+"/hosts-own/escaped; touch /made-too")
	if r.Stdout != "tree\n" || !testenv.Exists(filepath.Join(w.tree, "made-too")) {
		t.Errorf("write: [/] with a root: exit status %d\n%s", r.Status, r.Output())
	}
	unchanged()
	// From the host, by name.
	w.says("", "touch "+data+"/on-the-host", "--write", data+",from=host")
	w.says("", "echo x >"+w.srv+"/trees-own/file", "--tmpfs", w.srv, "--write", w.srv+"/trees-own,create=directory,from=host")
	for _, name := range []string{"data/on-the-host", "trees-own/file"} {
		if !testenv.Exists(filepath.Join(w.srv, name)) {
			t.Errorf("the host has no %s", name)
		}
	}
}

// Links of the tree that lead to paths of the host lead to those of the tree.
func TestLinksStayInTheRoot(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := newOwnRoot(t)
	data := filepath.Join(w.srv, "data")
	for name, target := range map[string]string{
		"absolute": data, "up": strings.Repeat("../", 40) + data[1:], "chain": "/absolute", "file": data + "/which",
		"out": filepath.Join(w.srv, "hosts-own"), "self": "/proc/self/root" + data, "whole": w.tree + data,
	} {
		testenv.Must(t, os.Symlink(target, filepath.Join(w.tree, name)))
	}
	unchanged := w.hostUnchanged()
	for _, flag := range []string{"--read", "--write", "--overlay"} {
		for _, name := range []string{"/absolute", "/up", "/chain"} {
			w.says("tree\n", "cat "+name+"/which", flag, name)
		}
	}
	w.says("tree\n", "cat /file", "--read", "/file")
	w.says("tree\n", "cat "+data+"/which", "--read", "/abs*")
	w.says("tree\n", "cat "+data+"/which", "--read", "/*/*")
	w.refused("does not exist", "--read", "/out")
	w.refused("does not exist", "--write", "/out")
	w.refused("does not exist", "--read", "/whole")
	w.refused("/proc", "--read", "/self")
	w.says("", "touch /absolute/made", "--write", "/absolute")
	unchanged()
	// A link of the host leads where it leads on the host.
	testenv.Must(t, os.Symlink("hosts-own", filepath.Join(w.srv, "link")))
	w.Mkdir(filepath.Join(w.tree, w.srv, "link"))
	w.says(w.Canary+"\n", "cat "+w.srv+"/link/which", "--read", w.srv+"/link,from=host")
	// One that the jail could have made is not followed out of what it can change.
	testenv.Must(t, os.Symlink(w.Home+"/Documents", filepath.Join(data, "planted")))
	w.Mkdir(filepath.Join(w.tree, data, "planted"))
	w.refused("which the jail can change", "--write", data+",from=host", "--read", data+"/planted,from=host")
	testenv.Must(t, os.Symlink(w.Home+"/Documents", filepath.Join(w.tree, "planted")))
	w.Mkdir(filepath.Join(w.tree, w.tree, "planted"))
	w.refused("which the jail can change", "--write", "/", "--read", w.tree+"/planted,from=host")
}

func TestHidingInTheRoot(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := newOwnRoot(t)
	data := filepath.Join(w.srv, "data")
	seen := func(name string) string {
		return "cat '" + name + "' 2>/dev/null || echo nothing"
	}
	for _, c := range []struct{ name, hide string }{
		{data + "/which", data + "/which"},
		{data + "/which", data},
		{data + "/which", w.srv + "/*"},
		{data + "/deep/which", data + "/*"},
		{w.Home + "/.ssh/id_ed25519", "@secrets"},
	} {
		home := []string{"--home", "host", "--read", "/"}
		if c.hide != "@secrets" {
			w.says("tree\n", seen(c.name), home...)
			w.says("nothing\n", seen(c.name), append(home, "--hide", c.hide)...)
			w.says(w.Canary+"\n", seen(c.name), append(home, "--read", w.Root+",from=host")...)
		} else { // the profile hides them
			w.says("nothing\n", seen(c.name), home...)
			w.says("tree\n", seen(c.name), append(home, "--read", c.name)...)
		}
		// What is hidden is hidden in what comes from the host as well.
		w.says("nothing\n", seen(c.name), append(home, "--hide", c.hide, "--read", w.Root+",from=host")...)
	}
}

// What the host runs later stays as it is, under whatever name a jail with a root of its
// own has it.
func TestStartupOfTheHostInARoot(t *testing.T) {
	t.Parallel()
	w := newOwnRoot(t)
	bashrc := filepath.Join(w.Home, ".bashrc")
	unchanged := w.hostUnchanged()
	change := func(name string) string {
		return "echo x >>" + name + "; rm " + name + "; mv " + name + " " + name + ".old; true"
	}
	w.says("", change(bashrc)+" 2>/dev/null", "--home", "host", "--write", "~,from=host")
	unchanged()
	// The root is the home itself: ~/.bashrc is /.bashrc there, and what is secret is too.
	for _, dir := range []string{"bin", "proc", "dev", "tmp", "var/tmp", w.Home} {
		w.Mkdir(filepath.Join(w.Home, dir))
	}
	for _, name := range []string{"busybox", "sh", "rm", "mv", "cat", "touch"} {
		testenv.Must(t, os.WriteFile(filepath.Join(w.Home, "bin", name), testenv.ReadFile(t, filepath.Join(w.tree, "bin/busybox")), 0o755))
	}
	unchanged = w.hostUnchanged()
	home := []string{"run", "--profile", "default", "--root", w.Home, "--write", "/"}
	r := w.Succeeds(append(home, "/bin/sh", "-c", change("/.bashrc")+"; mv /bin/jail-made /x; cat /.ssh/id_ed25519 || true")...)
	if strings.Contains(r.Stdout, w.Canary) {
		t.Errorf("the root shows what is secret in the home:\n%s", r.Stdout)
	}
	unchanged()
	// The guards off: it works.
	r = w.Succeeds(append(home, "--read", "/.ssh/id_ed25519", "--write", "/.bashrc", "/bin/sh", "-c", "echo x >>/.bashrc; cat /.ssh/id_ed25519")...)
	if r.Stdout != w.Canary+"\n" || !strings.HasSuffix(w.Read(bashrc), "x\n") {
		t.Errorf("named exactly, the files are out of reach:\n%s", r.Output())
	}
}

func TestProgramsOfTheRoot(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := newOwnRoot(t)
	root := []string{"run", "--profile", "default", "--root", w.tree}
	if r := w.Succeeds(append(root, "/bin/only-in-the-tree", "cat", filepath.Join(w.srv, "data/which"))...); r.Stdout != "tree\n" {
		t.Errorf("got %q", r.Stdout)
	}
	w.Env = append(w.Env, "PATH=/nowhere:/bin")
	w.Succeeds(append(root, "only-in-the-tree", "true")...)
	// What only the host has is not found.
	w.Write(filepath.Join(w.srv, "hosts-own/program"), "#!/bin/sh\n")
	testenv.Must(t, os.Chmod(filepath.Join(w.srv, "hosts-own/program"), 0o755))
	for _, name := range []string{filepath.Join(w.srv, "hosts-own/program"), "env", "./which"} {
		if r := w.Jail(append(root, name)...); r.Status != 127 && r.Status != 126 {
			t.Errorf("%s: exit status %d\n%s", name, r.Status, r.Output())
		}
	}
	if r := w.Jail(append(root, "/usr/bin/env")...); r.Status != 127 || !strings.Contains(r.Stderr, "which is the root of this jail") {
		t.Errorf("exit status %d\n%s", r.Status, r.Output())
	}
	// The working directory is the tree's, where it has one of that name.
	w.says(w.Project+"\n", "readlink /proc/self/cwd", "--read", ".")
}

func TestSocketsOfTheRoot(t *testing.T) {
	t.Parallel()
	w := newOwnRoot(t)
	path := filepath.Join(w.Root, "run/s")
	for _, name := range []string{path, filepath.Join(w.tree, path)} {
		w.Mkdir(filepath.Dir(name))
		l, err := net.Listen("unix", name)
		testenv.Must(t, err)
		t.Cleanup(func() { _ = l.Close() })
		go testenv.Accept(l)
	}
	profile := w.Profile("extends: [default]\nfilesystem: {root: " + w.tree + "}\nsockets: [" + path + "]\n")
	r := w.Succeeds("explain", profile, path)
	if !strings.Contains(r.Stdout, "can be connected to") || !strings.Contains(r.Stdout, filepath.Join(w.tree, path)) {
		t.Errorf("jail explain says %q", r.Stdout)
	}
	w.Succeeds("run", "--profile", profile, "/bin/sh", "-c", "test -S "+path)
	testenv.Must(t, os.Remove(filepath.Join(w.tree, path)))
	if r := w.Jail("run", "--profile", profile, "/bin/sh", "-c", "test -S "+path); r.Status == 0 {
		t.Error("the host's socket takes the place of one that the root lacks")
	}
	w.Write(filepath.Join(w.tree, path), "")
	w.Succeeds("run", "--profile", w.Profile("extends: [default]\nfilesystem: {root: "+w.tree+"}\nsockets: [{path: "+path+", from: host}]\n"), "/bin/sh", "-c", "test -S "+path)
}

// What can't be about the root is refused with its place, by check too.
func TestRefusalsAboutTheRoot(t *testing.T) {
	t.Parallel()
	w := newOwnRoot(t)
	for _, c := range []struct{ rules, want string }{
		{"read: [{path: " + w.srv + "/hosts-own, required: true}]", "does not exist"},
		{"read: [{path: " + w.srv + "/hosts-own, from: host}]", `has no directory "` + w.srv + `/hosts-own"`},
		{"tmpfs: [/none]", `has no directory "/none"`},
		{"read: [{path: /, from: host}]", "can't be the host's as well"},
		{"read: [{path: " + w.srv + "/data/which, from: host}], tmpfs: [" + w.srv + "/data/which]", "is listed twice"},
	} {
		profile := w.Profile("extends: [base]\nfilesystem: {root: " + w.tree + ", " + c.rules + "}\n")
		for _, args := range [][]string{{"check", profile}, {"run", "--profile", profile, "/bin/sh"}, {"plan", "--profile", profile, "/bin/sh"}} {
			r := w.Jail(args...)
			if r.Status == 0 || !strings.Contains(r.Stderr, c.want) || !strings.Contains(r.Stderr, "test.yaml:2:") {
				t.Errorf("%q of %s: exit status %d, want %q\n%s", args[0], c.rules, r.Status, c.want, r.Output())
			}
		}
	}
	profile := w.Profile("extends: [base]\nfilesystem:\n  root: " + w.tree + "\n  read: [" + w.srv + "/hosts-own, " + w.srv + "/nowhere]\n")
	if r := w.Succeeds("check", profile); strings.Count(r.Stderr, "warning") != 1 || !strings.Contains(r.Stderr, "test.yaml:4:") || !strings.Contains(r.Stderr, "from: host") {
		t.Errorf("check says of a path that only the host has:\n%s", r.Output())
	}
	bare := filepath.Join(w.Root, "bare")
	w.Mkdir(filepath.Join(bare, "proc"))
	w.Write(filepath.Join(bare, "bin/sh"), "#!/nothing\n")
	testenv.Must(t, os.Chmod(filepath.Join(bare, "bin/sh"), 0o755))
	w.refused(`has no directory "/dev"`, "--root", bare)
	w.refused("does not exist", "--root", filepath.Join(w.Root, "nowhere"))
	for name, target := range map[string]string{"to-proc": "/proc/sys", "to-dev": "/dev"} {
		testenv.Must(t, os.Symlink(target, filepath.Join(w.Root, name)))
		w.refused("leads into", "--root", filepath.Join(w.Root, name))
	}
}

// The grade is about the host's files, wherever the jail shows them, and a probe inside
// finds the same.
func TestScoreOfARoot(t *testing.T) {
	t.Parallel()
	w := newOwnRoot(t)
	score := []string{"score", "--profile", "default", "--root", w.tree, "--home", "host", "--explain"}
	measure := []string{"--measure"}
	if !testenv.Static(t, testenv.WholeJail()) { // the probe is jail itself, and this root has no loader for it
		measure = nil
		if r := w.Jail(append(score, "--measure")...); r.Status == 0 || !strings.Contains(r.Stderr, "needs a dynamic loader") {
			t.Errorf("measured without a loader: exit status %d, %s", r.Status, r.Output())
		}
	}
	score = append(score, measure...)
	exposed := func(r *testenv.Result, name string) bool {
		return strings.Contains(r.Stdout, "can be written: "+name) || strings.Contains(r.Stdout, "can be read: "+name)
	}
	for _, flags := range [][]string{nil, {"--write", "/"}, {"--read", "~", "--write", "~/Documents"}, {"--overlay", w.srv}} {
		r := w.Succeeds(slices.Concat(score, flags)...)
		if exposed(r, w.Home) || !strings.Contains(r.Stdout, "nothing of it is exposed") {
			t.Errorf("with %q something of the home is exposed:\n%s", flags, r.Stdout)
		}
	}
	r := w.Succeeds(append(score, "--write", "~,from=host")...)
	if !exposed(r, w.Home) {
		t.Errorf("the home is not exposed:\n%s", r.Stdout)
	}
	for _, dir := range []string{"proc", "dev", "tmp", "var/tmp", "bin"} {
		w.Mkdir(filepath.Join(w.Home, dir))
	}
	r = w.Succeeds(append([]string{"score", "--profile", "default", "--root", w.Home, "--home", "host", "--explain", "--write", "/"}, measure...)...)
	if !exposed(r, w.Home) {
		t.Errorf("the home is not exposed as a root:\n%s", r.Stdout)
	}
}

// In another sandbox a root of its own is the same; a jail in a jail is refused.
func TestRootInAnotherSandbox(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "bwrap")
	w := newOwnRoot(t)
	data := filepath.Join(w.srv, "data")
	bwrap := []string{"bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"}
	profile := w.Profile("extends: [default]\nnamespaces: {user: true}\nsyscalls: {default: allow}\nlandlock: off\nfilesystem: {home: host, read: [\"" +
		strings.Join(append(testenv.JailFiles(), w.tree, w.srv), `", "`) + "\"]}\n")
	unchanged := w.hostUnchanged()
	for _, c := range []struct{ want, from string }{{"tree\n", ""}, {w.Canary + "\n", ",from=host"}} {
		inner := []string{
			testenv.JailBin, "run", "--profile", "default", "--root", w.tree, "--overlay", data + c.from, "/bin/sh", "-c",
			"cat " + data + "/which; touch " + w.srv + "/hosts-own/escaped " + w.srv + "/escaped " + data + "/escaped 2>/dev/null; true",
		}
		if r := w.Host(slices.Concat(bwrap, inner)...); r.Status != 0 || r.Stdout != c.want {
			t.Errorf("in bubblewrap, with %q: exit status %d, want %q\n%s", c.from, r.Status, c.want, r.Output())
		}
		if r := w.Jail(slices.Concat([]string{"run", "--profile", profile}, inner)...); r.Stdout != "" && r.Stdout != c.want {
			t.Errorf("in a jail, with %q: exit status %d, want %q or nothing\n%s", c.from, r.Status, c.want, r.Output())
		}
	}
	unchanged()
}

// A name that looks like a pattern is a file where the root has one, not where the host
// has one.
func TestNamesAndPatternsInARoot(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := newOwnRoot(t)
	w.Write(filepath.Join(w.tree, w.srv, "a[1]/which"), "brackets\n")
	w.Write(filepath.Join(w.tree, w.srv, "a1/which"), "one\n")
	w.Write(filepath.Join(w.srv, "b*/which"), w.Canary+"\n")
	w.Write(filepath.Join(w.tree, w.srv, "b2/which"), "two\n")
	hidden := func(name string) string { return "cat '" + w.srv + "/" + name + "/which' 2>/dev/null || echo nothing" }
	w.says("nothing\n", hidden("a[1]"), "--hide", w.srv+"/a[1]")
	w.says("one\n", hidden("a1"), "--hide", w.srv+"/a[1]")
	w.says("nothing\n", hidden("a1"), "--hide", w.srv+"/a[12]")
	w.says("two\n", hidden("b2"), "--read", w.srv+"/b[2]")
	w.refused("does not exist", "--read", w.srv+"/b*") // the host's file, by its name
}

// What plan, show and explain say is about the root.
func TestWhatIsSaidOfARoot(t *testing.T) {
	t.Parallel()
	w := newOwnRoot(t)
	data := filepath.Join(w.srv, "data")
	root := []string{"--profile", "default", "--root", w.tree}
	r := w.Succeeds(slices.Concat([]string{"plan"}, root, []string{"--write", data, "/bin/only-in-the-tree"})...)
	if strings.Contains(r.Stdout, `"`+w.srv) || !strings.Contains(r.Stdout, `"`+w.tree+w.srv) {
		t.Errorf("the plan opens the host's directory:\n%s", r.Stdout)
	}
	if r := w.Succeeds("plan", "--root", w.tree, "/bin/only-in-the-tree"); !strings.Contains(r.Stdout, "execve") {
		t.Errorf("the plan executes nothing:\n%s", r.Stdout)
	}
	for _, c := range []struct{ flag, path, want string }{
		{"--read", data, "on this host it is \"" + w.tree + data + "\""},
		{"--write", data + ",from=host", "on this host it is \"" + data + "\""},
		{"--read", "/bin", "does not exist in the root of this jail"},
		{"--hide", data, "hidden"},
	} {
		asked, _, _ := strings.Cut(c.path, ",")
		if strings.HasPrefix(c.want, "does not exist") {
			asked = filepath.Join(w.srv, "hosts-own")
		}
		if r := w.Succeeds(slices.Concat([]string{"explain"}, root, []string{c.flag, c.path, asked})...); !strings.Contains(r.Stdout, c.want) {
			t.Errorf("explain %s with %s %s: want %q\n%s", asked, c.flag, c.path, c.want, r.Stdout)
		}
	}
	r = w.Succeeds(slices.Concat([]string{"explain"}, root, []string{w.srv + "/*"})...)
	if strings.Contains(r.Stdout, "hosts-own") || !strings.Contains(r.Stdout, "trees-own") {
		t.Errorf("a pattern is looked for on the host:\n%s", r.Stdout)
	}
	if r := w.Succeeds(slices.Concat([]string{"show"}, root, []string{"--read", data + ",from=host"})...); !strings.Contains(r.Stdout, "from: host") {
		t.Errorf("show leaves out where a path comes from:\n%s", r.Stdout)
	}
}
