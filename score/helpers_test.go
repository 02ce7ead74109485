package score

import (
	"flag"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jail-project/jail/cgroup"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/profiles"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// fakeFiles is a file tree that exists only in a test. A value is "" for a
// directory, "-" for a file, "x" for a program, "s" for a socket, else the target of a link.
type fakeFiles map[string]string

func (f fakeFiles) Kind(path string) host.FileKind {
	v, ok := f[path]
	switch {
	case !ok:
		return host.KindMissing
	case v == "":
		return host.KindDir
	case v == "s":
		return host.KindSocket
	case v == "-", v == "x":
		return host.KindFile
	}
	return host.KindLink
}

func (f fakeFiles) Readlink(path string) (string, error) { return f[path], nil }

func (f fakeFiles) Kinds(path string, _ int) map[string]host.FileKind {
	kinds := map[string]host.FileKind{}
	for p := range f {
		if rest, ok := strings.CutPrefix(p, strings.TrimSuffix(path, "/")+"/"); ok && rest != "" {
			name, _, _ := strings.Cut(rest, "/")
			kinds[name] = f.Kind(strings.TrimSuffix(path, "/") + "/" + name)
		}
	}
	return kinds
}

func (f fakeFiles) Public(string) bool { return true }

func (f fakeFiles) Owner(string) (host.Owner, bool) { return host.Owner{}, false }

func (f fakeFiles) Same(a, b string) bool { return a == b && f.Kind(a) != host.KindMissing }

func (f fakeFiles) ACL(string) []byte { return nil }

func (f fakeFiles) Writable(string) bool { return true }

func (f fakeFiles) Text(string) string { return "" }

func (f fakeFiles) Executable(path string) bool { return f[path] == "x" }

// desktop is a host with everything that a check is about.
func desktop() *host.Host {
	files := fakeFiles{
		"/bin": "usr/bin", "/lib": "usr/lib", "/var/run": "/run", "/usr/bin/jail": "x", "/usr/lib/libc.so": "-",
		"/etc/passwd": "-", "/etc/shadow": "-", "/etc/machine-id": "-", "/etc/ssh/ssh_host_rsa_key": "-", "/etc/sudoers": "-",
		"/tmp/.X11-unix/X0": "s", "/tmp/tmux-1000/default": "s", "/var/tmp": "", "/var/log/syslog": "-", "/dev/null": "-", "/dev/shm": "",
		"/root": "", "/mnt": "", "/media": "", "/sys/class": "", "/boot": "", "/opt": "", "/srv": "",
		"/run/docker.sock": "s", "/run/dbus/system_bus_socket": "s",
		"/run/user/1000/bus": "s", "/run/user/1000/systemd/private": "s", "/run/user/1000/pipewire-0": "s",
		"/run/user/1000/pulse/native": "s", "/run/user/1000/wayland-0": "s", "/run/user/1000/keyring/ssh": "s",
		"/proc/sys": "", "/proc/keys": "-", "/proc/bus": "", "/proc/kallsyms": "-", "/proc/acpi": "",
		"/home/ann/project/main.c": "-", "/home/ann/project/.git/hooks": "", "/home/ann/Downloads": "", "/home/ann/Documents": "",
		"/home/ann/.ssh/id_rsa": "-", "/home/ann/.gnupg/S.gpg-agent": "s", "/home/ann/.bashrc": "-", "/home/ann/.profile": "-",
		"/home/ann/.aws": "", "/home/ann/.netrc": "-", "/home/ann/.password-store": "", "/home/ann/.config/autostart": "",
		"/home/ann/.mozilla": "", "/home/ann/.pki": "", "/home/ann/.local/bin": "", "/home/ann/.npmrc": "-",
		"/home/ann/.cache/jail/launch": "", "/home/ann/.config/jail/profiles": "", "/home/ann/.local/state/jail": "",
	}
	for name := range maps.Clone(files) {
		for dir := path.Dir(name); files[dir] == ""; dir = path.Dir(dir) {
			files[dir] = ""
			if dir == "/" {
				break
			}
		}
	}
	return &host.Host{
		UID: 1000, GID: 1000, User: "ann", Home: "/home/ann", Cwd: "/home/ann/project",
		Dirs: map[string]string{
			"XDG_CONFIG_HOME": "/home/ann/.config", "XDG_CACHE_HOME": "/home/ann/.cache", "XDG_STATE_HOME": "/home/ann/.local/state",
			"XDG_DATA_HOME": "/home/ann/.local/share", "XDG_RUNTIME_DIR": "/run/user/1000", "DOWNLOADS": "/home/ann/Downloads",
			"DESKTOP": "/home/ann/Desktop", "DOCUMENTS": "/home/ann/Documents",
		},
		Env: []string{
			"PATH=/usr/bin:/bin", "HOME=/home/ann", "LANG=C.UTF-8", "GITHUB_TOKEN=x", "LD_PRELOAD=/x.so",
			"SSH_AUTH_SOCK=/run/user/1000/keyring/ssh", "DISPLAY=:0",
		},
		Kernel: host.Kernel{DetachedTree: true, OpenTreeAttr: true, Landlock: 7},
		Own: host.OwnPaths{
			Config: "/home/ann/.config/jail", State: "/home/ann/.local/state/jail", Cache: "/home/ann/.cache/jail", Programs: []string{"/usr/bin/jail"},
		},
		OpenFiles: 1 << 20, Processes: 30000, FileSize: ^uint64(0),
		LockedMemory: host.Rlimit{Soft: 1 << 20, Hard: 1 << 23}, Queues: host.Rlimit{Soft: 1 << 18, Hard: 1 << 19},
		Signals: host.Rlimit{Soft: 3000, Hard: 30000}, Umask: 0o022, RandomID: strings.Repeat("ab", 16),
		Files: files,
	}
}

// input compiles a profile for a host.
func input(t *testing.T, p *policy.Policy, h *host.Host) Input {
	t.Helper()
	c, problems := compile.Compile(p, h, compile.Command{})
	if problems.HasErrors() {
		t.Fatalf("%v", problems)
	}
	limits, needed := compile.GroupLimits(p, h)
	if !needed {
		limits = cgroup.Limits{}
	}
	return Input{Plan: c.Plan, View: c.View, Filter: &c.Filter, Host: h, Policy: p, Groups: []int{27, 44}, Limits: limits, Grouped: true}
}

// store has the shipped profiles and one of the test's own.
func store(text string) policy.Store {
	return policy.Store{Parse: yaml.Parse, Dirs: []policy.Dir{
		{Path: "/profiles", FS: fstest.MapFS{"test.yaml": {Data: []byte(text)}}},
		{FS: profiles.FS, Embedded: true},
	}}
}

func load(t *testing.T, text string) *policy.Policy {
	t.Helper()
	return loadNamed(t, store(text), "test")
}

func loadNamed(t *testing.T, s policy.Store, name string) *policy.Policy {
	t.Helper()
	p, _, problems := policy.Load(s, policy.Request{Name: name})
	if problems.HasErrors() {
		t.Fatalf("%s: %v", name, problems)
	}
	return p
}

// found is a finding by the id of its check.
func (r *Report) found(t *testing.T, id string) *Finding {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(x Finding) bool { return x.Check.ID == id })
	if i < 0 {
		t.Fatalf("there is no check %q", id)
	}
	return &r.Findings[i]
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	jailtest.Golden(t, *update, name, got)
}
