package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/cmd/jail/internal/measurement"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/score"
	"github.com/jail-project/jail/score/probe"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

// scene is a home with something of everything that a question is about.
func scene(t *testing.T) string {
	t.Helper()
	if !haveUserNamespaces() {
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			t.Fatal("this machine has no user namespaces")
		}
		t.Skip("this machine has no user namespaces")
	}
	if os.Getuid() == 0 {
		t.Skip("a home of root's is out of reach for a jail of root; `make test` runs this as an ordinary user")
	}
	if libseccomp.Version() == "" {
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			t.Fatal("this test was built without cgo, and cannot compile syscall filters")
		}
		t.Skip("this test was built without cgo, and cannot compile syscall filters")
	}
	home := t.TempDir()
	for _, name := range []string{
		".ssh/id_ed25519", ".bashrc", "Documents/diary", "project/main.c", ".config/jail/profiles/x", ".local/state/jail/x",
		"run/bus", "run/systemd/private", "run/docker.sock", "run/ssh-agent.socket", "run/tmux/default", "run/wayland-0", "run/pipewire-0",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(home, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"HOME": home, "XDG_RUNTIME_DIR": home + "/run", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": "", "XDG_STATE_HOME": "", "XDG_DATA_HOME": "",
		"GITHUB_TOKEN": "x", "PYTHONPATH": "/nowhere", "DISPLAY": ":0", "SSH_AUTH_SOCK": "",
	} {
		t.Setenv(name, value)
	}
	t.Chdir(home + "/project")
	return home
}

// compiled loads and compiles a profile with flags.
func compiled(t *testing.T, args ...string) (*loaded, score.Input) {
	t.Helper()
	var out bytes.Buffer
	a := &app{out: &out, err: &out, line: newCommandLine(append([]string{"jail", "score"}, args...))}
	s, _ := a.open(args, false)
	if s == nil {
		t.Fatal(out.String())
	}
	l, _ := a.loadNamed(s, &flags.Policy{}, args[len(args)-1])
	if l == nil {
		t.Fatal(out.String())
	}
	l.launching = true
	if !a.filterProgram(l) {
		t.Fatal(out.String())
	}
	l.host.Stdio = measurement.Streams(l.policy.Landlock.Use.V != "off")
	c, problems := l.compile()
	if problems.HasErrors() {
		t.Fatalf("%v", problems)
	}
	return l, l.scored(c)
}

// observed runs the probe in a plan with the questions of another one, and
// returns the ids of the checks that disagree.
func observed(t *testing.T, l *loaded, plan *plan.Plan, asked score.Input) ([]score.Measurement, []string) {
	t.Helper()
	// A launcher that makes its jail's connections cannot be looked into, and
	// could not start another jail; this process starts many.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	jail := measurement.Jail{Host: l.host, Options: l.options}
	found, warnings, err := jail.Measure(plan, asked)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v", err, warnings)
	}
	var ids []string
	for _, f := range found {
		if !f.Agrees {
			ids = append(ids, f.Question.Check)
		}
	}
	slices.Sort(ids)
	return found, slices.Compact(ids)
}

// weakening is one guard less: by a flag, or by ops that are left out or
// changed. The checks are those that have to notice.
type weakening struct {
	name   string
	flags  []string
	change func(*plan.Plan)
	checks []string
}

// without leaves out the ops of which a function says so.
func without(gone func(*plan.Op) bool) func(*plan.Plan) {
	return func(p *plan.Plan) {
		p.Setup = slices.DeleteFunc(p.Setup, func(o plan.Op) bool { return gone(&o) })
		p.Program = slices.DeleteFunc(p.Program, func(o plan.Op) bool { return gone(&o) })
	}
}

// forWhat tells whether an op is for something.
func forWhat(texts ...string) func(*plan.Op) bool {
	return func(o *plan.Op) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(o.Verb+" "+o.Subject, text) })
	}
}

// attributes clears bits of what is set for every mount.
func attributes(clear uint64, private bool) func(*plan.Plan) {
	return func(p *plan.Plan) {
		for i := range p.Setup {
			o := &p.Setup[i]
			switch {
			case o.Name == "fsmount":
				o.Args[2].Num &^= clear
			case len(o.Args) > 3 && o.Args[3].Block != nil && len(o.Args[3].Block.Bytes) == 32:
				b := slices.Clone(o.Args[3].Block.Bytes)
				binary.NativeEndian.PutUint64(b, binary.NativeEndian.Uint64(b)&^clear)
				if !private {
					binary.NativeEndian.PutUint64(b[16:], 0)
				}
				o.Args[3].Block = &plan.Block{Bytes: b, Show: o.Args[3].Block.Show}
			}
		}
	}
}

func weakenings(home string) []weakening {
	keep := func(names ...string) []string {
		var flags []string
		for _, n := range names {
			flags = append(flags, "--keep-cap", n)
		}
		return flags
	}
	shares := func(name string) []string { return []string{"--share", name} }
	var calls []string
	for _, c := range score.Checks() {
		// A filter that lets all through; these have kernels' own refusals.
		if c.Group == "syscalls" && c.Unmeasured == "" && c.ID != "modules" {
			calls = append(calls, c.ID)
		}
	}
	calls = slices.DeleteFunc(calls, func(id string) bool { return id == "filter" || id == "kernel-log" })
	calls = append(calls, "raw-sockets", "netlink", "rare-families", "rare-protocols", "nested-users")
	return []weakening{
		{"network", []string{"--network", "host"}, nil, []string{"network", "loopback"}},
		{"abstract sockets", []string{"--network", "host", "--landlock", "off", "--set", "sockets=*"}, nil, []string{"abstract-sockets"}},
		{"landlock", nil, without(func(o *plan.Op) bool { return strings.HasPrefix(o.Name, "landlock_") }), []string{"landlock", "standard-input"}},
		{"ipc", shares("ipc"), nil, []string{"ipc"}},
		{"cgroup", shares("cgroup"), nil, []string{"control-groups"}},
		{"pid", shares("pid"), nil, []string{"process-numbers"}},
		{"uts", shares("uts"), nil, []string{"host-name"}},
		{
			"capabilities", keep("setuid", "dac_override", "net_raw", "sys_ptrace", "sys_boot"), nil,
			[]string{"cap-users", "cap-files", "cap-network", "cap-processes", "cap-system"},
		},
		{"calls", []string{"--set", "syscalls.default=allow", "--set", "syscalls.architectures=x86", "--set", "syscalls.restrict-suid-sgid=false", "--set", "sockets=*"}, nil, calls},
		{"filter", []string{"--set", "sockets=*"}, without(func(o *plan.Op) bool { return o.Name == "seccomp" }), []string{"filter"}},
		{"environment", []string{"--env", "*"}, nil, []string{"environment", "credentials", "loader-variables", "service-variables"}},
		{
			"home",
			[]string{"--home", "host", "--write", home, "--set", "filesystem.startup.automatic=report"},
			nil,
			[]string{"home", "personal-files", "startup-files", "new-startup-files", "project", "writable-files"},
		},
		{"project", []string{"--write", home + "/project"}, nil, []string{"project", "writable-files"}},
		{"secrets", []string{"--home", "host", "--read", home + "/.ssh"}, nil, []string{"secrets"}},
		{
			"services",
			[]string{"--home", "host", "--replace", "filesystem.hide", "--read", home + "/run"},
			nil,
			[]string{"runtime-directory", "session-bus", "service-manager", "container-engines", "agents", "shells", "wayland", "sound"},
		},
		{"temporary files", []string{"--write", "/tmp", "--write", "/var/tmp"}, nil, []string{"temporary-files"}},
		{"system", []string{"--read", "/root", "--read", "/etc", "--read", "/var", "--read", "/sys", "--read", "/mnt"}, without(func(o *plan.Op) bool {
			return o.Subject == "/etc/passwd" || o.Subject == "/etc/machine-id"
		}), []string{"system-secrets", "sysfs", "media", "logs", "accounts", "machine-id"}},
		{"system writable", []string{"--write", "/usr"}, nil, []string{"system-files"}},
		{"root", []string{"--read", "/"}, nil, []string{"whole-root"}},
		{"user", []string{"--user", "12345"}, nil, []string{"root-inside", "root-outside"}},
		{"session", nil, without(func(o *plan.Op) bool { return o.Name == "setsid" }), []string{"signals"}},
		{"descriptors", nil, func(p *plan.Plan) {
			_, _ = unix.Dup(0) // what a launcher would inherit, and pass on
			without(func(o *plan.Op) bool { return o.Name == "close_range" })(p)
		}, []string{"descriptors"}},
		{"secure bits", nil, without(func(o *plan.Op) bool { return len(o.Args) > 0 && o.Args[0].Text == "PR_SET_SECUREBITS" }), []string{"securebits"}},
		{"limits", nil, without(func(o *plan.Op) bool { return o.Verb == "limit" }), []string{"core-dumps", "process-limit", "shared-quotas"}},
		{"score", nil, without(func(o *plan.Op) bool { return o.Subject == "the jail" && strings.Contains(o.Verb, "memory") }), []string{"out-of-memory"}},
		{"number of namespaces", nil, without(forWhat("nested user namespaces", "max_user_namespaces")), []string{"nested-users"}},
		{
			"/proc", nil, without(func(o *plan.Op) bool {
				return (o.Verb == "hide" || o.Verb == "make read-only") && strings.HasPrefix(o.Subject, "/proc/")
			}),
			[]string{"kernel-settings", "kernel-facts"},
		},
		{"set-user-id", nil, attributes(unix.MOUNT_ATTR_NOSUID, true), []string{"no-setuid"}},
		{"device files", nil, attributes(unix.MOUNT_ATTR_NODEV, true), []string{"no-device-files"}},
		{"sizes", nil, without(func(o *plan.Op) bool { return o.Name == "fsconfig" && len(o.Args) > 2 && o.Args[2].Text == "nr_inodes" }), []string{"bounded-memory"}},
		{"/dev", nil, func(p *plan.Plan) {
			for i := range p.Setup {
				if o := &p.Setup[i]; o.Name == "mkdirat" && o.Args[1].Text == "dev/pts" {
					more := *o
					more.Args = slices.Clone(o.Args)
					more.Args[1].Text = "dev/kvm"
					p.Setup = slices.Insert(p.Setup, i, more)
					return
				}
			}
		}, []string{"devices"}},
	}
}

// blunt lists checks with a probe that nothing here makes disagree, and why.
func blunt() map[string]string {
	return map[string]string{
		"no-new-privileges": "without it no filter can be installed, nor the plan carried out",
		"mount-tree":        "a jail without a mount namespace cannot be made",
		"users":             "nor one without a user namespace",
		"groups":            "the caller of the tests has no further groups",
		"writable-programs": "every jail has it open",
		"propagation":       "the mounts of this machine may be private already",
		"first-process":     "the kernel keeps a process with other credentials than its user namespace's closed as well",
		"shared-memory":     "/dev/shm is the jail's own always",
		"own-settings":      "guarded in every plan, whatever it shows",
		"own-state":         "guarded in every plan, whatever it shows",
		"own-program":       "guarded in every plan, whatever it shows",
		"system-bus":        "its path is fixed and may not exist here",
		"x11":               "its path is fixed and may not exist here",
		"file-limit":        "the caller's own limit may be the same",
		"file-size-limit":   "default has none",
		"modules":           "the kernel refuses them alike",
		"kernel-log":        "the kernel may refuse it alike",
		"media":             "an empty directory may be all there is",
		"logs":              "its path is fixed and may not exist here",
	}
}

// TestMeasureNegativeControl asks the questions of a strict jail in jails with one
// guard less. In the strict one all agree; in each of the others the checks
// that are about the guard notice. So no probe answers what is expected of it
// whatever the jail is.
func TestMeasureNegativeControl(t *testing.T) {
	home := scene(t)
	l, strict := compiled(t, "default")
	found, wrong := observed(t, l, strict.Plan, strict)
	if len(wrong) > 0 {
		t.Fatalf("in the jail that was graded these disagree: %v", wrong)
	}
	asked, noticed := map[string]bool{}, map[string]bool{}
	for _, f := range found {
		asked[f.Question.Check] = true
	}
	for _, w := range weakenings(home) {
		t.Run(w.name, func(t *testing.T) {
			_, strict := compiled(t, "default")
			l, weak := compiled(t, append(slices.Clone(w.flags), "default")...)
			if w.change != nil {
				w.change(weak.Plan)
			}
			_, wrong := observed(t, l, weak.Plan, strict)
			for _, id := range w.checks {
				noticed[id] = noticed[id] || slices.Contains(wrong, id)
				if _, may := blunt()[id]; !slices.Contains(wrong, id) && !may && asked[id] {
					t.Errorf("%s does not notice; these do: %v", id, wrong)
				}
			}
			if w.change != nil {
				return
			}
			// Graded for itself, the weaker jail is what its plan says.
			again, own := compiled(t, append(slices.Clone(w.flags), "default")...)
			if _, wrong := observed(t, again, own.Plan, own); len(wrong) > 0 {
				t.Errorf("in the weaker jail itself these disagree: %v", wrong)
			}
		})
	}
	for id := range asked {
		if reason := blunt()[id]; !noticed[id] && reason == "" {
			t.Errorf("nothing makes %s disagree", id)
		}
	}
	if len(blunt()) > 20 || len(asked) < 70 {
		t.Errorf("%d checks were asked about, %d are excused", len(asked), len(blunt()))
	}
}

// TestProbeAlone: the probe is no command.
func TestProbeAlone(t *testing.T) {
	if probe.Sealed() {
		t.Error("this test runs from sealed memory")
	}
	var out bytes.Buffer
	a := &app{out: &out, err: &out, line: newCommandLine([]string{measurement.ProbeName})}
	if status := probeVerb(a, measurement.ProbeName); status != plan.ExitFailed || !strings.Contains(out.String(), "cannot be used by itself") {
		t.Errorf("status %d: %s", status, out.String())
	}
}
