package jail

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/diag"
)

// planText prints a plan the way it is reviewed: every op and the line that
// asked for it.
func planText(c *Compiled) string {
	var b strings.Builder
	p := c.Plan
	fmt.Fprintf(&b, "namespaces %#x, reap %v\n", p.Namespaces, p.Reap)
	for _, part := range []struct {
		name string
		ops  []Op
	}{{"setup", p.Setup}, {"init", p.Init}, {"program", p.Program}} {
		fmt.Fprintf(&b, "%s:\n", part.name)
		for i := range part.ops {
			o := &part.ops[i]
			if o.Subject == "capabilities" {
				continue // the same 41 lines everywhere
			}
			at := ""
			if o.At != nil && !o.At.IsZero() {
				at = fmt.Sprintf("  # line %d", o.At.Start.Line)
			}
			fmt.Fprintf(&b, "  %s%s\n", o, at)
		}
	}
	return b.String()
}

// TestPlans compares whole plans for a host that does not exist.
func TestPlans(t *testing.T) {
	oldKernel := fakeHost()
	oldKernel.Kernel = Kernel{Landlock: 1}
	oldKernel.Stdio[1].Kind = StreamFile
	root := fakeHost()
	root.UID, root.GID, root.ProcSysReadOnly = 0, 0, true
	for _, c := range []struct {
		name, text string
		host       *Host
	}{
		{"nothing", "filesystem: {read: [/usr]}\n", fakeHost()},
		{"links", "filesystem: {read: [/usr, /bin, /lib, ~/docs]}\nsyscalls: {default: allow}\n", fakeHost()},
		{"nested", "filesystem:\n  read: [/usr, ~/.ssh/known_hosts]\n  write: [~/src]\n  hide: [~/.ssh, /etc/ssl]\n  tmpfs: [/tmp, ~/src/tmp]\n", withDir(fakeHost(), "/home/ann/src/tmp")},
		{"hidden-parent", "filesystem:\n  read: [/usr, \"~\", ~/.ssh/known_hosts]\n  hide: [~/.ssh]\n", fakeHost()},
		{"whole-root", "filesystem:\n  read: [/]\n  tmpfs: [/tmp]\n  hide: [/etc/passwd]\n", fakeHost()},
		{"overlay", "filesystem:\n  read: [/usr]\n  overlay:\n    - {path: ~/src, changes: discard}\n    - {path: ~/Downloads, keep: ~/kept}\n", fakeHost()},
		{"private-home", "filesystem:\n  read: [/usr, ~/.ssh/known_hosts]\n  home: private\n", fakeHost()},
		{"empty-home", "filesystem:\n  read: [/usr]\n  write: [~/src]\n  home: empty\n", fakeHost()},
		{"create", "filesystem:\n  read: [/usr]\n  write:\n    - {path: ~/.new/deep, create: directory}\n    - {path: ~/.new/file, create: file}\n", fakeHost()},
		{"old-kernel", "filesystem:\n  read: [/usr, /bin]\n  hide: [/usr/lib]\n", oldKernel},
		{"other-root", "filesystem:\n  root: /srv/other\n  read: [/usr]\n  hide: [/etc/only-there, /etc/passwd]\n", withOther(fakeHost())},
		{"without-landlock", "filesystem: {read: [/]}\nlandlock: off\n", piped(fakeHost())},
		{"whole-root-nested", "filesystem: {write: [/]}\nnamespaces: {user: true}\n", piped(fakeHost())},
		{"as-root", "filesystem:\n  read: [/usr]\n", root},
		{"shared", "filesystem: {read: [/usr]}\nnetwork: host\nnamespaces: {pid: false, ipc: false, uts: false, cgroup: false, time: true, user: true}\n", fakeHost()},
		{"identity", "filesystem: {read: [/usr]}\nidentity: {user: root, hostname: box, machine-id: host}\ncapabilities: {keep: [chown, net_raw]}\nlimits: {open-files: 10, processes: 5, file-size: 1K}\n", fakeHost()},
		{"group", "filesystem: {read: [/usr]}\nlimits: {memory: 64M, cpu: 50%, processes: 5}\n", fakeHost()},
	} {
		t.Run(c.name, func(t *testing.T) {
			compiled, problems := compileFor(t, c.text, c.host, "/usr/bin/true")
			if problems.HasErrors() {
				t.Fatal(problems)
			}
			golden(t, "plan-"+c.name+".txt", planText(compiled))
		})
	}
}

// piped has nothing but pipes as standard input, output and error.
func piped(h *Host) *Host {
	h.Stdio = [3]Stream{}
	return h
}

func withVenv(h *Host) *Host {
	h.Files.(fakeFiles)["/srv/venv/python"] = "/usr/bin/true"
	return h
}

// withOther has a root file system of its own in /srv/other, with a file that
// the host has not and without one that it has.
func withOther(h *Host) *Host {
	files := h.Files.(fakeFiles)
	files["/srv/other/etc/only-there"], files["/srv/other/usr/bin/true"] = "-", "x"
	return h
}

func withDir(h *Host, dir string) *Host {
	h.Files.(fakeFiles)[dir] = ""
	return h
}

// TestCompileIsPure compiles twice and compares.
func TestCompileIsPure(t *testing.T) {
	const text = "filesystem:\n  read: [/usr, /etc, ~/docs]\n  write: [~/src]\n  hide: [\"@secrets\"]\n"
	a, _ := compileFor(t, text, fakeHost(), "/usr/bin/true")
	b, _ := compileFor(t, text, fakeHost(), "/usr/bin/true")
	if planText(a) != planText(b) {
		t.Error("two compilations of one policy differ")
	}
}

func TestRefusals(t *testing.T) {
	writableHome := fakeHost()
	writableHome.Files.(fakeFiles)["/home/ann/out"] = "/srv/docs"
	inHome := fakeHost()
	inHome.Cwd = "/home"
	noHome := fakeHost()
	noHome.Home = ""
	for _, c := range []struct {
		name, text, code string
		host             *Host
		argv             []string
	}{
		{"required", "filesystem:\n  read: [/usr, {path: /nowhere, required: true}]\n", "path-missing", fakeHost(), nil},
		{"planted link", "filesystem:\n  read: [/usr, ~/out]\n  write: [\"~\"]\n", "link-in-writable", writableHome, nil},
		{"overlay of a file", "filesystem:\n  read: [/usr]\n  overlay: [{path: /etc/passwd, changes: discard}]\n", "not-a-directory", fakeHost(), nil},
		{"layer inside its directory", "filesystem:\n  read: [/usr]\n  overlay: [{path: ~/src, keep: ~/src/layer}]\n", "keep-inside", fakeHost(), nil},
		{"device", "filesystem:\n  read: [/usr, /dev/null]\n", "reserved-path", fakeHost(), nil},
		{"tmpfs without a place", "filesystem:\n  read: [/usr]\n  tmpfs: [/usr/none]\n", "no-mount-point", fakeHost(), nil},
		{"required variable", "filesystem:\n  read: [/usr, {path: ~/x, required: true}]\n", "path-unset", noHome, nil},
		{"home as a project", "filesystem: {read: [/usr], write: [\"${CWD}\"]}\n", "cwd-too-wide", inHome, nil},
		{"sys_admin", "filesystem: {read: [/usr]}\ncapabilities: {keep: [sys_admin]}\n", "undoes-jail", fakeHost(), nil},
		{"all capabilities", "filesystem: {read: [/usr]}\ncapabilities: {drop: !replace [chown]}\n", "undoes-jail", fakeHost(), nil},
		{"visible layer", "filesystem:\n  read: [/usr, ~/Downloads]\n  overlay: [{path: ~/src, keep: ~/Downloads/layer}]\n", "keep-visible", fakeHost(), nil},
		{"device of the jail", "filesystem:\n  read: [/usr]\n  hide: [/dev/full]\n", "reserved-path", fakeHost(), nil},
		{"program missing", "filesystem: {read: [/usr]}\n", CodeNotFound, fakeHost(), []string{"nothing"}},
		{"program is a directory", "filesystem: {read: [/usr]}\n", CodeNotExecutable, fakeHost(), []string{"/usr/lib"}},
		{"program not executable", "filesystem: {read: [/usr, /etc]}\n", CodeNotExecutable, fakeHost(), []string{"/etc/passwd"}},
		{"program invisible", "filesystem: {read: [/etc]}\n", CodeNotExecutable, fakeHost(), []string{"true"}},
		{"link to a program", "filesystem: {read: [/usr]}\n", CodeNotExecutable, withVenv(fakeHost()), []string{"/srv/venv/python"}},
		{"program hidden", "filesystem: {read: [/usr], hide: [/usr/bin/true]}\n", CodeNotExecutable, fakeHost(), []string{"true"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			argv := c.argv
			if argv == nil {
				argv = []string{"/usr/bin/true"}
			}
			compiled, problems := compileFor(t, c.text, c.host, argv...)
			if !slices.ContainsFunc(problems, func(d diag.Diagnostic) bool { return d.Code == c.code }) {
				t.Errorf("no %s among %v", c.code, problems)
			}
			if compiled.Plan != nil {
				t.Error("there is a plan all the same")
			}
		})
	}
}

func TestEnvironmentIsTheKeptList(t *testing.T) {
	h := fakeHost()
	h.Env = []string{"LANG=1", "LANGCHAIN_API_KEY=2", "LC_ALL=3", "LC=4", "A=5", "A=6", "=7", "B", "C=8", "PATH=/usr/bin"}
	c, problems := compileFor(t, "filesystem: {read: [/usr]}\nenvironment:\n  keep: [LANG, \"LC_*\", A, B]\n  set: {C: fixed, H: \"${HOME}/x\"}\n", h, "/usr/bin/true")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	want := []string{"LANG=1", "LC_ALL=3", "A=5", "C=fixed", "H=/home/ann/x"}
	got := slices.Clone(c.Plan.Env)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("environment %q, want %q", got, want)
	}
}

// TestOnlyListedABIs: a policy that refuses no call has a filter all the same.
func TestOnlyListedABIs(t *testing.T) {
	c, problems := compileFor(t, "filesystem: {read: [/usr]}\nsyscalls: {default: allow, architectures: !replace [x86]}\n", fakeHost(), "/usr/bin/true")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if c.Plan.Filter == nil || !slices.Equal(c.Plan.Filter.Arches, []string{"x86"}) {
		t.Errorf("the filter is %v", c.Plan.Filter)
	}
}

func TestView(t *testing.T) {
	c, problems := compileFor(t, "filesystem:\n  read: [/usr, /srv/docs, ~/.ssh/known_hosts]\n  write: [\"~\"]\n  hide: [\"@secrets\"]\n  tmpfs: [/tmp]\n", fakeHost(), "/usr/bin/true")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for path, want := range map[string]string{
		"/usr/bin/true": "r", "/etc/passwd": "-", "/srv/docs/x": "r", "/home/ann/.ssh/id_rsa": "-", "/home/ann/.ssh": "-",
		"/home/ann/.ssh/known_hosts": "r", "/home/ann/src/main.c": "w", "/home/ann/.bashrc": "r", "/home/ann/src/.git/hooks": "r",
		"/home/ann/.cache/jail/x": "-", "/home/ann/.config/jail/profiles": "r", "/home/ann2/x": "-", "/tmp/x": "-",
	} {
		s, _ := c.View.root.lookup(path)
		got := "-"
		if s.bound && s.writable {
			got = "w"
		} else if s.bound {
			got = "r"
		}
		if got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// What a value of environment.set says is a text, not a path: only ${ has a
// meaning in it. PATH says where the program is looked for.
func TestEnvironmentText(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"${HOME}/x", "/home/ann/x"},
		{"$${HOME}", "${HOME}"},
		{`a\*b?[${USER}]$HOME`, `a\*b?[ann]$HOME`},
		{`a\*b`, `a\*b`},
	} {
		compiled, problems := compileFor(t, "filesystem: {read: [/usr, /bin, /lib]}\nenvironment: {set: {V: '"+c.text+"'}}\n", fakeHost(), "/usr/bin/true")
		if problems.HasErrors() {
			t.Fatalf("%s: %v", c.text, problems)
		}
		if got := compiled.Plan.Env; !slices.Equal(got, []string{"V=" + c.want}) {
			t.Errorf("%s became %q, want V=%s", c.text, got, c.want)
		}
	}
	h := fakeHost()
	files, ok := h.Files.(fakeFiles)
	if !ok {
		t.Fatal("another kind of files")
	}
	files["/home/ann/tools/tool"] = "x"
	compiled, problems := compileFor(t, "filesystem: {read: [~/tools]}\nenvironment: {set: {PATH: '${HOME}/tools'}}\n", h, "tool")
	if problems.HasErrors() || compiled.Plan.Path != "/home/ann/tools/tool" {
		t.Errorf("a PATH with a variable: %v", problems)
	}
}
