// Package jailtest has what the tests of the packages below jail share: profiles,
// hosts that do not exist, and filters, each compiled once. It is linked into no
// program.
package jailtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

// LoadPolicy reads a profile from text.
func LoadPolicy(tb testing.TB, text string) (*policy.Policy, *diag.Sources) {
	tb.Helper()
	store := policy.Store{Parse: yaml.Parse, Dirs: []policy.Dir{{Path: "/profiles", FS: fstest.MapFS{"test.yaml": {Data: []byte(text)}}}}}
	p, sources, problems := policy.Load(store, policy.Request{Name: "test"})
	if problems.HasErrors() {
		tb.Fatalf("the profile does not load: %v", problems)
	}
	return p, sources
}

// Files is a file tree that exists only in a test. A value is "" for a
// directory, "-" for a file, "x" for an executable, "=" for a socket, else the target of
// a link.
type Files map[string]string

// Kind is as the value says; what has something below it is a directory.
func (f Files) Kind(path string) host.FileKind {
	v, ok := f[path]
	switch {
	case !ok:
		for p := range f {
			if strings.HasPrefix(p, path+"/") || path == "/" {
				return host.KindDir
			}
		}
		return host.KindMissing
	case v == "":
		return host.KindDir
	case v == "-", v == "x":
		return host.KindFile
	case v == "=":
		return host.KindSocket
	default:
		return host.KindLink
	}
}

// Readlink returns the value.
func (f Files) Readlink(path string) (string, error) { return f[path], nil }

// names lists a directory, sorted.
func (f Files) names(path string) []string {
	seen := map[string]bool{}
	for p := range f {
		if rest, ok := strings.CutPrefix(p, strings.TrimSuffix(path, "/")+"/"); ok && rest != "" {
			seen[strings.SplitN(rest, "/", 2)[0]] = true
		}
	}
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Kinds lists a directory, however large.
func (f Files) Kinds(path string, _ int) map[string]host.FileKind {
	kinds := map[string]host.FileKind{}
	for _, name := range f.names(path) {
		kinds[name] = f.Kind(host.Join(path, name))
	}
	return kinds
}

// Public is all but what is root's own.
func (f Files) Public(path string) bool { return !strings.HasPrefix(path, "/root/") }

// Owner knows nobody.
func (f Files) Owner(string) (host.Owner, bool) { return host.Owner{}, false }

// Same compares names.
func (f Files) Same(a, b string) bool { return a == b && f.Kind(a) != host.KindMissing }

// ACL has none.
func (f Files) ACL(string) []byte { return nil }

// Writable is what lies in a home.
func (f Files) Writable(dir string) bool { return strings.HasPrefix(dir, "/home/") }

// Text finds every file empty.
func (f Files) Text(string) string { return "" }

// Executable is what the value says.
func (f Files) Executable(path string) bool { return f[path] == "x" }

// Desktop is an ordinary desktop with a merged /usr.
func Desktop() *host.Host {
	return &host.Host{
		UID: 1000, GID: 1000, User: "ann", Home: "/home/ann", Cwd: "/home/ann/src",
		Dirs: map[string]string{
			"XDG_CONFIG_HOME": "/home/ann/.config", "XDG_CACHE_HOME": "/home/ann/.cache", "XDG_STATE_HOME": "/home/ann/.local/state",
			"XDG_DATA_HOME": "/home/ann/.local/share", "XDG_RUNTIME_DIR": "/run/user/1000", "DOWNLOADS": "/home/ann/Downloads",
			"DESKTOP": "/home/ann/Desktop",
		},
		Env:    []string{"PATH=/usr/bin:/bin", "HOME=/home/ann", "LANG=C.UTF-8", "SECRET_TOKEN=x"},
		Kernel: host.Kernel{DetachedTree: true, OpenTreeAttr: true, Landlock: 7},
		Stdio:  [3]host.Stream{{Kind: host.StreamFile, Read: true}, {Kind: host.StreamDevice, Read: true, Write: true}, {Kind: host.StreamPipe, Write: true}},
		Own: host.OwnPaths{
			Config: "/home/ann/.config/jail", State: "/home/ann/.local/state/jail", Cache: "/home/ann/.cache/jail", Programs: []string{"/usr/bin/jail"},
			Runtime: []string{"/run/user/1000/jail"},
		},
		OpenFiles: 4096, Processes: 30000, FileSize: 1 << 40,
		LockedMemory: host.Rlimit{Soft: 8 << 20, Hard: 8 << 20}, Queues: host.Rlimit{Soft: 819200, Hard: ^uint64(0)}, Signals: host.Rlimit{Soft: 30000, Hard: 30000}, RandomID: strings.Repeat("ab", 16),
		Files: Files{
			"/bin": "usr/bin", "/lib": "usr/lib", "/usr/bin/true": "x", "/usr/bin/jail": "x", "/usr/lib/libc.so": "-",
			"/etc/passwd": "-", "/etc/machine-id": "-", "/etc/ssl/private/key.pem": "-", "/tmp": "",
			"/dev/null": "-", "/proc/sys": "", "/proc/keys": "-", "/proc/bus": "", "/proc/acpi": "",
			"/home/ann/src/main.c": "-", "/home/ann/src/.git/hooks": "", "/home/ann/.ssh/id_rsa": "-", "/home/ann/.ssh/known_hosts": "-",
			"/home/ann/Downloads/a.pdf": "-", "/home/ann/.bashrc": "-", "/home/ann/docs": "/srv/docs", "/srv/docs/x": "-",
			"/home/ann/.cache/jail/x": "-", "/home/ann/.config/jail/profiles": "",
		},
	}
}

// RealHost is this machine, with a home directory of the test's own.
func RealHost(tb testing.TB) *host.Host {
	tb.Helper()
	home := tb.TempDir()
	tb.Setenv("HOME", home)
	for _, v := range []string{"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"} {
		tb.Setenv(v, "")
	}
	h, err := host.Read(os.Environ())
	if err != nil {
		tb.Fatal(err)
	}
	h.Cwd = home
	return h
}

// Golden compares a text with the file of that name below testdata, which it writes
// first when update is set.
func Golden(tb testing.TB, update bool, name, got string) {
	tb.Helper()
	file := filepath.Join("testdata", name)
	if update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	if got != string(want) {
		tb.Errorf("%s differs; run with -update and look at the difference\n%s", file, got)
	}
}

// RequireJails skips where this machine can't make jails, and fails where it
// has to.
func RequireJails(t *testing.T) {
	t.Helper()
	if limit, err := os.ReadFile("/proc/sys/user/max_user_namespaces"); err == nil && strings.TrimSpace(string(limit)) != "0" {
		return
	}
	if os.Getenv("JAIL_TEST_REQUIRE") != "" {
		t.Fatal("this machine has no user namespaces")
	}
	t.Skip("this machine has no user namespaces")
}

// SystemProfile shows the system's programs and nothing of the user's.
const SystemProfile = `
filesystem:
  read: [/usr, /bin, /sbin, /lib, /lib64, /etc]
  tmpfs: [{path: /tmp, mode: "1777"}]
environment: {keep: [PATH, HOME]}
syscalls: {default: allow}
`

// FullProfile makes a plan with every kind of op.
const FullProfile = `
filesystem:
  read: [/usr, /bin, /sbin, /lib, /lib64, /etc]
  write:
    - {path: ~/made, create: directory}
    - {path: ~/canary, create: directory}
  hide: [/etc/passwd, /etc/ssl]
  tmpfs: [{path: /tmp, mode: "1777", size: 16M}]
  overlay: [{path: ~/layered, changes: discard}]
environment: {keep: [PATH, HOME]}
capabilities: {keep: [net_bind_service]}
limits: {processes: 200, open-files: 512, file-size: 1G}
identity: {user: nobody, hostname: inside}
`

var compiledFilters sync.Map // of a filter's text

// CompileFilter compiles a syscall filter, each once.
func CompileFilter(tb testing.TB, f seccomp.Filter) seccomp.Program {
	tb.Helper()
	key := fmt.Sprintf("%+v", f)
	if program, known := compiledFilters.Load(key); known {
		return program.(seccomp.Program)
	}
	program, err := libseccomp.Compile(f)
	if err != nil {
		tb.Fatal(err)
	}
	compiledFilters.Store(key, program)
	return program
}
