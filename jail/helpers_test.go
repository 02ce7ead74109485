package jail

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// loadPolicy reads a profile from text.
func loadPolicy(tb testing.TB, text string) (*policy.Policy, *diag.Sources) {
	tb.Helper()
	store := policy.Store{Parse: yaml.Parse, Dirs: []policy.Dir{{Path: "/profiles", FS: fstest.MapFS{"test.yaml": {Data: []byte(text)}}}}}
	p, sources, problems := policy.Load(store, policy.Request{Name: "test"})
	if problems.HasErrors() {
		tb.Fatalf("the profile does not load: %v", problems)
	}
	return p, sources
}

// fakeFiles is a file tree that exists only in a test. A value is "" for a
// directory, "-" for a file, "x" for an executable, "=" for a socket, else the target of
// a link.
type fakeFiles map[string]string

func (f fakeFiles) Kind(path string) FileKind {
	v, ok := f[path]
	switch {
	case !ok:
		for p := range f {
			if strings.HasPrefix(p, path+"/") || path == "/" {
				return KindDir
			}
		}
		return KindMissing
	case v == "":
		return KindDir
	case v == "-", v == "x":
		return KindFile
	case v == "=":
		return KindSocket
	default:
		return KindLink
	}
}

func (f fakeFiles) Readlink(path string) (string, error) { return f[path], nil }

// names lists a directory, sorted.
func (f fakeFiles) names(path string) []string {
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

func (f fakeFiles) Kinds(path string, _ int) map[string]FileKind {
	kinds := map[string]FileKind{}
	for _, name := range f.names(path) {
		kinds[name] = f.Kind(join(path, name))
	}
	return kinds
}

func (f fakeFiles) Public(path string) bool { return !strings.HasPrefix(path, "/root/") }

func (f fakeFiles) Owner(string) (Owner, bool) { return Owner{}, false }

func (f fakeFiles) Same(a, b string) bool { return a == b && f.Kind(a) != KindMissing }

func (f fakeFiles) ACL(string) []byte { return nil }

func (f fakeFiles) Writable(dir string) bool { return strings.HasPrefix(dir, "/home/") }

func (f fakeFiles) Text(string) string { return "" }

func (f fakeFiles) Executable(path string) bool { return f[path] == "x" }

// fakeHost is an ordinary desktop with a merged /usr.
func fakeHost() *Host {
	return &Host{
		UID: 1000, GID: 1000, User: "ann", Home: "/home/ann", Cwd: "/home/ann/src",
		Dirs: map[string]string{
			"XDG_CONFIG_HOME": "/home/ann/.config", "XDG_CACHE_HOME": "/home/ann/.cache", "XDG_STATE_HOME": "/home/ann/.local/state",
			"XDG_DATA_HOME": "/home/ann/.local/share", "XDG_RUNTIME_DIR": "/run/user/1000", "DOWNLOADS": "/home/ann/Downloads",
			"DESKTOP": "/home/ann/Desktop",
		},
		Env:    []string{"PATH=/usr/bin:/bin", "HOME=/home/ann", "LANG=C.UTF-8", "SECRET_TOKEN=x"},
		Kernel: Kernel{DetachedTree: true, OpenTreeAttr: true, Landlock: 7},
		Stdio:  [3]Stream{{Kind: StreamFile, Read: true}, {Kind: StreamDevice, Read: true, Write: true}, {Kind: StreamPipe, Write: true}},
		Own: OwnPaths{
			Config: "/home/ann/.config/jail", State: "/home/ann/.local/state/jail", Cache: "/home/ann/.cache/jail", Binary: "/usr/bin/jail",
			Runtime: []string{"/run/user/1000/jail"},
		},
		OpenFiles: 4096, Processes: 30000, FileSize: 1 << 40,
		LockedMemory: Rlimit{8 << 20, 8 << 20}, Queues: Rlimit{819200, ^uint64(0)}, Signals: Rlimit{30000, 30000}, RandomID: strings.Repeat("ab", 16),
		Files: fakeFiles{
			"/bin": "usr/bin", "/lib": "usr/lib", "/usr/bin/true": "x", "/usr/bin/jail": "x", "/usr/lib/libc.so": "-",
			"/etc/passwd": "-", "/etc/machine-id": "-", "/etc/ssl/private/key.pem": "-", "/tmp": "",
			"/dev/null": "-", "/proc/sys": "", "/proc/keys": "-", "/proc/bus": "", "/proc/acpi": "",
			"/home/ann/src/main.c": "-", "/home/ann/src/.git/hooks": "", "/home/ann/.ssh/id_rsa": "-", "/home/ann/.ssh/known_hosts": "-",
			"/home/ann/Downloads/a.pdf": "-", "/home/ann/.bashrc": "-", "/home/ann/docs": "/srv/docs", "/srv/docs/x": "-",
			"/home/ann/.cache/jail/x": "-", "/home/ann/.config/jail/profiles": "",
		},
	}
}

// compileFor compiles a profile's text for a host.
func compileFor(t *testing.T, text string, h *Host, argv ...string) (*Compiled, diag.List) {
	t.Helper()
	p, _ := loadPolicy(t, text)
	return Compile(p, h, Command{Argv: argv})
}

// realHost is this machine, with a home directory of the test's own.
func realHost(t *testing.T) *Host {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, v := range []string{"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"} {
		t.Setenv(v, "")
	}
	h, err := ReadHost(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	h.Cwd = home
	return h
}

// requireJails skips where this machine can't make jails, and fails where it
// has to.
func requireJails(t *testing.T) {
	t.Helper()
	if limit, err := os.ReadFile("/proc/sys/user/max_user_namespaces"); err == nil && strings.TrimSpace(string(limit)) != "0" {
		return
	}
	if os.Getenv("JAIL_TEST_REQUIRE") != "" {
		t.Fatal("this machine has no user namespaces")
	}
	t.Skip("this machine has no user namespaces")
}

// start launches a plan, with a filter compiled afresh.
func start(t *testing.T, p *Plan) (*Process, *Failure) {
	t.Helper()
	if p.Filter != nil {
		program, err := libseccomp.Compile(*p.Filter)
		if err != nil {
			t.Fatal(err)
		}
		p.SetFilterProgram(program)
	}
	return Start(p, nil)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update and look at the difference\n%s", file, got)
	}
}

// systemProfile shows the system's programs and nothing of the user's.
const systemProfile = `
filesystem:
  read: [/usr, /bin, /sbin, /lib, /lib64, /etc]
  tmpfs: [{path: /tmp, mode: "1777"}]
environment: {keep: [PATH, HOME]}
syscalls: {default: allow}
`
