package compile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/plan"
)

// planText prints a plan the way it is reviewed: every op and the line that
// asked for it.
func planText(c *Compiled) string {
	var b strings.Builder
	p := c.Plan
	fmt.Fprintf(&b, "namespaces %#x, reap %v\n", p.Namespaces, p.Reap)
	for _, part := range []struct {
		name string
		ops  []plan.Op
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
	oldKernel := jailtest.Desktop()
	oldKernel.Kernel = host.Kernel{Landlock: 1}
	oldKernel.Stdio[1].Kind = host.StreamFile
	root := jailtest.Desktop()
	root.UID, root.GID, root.ProcSysReadOnly = 0, 0, true
	for _, c := range []struct {
		name, text string
		host       *host.Host
	}{
		{"nothing", "filesystem: {read: [/usr]}\n", jailtest.Desktop()},
		{"links", "filesystem: {read: [/usr, /bin, /lib, ~/docs]}\nsyscalls: {default: allow}\n", jailtest.Desktop()},
		{"nested", "filesystem:\n  read: [/usr, ~/.ssh/known_hosts]\n  write: [~/src]\n  hide: [~/.ssh, /etc/ssl]\n  tmpfs: [/tmp, ~/src/tmp]\n", withDir(jailtest.Desktop(), "/home/ann/src/tmp")},
		{"hidden-parent", "filesystem:\n  read: [/usr, \"~\", ~/.ssh/known_hosts]\n  hide: [~/.ssh]\n", jailtest.Desktop()},
		{"whole-root", "filesystem:\n  read: [/]\n  tmpfs: [/tmp]\n  hide: [/etc/passwd]\n", jailtest.Desktop()},
		{"overlay", "filesystem:\n  read: [/usr]\n  overlay:\n    - {path: ~/src, changes: discard}\n    - {path: ~/Downloads, keep: ~/kept}\n", jailtest.Desktop()},
		{"private-home", "filesystem:\n  read: [/usr, ~/.ssh/known_hosts]\n  home: private\n", jailtest.Desktop()},
		{"empty-home", "filesystem:\n  read: [/usr]\n  write: [~/src]\n  home: empty\n", jailtest.Desktop()},
		{"create", "filesystem:\n  read: [/usr]\n  write:\n    - {path: ~/.new/deep, create: directory}\n    - {path: ~/.new/file, create: file}\n", jailtest.Desktop()},
		{"old-kernel", "filesystem:\n  read: [/usr, /bin]\n  hide: [/usr/lib]\n", oldKernel},
		{"other-root", "filesystem:\n  root: /srv/other\n  read: [/usr]\n  hide: [/etc/only-there, /etc/passwd]\n", withOther(jailtest.Desktop())},
		{"other-root-and-host", "filesystem:\n  root: /srv/other\n  write:\n    - /etc\n    - {path: ~/docs, from: host}\n  overlay: [/usr]\n  hide: [/srv/docs/x]\n", withOther(jailtest.Desktop())},
		{"without-landlock", "filesystem: {read: [/]}\nlandlock: off\n", piped(jailtest.Desktop())},
		{"whole-root-nested", "filesystem: {write: [/]}\nnamespaces: {user: true}\n", piped(jailtest.Desktop())},
		{"as-root", "filesystem:\n  read: [/usr]\n", root},
		{"shared", "filesystem: {read: [/usr]}\nnetwork: host\nnamespaces: {pid: false, ipc: false, uts: false, cgroup: false, time: true, user: true}\n", jailtest.Desktop()},
		{"filtered", "filesystem: {read: [/usr]}\nnetwork: {mode: filtered, allow: [\"example.org:443\"]}\n", withIPv6(jailtest.Desktop())},
		{"ports", "filesystem: {read: [/usr]}\nnetwork: {publish: [\"8080:80\"]}\nlandlock: {connect: [443, 80]}\n", jailtest.Desktop()},
		{"display-filtered", "filesystem: {read: [/usr], tmpfs: [/tmp]}\ndisplay: {x11: filtered}\n", withDisplay()},
		{"display-host", "filesystem: {read: [/usr]}\ndisplay: {x11: host}\n", withDisplay()},
		{"identity", "filesystem: {read: [/usr]}\nidentity: {user: root, hostname: box, machine-id: host}\ncapabilities: {keep: [chown, net_raw]}\nlimits: {open-files: 10, processes: 5, file-size: 1K}\n", jailtest.Desktop()},
		{"group", "filesystem: {read: [/usr]}\nlimits: {memory: 64M, cpu: 50%, processes: 5}\n", jailtest.Desktop()},
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
func piped(h *host.Host) *host.Host {
	h.Stdio = [3]host.Stream{}
	return h
}

func withVenv(h *host.Host) *host.Host {
	h.Files.(jailtest.Files)["/srv/venv/python"] = "/usr/bin/true"
	return h
}

// withOther has a root file system of its own in /srv/other, with a file that
// the host has not and without one that it has.
func withOther(h *host.Host) *host.Host {
	files := h.Files.(jailtest.Files)
	files["/srv/other/etc/only-there"], files["/srv/other/usr/bin/true"] = "-", "x"
	files["/srv/other/dev"], files["/srv/other/proc"], files["/srv/other/home/ann/docs"] = "", "", ""
	return h
}

func withDir(h *host.Host, dir string) *host.Host {
	h.Files.(jailtest.Files)[dir] = ""
	return h
}

func withIPv6(h *host.Host) *host.Host {
	h.Files.(jailtest.Files)["/proc/self/net/if_inet6"] = "-"
	return h
}

// TestCompileIsPure compiles twice and compares.
func TestCompileIsPure(t *testing.T) {
	const text = "filesystem:\n  read: [/usr, /etc, ~/docs]\n  write: [~/src]\n  hide: [\"@secrets\"]\n"
	a, _ := compileFor(t, text, jailtest.Desktop(), "/usr/bin/true")
	b, _ := compileFor(t, text, jailtest.Desktop(), "/usr/bin/true")
	if planText(a) != planText(b) {
		t.Error("two compilations of one policy differ")
	}
}

func TestRefusals(t *testing.T) {
	writableHome := jailtest.Desktop()
	writableHome.Files.(jailtest.Files)["/home/ann/out"] = "/srv/docs"
	inHome := jailtest.Desktop()
	inHome.Cwd = "/home"
	noHome := jailtest.Desktop()
	noHome.Home = ""
	for _, c := range []struct {
		name, text, code string
		host             *host.Host
		argv             []string
	}{
		{"required", "filesystem:\n  read: [/usr, {path: /nowhere, required: true}]\n", "path-missing", jailtest.Desktop(), nil},
		{"planted link", "filesystem:\n  read: [/usr, ~/out]\n  write: [\"~\"]\n", "link-in-writable", writableHome, nil},
		{"overlay of a file", "filesystem:\n  read: [/usr]\n  overlay: [{path: /etc/passwd, changes: discard}]\n", "not-a-directory", jailtest.Desktop(), nil},
		{"layer inside its directory", "filesystem:\n  read: [/usr]\n  overlay: [{path: ~/src, keep: ~/src/layer}]\n", "keep-inside", jailtest.Desktop(), nil},
		{"device", "filesystem:\n  read: [/usr, /dev/null]\n", "reserved-path", jailtest.Desktop(), nil},
		{"tmpfs without a place", "filesystem:\n  read: [/usr]\n  tmpfs: [/usr/none]\n", "no-mount-point", jailtest.Desktop(), nil},
		{"required variable", "filesystem:\n  read: [/usr, {path: ~/x, required: true}]\n", "path-unset", noHome, nil},
		{"home as a project", "filesystem: {read: [/usr], write: [\"${CWD}\"]}\n", "cwd-too-wide", inHome, nil},
		{"sys_admin", "filesystem: {read: [/usr]}\ncapabilities: {keep: [sys_admin]}\n", "undoes-jail", jailtest.Desktop(), nil},
		{"all capabilities", "filesystem: {read: [/usr]}\ncapabilities: {drop: !replace [chown]}\n", "undoes-jail", jailtest.Desktop(), nil},
		{"visible layer", "filesystem:\n  read: [/usr, ~/Downloads]\n  overlay: [{path: ~/src, keep: ~/Downloads/layer}]\n", "keep-visible", jailtest.Desktop(), nil},
		{"no place for what is the host's", "filesystem:\n  root: /srv/other\n  read: [{path: ~/src, from: host}]\n", "no-mount-point", withOther(jailtest.Desktop()), nil},
		{"two roots", "filesystem:\n  root: /srv/other\n  read: [{path: /, from: host}]\n", "contradiction", withOther(jailtest.Desktop()), nil},
		{"a root in /dev", "filesystem: {root: /dev/x}\n", "reserved-path", withDir(jailtest.Desktop(), "/dev/x"), nil},
		{"device of the jail", "filesystem:\n  read: [/usr]\n  hide: [/dev/full]\n", "reserved-path", jailtest.Desktop(), nil},
		{"program missing", "filesystem: {read: [/usr]}\n", plan.CodeNotFound, jailtest.Desktop(), []string{"nothing"}},
		{"program is a directory", "filesystem: {read: [/usr]}\n", plan.CodeNotExecutable, jailtest.Desktop(), []string{"/usr/lib"}},
		{"program not executable", "filesystem: {read: [/usr, /etc]}\n", plan.CodeNotExecutable, jailtest.Desktop(), []string{"/etc/passwd"}},
		{"program invisible", "filesystem: {read: [/etc]}\n", plan.CodeNotExecutable, jailtest.Desktop(), []string{"true"}},
		{"link to a program", "filesystem: {read: [/usr]}\n", plan.CodeNotExecutable, withVenv(jailtest.Desktop()), []string{"/srv/venv/python"}},
		{"program hidden", "filesystem: {read: [/usr], hide: [/usr/bin/true]}\n", plan.CodeNotExecutable, jailtest.Desktop(), []string{"true"}},
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
	h := jailtest.Desktop()
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
	c, problems := compileFor(t, "filesystem: {read: [/usr]}\nsyscalls: {default: allow, architectures: !replace [x86]}\n", jailtest.Desktop(), "/usr/bin/true")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if !slices.Equal(c.Filter.Arches, []string{"x86"}) {
		t.Errorf("the filter is %v", c.Filter)
	}
}

func TestView(t *testing.T) {
	c, problems := compileFor(t, "filesystem:\n  read: [/usr, /srv/docs, ~/.ssh/known_hosts]\n  write: [\"~\"]\n  hide: [\"@secrets\"]\n  tmpfs: [/tmp]\n", jailtest.Desktop(), "/usr/bin/true")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for path, want := range map[string]string{
		"/usr/bin/true": "r", "/etc/passwd": "-", "/srv/docs/x": "r", "/home/ann/.ssh/id_rsa": "-", "/home/ann/.ssh": "-",
		"/home/ann/.ssh/known_hosts": "r", "/home/ann/src/main.c": "w", "/home/ann/.bashrc": "r", "/home/ann/src/.git/hooks": "r",
		"/home/ann/.cache/jail/x": "-", "/home/ann/.config/jail/profiles": "r", "/home/ann2/x": "-", "/tmp/x": "-",
	} {
		s, _ := c.View.Root.Lookup(path)
		got := "-"
		if s.Bound && s.Writable {
			got = "w"
		} else if s.Bound {
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
		compiled, problems := compileFor(t, "filesystem: {read: [/usr, /bin, /lib]}\nenvironment: {set: {V: '"+c.text+"'}}\n", jailtest.Desktop(), "/usr/bin/true")
		if problems.HasErrors() {
			t.Fatalf("%s: %v", c.text, problems)
		}
		if got := compiled.Plan.Env; !slices.Equal(got, []string{"V=" + c.want}) {
			t.Errorf("%s became %q, want V=%s", c.text, got, c.want)
		}
	}
	h := jailtest.Desktop()
	files, ok := h.Files.(jailtest.Files)
	if !ok {
		t.Fatal("another kind of files")
	}
	files["/home/ann/tools/tool"] = "x"
	compiled, problems := compileFor(t, "filesystem: {read: [~/tools]}\nenvironment: {set: {PATH: '${HOME}/tools'}}\n", h, "tool")
	if problems.HasErrors() || compiled.Plan.Path != "/home/ann/tools/tool" {
		t.Errorf("a PATH with a variable: %v", problems)
	}
}
