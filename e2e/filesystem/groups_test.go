package filesystem

import (
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// extraGroup is a group that nobody needs to have heard of.
const extraGroup = 44123

// member is the account for tests as a member of a group more, which only
// root can arrange. It has files of that group in a directory that all may enter.
type member struct {
	*testenv.World
	as     []string // the words before a command
	shared string
	secret string // group-only, to be read and written
	door   string // a group-only directory, which holds a file that is open to all
	socket string // group-only
	calls  *atomic.Int32
}

func newMember(t *testing.T, uid, gid int, home string) *member {
	t.Helper()
	testenv.Need(t, "setpriv", "python3")
	w := testenv.NewWorldBelow(t, home)
	root := w.Root
	w.Project = filepath.Join(root, "project")
	m := &member{
		World: w, shared: filepath.Join(root, "shared"), calls: new(atomic.Int32),
		as: []string{
			"setpriv", "--reuid=" + strconv.Itoa(uid), "--regid=" + strconv.Itoa(gid), "--groups=" + strconv.Itoa(extraGroup),
			"--inh-caps=-all", "--",
		},
	}
	m.Env = []string{"HOME=" + m.Home, "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "XDG_RUNTIME_DIR=" + filepath.Join(root, "run")}
	m.JailBin = m.InstallJail(filepath.Join(root, "program"))
	m.Mkdir(m.Project)
	if err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := os.Lchown(path, uid, gid); err != nil {
			return err
		}
		return os.Chmod(path, 0o755)
	}); err != nil {
		t.Fatal(err)
	}
	m.share()
	return m
}

// share makes what belongs to root and the group.
func (m *member) share() {
	m.secret, m.door, m.socket = filepath.Join(m.shared, "secret"), filepath.Join(m.shared, "door"), filepath.Join(m.shared, "socket")
	m.Write(m.secret, "")
	m.Write(filepath.Join(m.door, "open"), "behind")
	listener, err := net.Listen("unix", m.socket) //nolint:noctx // it ends with the test
	if err != nil {
		m.T.Fatal(err)
	}
	m.T.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			m.calls.Add(1)
			_ = c.Close()
		}
	}()
	for path, perm := range map[string]os.FileMode{m.secret: 0o660, m.door: 0o750, m.socket: 0o660} {
		if err := os.Chown(path, 0, extraGroup); err != nil {
			m.T.Fatal(err)
		}
		if err := os.Chmod(path, perm); err != nil {
			m.T.Fatal(err)
		}
	}
}

// run runs a command as the member and tells what it did to the host.
func (m *member) run(argv ...string) (r *testenv.Result, wrote, called bool) {
	m.T.Helper()
	size, calls := len(m.Read(m.secret)), m.calls.Load()
	r = m.Host(slices.Concat(m.as, argv)...)
	// A client that was connected has returned from connect before it was accepted.
	called = r.Status != 125 && testenv.Within(200*time.Millisecond, func() bool { return m.calls.Load() > calls })
	return r, len(m.Read(m.secret)) > size, called
}

// probe tries everything that the group allows.
func (m *member) probe() []string {
	return []string{"sh", "-c", "echo x >>" + m.secret + "; cat " + m.door + "/open; python3 -c \"import socket; " +
		"s = socket.socket(socket.AF_UNIX); s.connect('" + m.socket + "')\""}
}

func (m *member) jailed(flags ...string) []string {
	return append(append([]string{m.JailBin, "run", "--profile", "default", "--set", "sockets=*"}, flags...), m.probe()...)
}

// account is the account for tests.
func Account(t *testing.T) (uid, gid int, home string) {
	t.Helper()
	name, err := exec.Command(filepath.Join(testenv.Checkout(), "scripts/as-user"), "--account").Output() //nolint:noctx // short
	if err != nil {
		t.Fatal(err)
	}
	u, err := user.Lookup(strings.TrimSpace(string(name)))
	if err != nil {
		t.Fatal(err)
	}
	uid, _ = strconv.Atoi(u.Uid)
	gid, _ = strconv.Atoi(u.Gid)
	return uid, gid, u.HomeDir
}

// N3: what only a supplementary group opens is out of reach in a jail that
// drops the groups, also below a granted directory, in every process of it.
func TestN3Dropped(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	testenv.Need(t, "newgidmap")
	uid, gid, home := Account(t)
	m := newMember(t, uid, gid, home)
	if r, wrote, called := m.run(m.probe()...); !wrote || !called || !strings.Contains(r.Stdout, "behind") {
		t.Fatalf("without jail: wrote %v, called %v\n%s", wrote, called, r.Output())
	}
	for range 2 { // the second from the cache entry of the first
		if r, wrote, called := m.run(m.jailed("--write", m.shared, "--groups", "dropped")...); wrote || called || strings.Contains(r.Stdout, "behind") || r.Status == 125 {
			t.Errorf("in the jail: wrote %v, called %v, exit status %d\n%s", wrote, called, r.Status, r.Output())
		}
		for _, use := range []string{"keep", "masked"} {
			if r, wrote, called := m.run(m.jailed("--write", m.shared, "--groups", use)...); !wrote || !called || !strings.Contains(r.Stdout, "behind") {
				t.Errorf("with the groups %s: wrote %v, called %v\n%s", use, wrote, called, r.Output())
			}
		}
	}
	r, _, _ := m.run(m.JailBin, "plan", "--profile", "default", "--write", m.shared, "true")
	if want := "below granted directories: " + strconv.Itoa(extraGroup); !strings.Contains(r.Stdout, want) {
		t.Errorf("plan does not say %q", want)
	}
	r, _, _ = m.run(m.JailBin, "explain", "--profile", "default", "groups")
	if !strings.Contains(r.Stdout, "groups: masked") || !strings.Contains(r.Stdout, strconv.Itoa(extraGroup)) {
		t.Errorf("explain says %q", r.Output())
	}
}

// N3: neither the processes of such a jail have a group, as the host sees
// them, nor who enters it.
func TestN3Processes(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	testenv.Need(t, "newgidmap")
	uid, gid, home := Account(t)
	m := newMember(t, uid, gid, home)
	for use, want := range map[string]string{"dropped": "", "keep": strconv.Itoa(extraGroup)} {
		cmd := m.Command(slices.Concat(m.as, []string{m.JailBin, "run", "--profile", "default", "--set", "sockets=*", "--write", m.shared, "--groups", use, "sleep", "60"})...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var below []int
		if !testenv.Eventually(func() bool {
			below = testenv.Descendants(cmd.Process.Pid)
			return len(below) == 2 && strings.HasPrefix(testenv.CommandLine(below[1]), "sleep")
		}) {
			t.Fatalf("the jail has the processes %v", below)
		}
		for _, pid := range below {
			if got := strings.TrimSpace(testenv.StatusOf(pid)["Groups"]); got != want {
				t.Errorf("%s: process %d has the groups %q", use, pid, got)
			}
		}
		r, wrote, called := m.run(append([]string{m.JailBin, "enter", "default", "--"}, m.probe()...)...)
		if open := use == "keep"; wrote != open || called != open || strings.Contains(r.Stdout, "behind") != open || r.Status == 125 {
			t.Errorf("%s, entered: wrote %v, called %v, exit status %d\n%s", use, wrote, called, r.Status, r.Output())
		}
		_ = unix.Kill(cmd.Process.Pid, unix.SIGKILL)
		_ = cmd.Wait()
	}
}

// N3: by default a path that only such a group opens can't be granted itself.
func TestN3Masked(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	uid, gid, home := Account(t)
	m := newMember(t, uid, gid, home)
	for _, granted := range [][]string{
		{"--write", m.secret}, {"--read", m.secret}, {"--read", m.socket}, {"--read", m.door}, {"--read", filepath.Join(m.door, "open")},
	} {
		r, wrote, called := m.run(m.jailed(granted...)...)
		if r.Status != 125 || wrote || called || !strings.Contains(r.Stderr, strconv.Itoa(extraGroup)) || !strings.Contains(r.Stderr, "--groups keep") {
			t.Errorf("%q: exit status %d\n%s", granted, r.Status, r.Output())
		}
		r, wrote, called = m.run(m.jailed(append(granted, "--groups", "keep")...)...)
		if r.Status == 125 || !wrote && !called && granted[0] == "--write" || granted[1] == m.socket && !called {
			t.Errorf("%q with the groups kept: wrote %v, called %v\n%s", granted, wrote, called, r.Output())
		}
	}
}

// N3: nor can such a socket be listed, which the launcher would connect to,
// with all its groups.
func TestN3Sockets(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	testenv.Need(t, "newgidmap")
	uid, gid, home := Account(t)
	m := newMember(t, uid, gid, home)
	for use, open := range map[string]bool{"masked": false, "dropped": false, "keep": true} {
		r, _, called := m.run(append([]string{m.JailBin, "run", "--profile", "default", "--set", "sockets=" + m.socket, "--groups", use}, m.probe()...)...)
		if called != open || (r.Status == 125) == open {
			t.Errorf("%s: called %v, exit status %d\n%s", use, called, r.Status, r.Output())
		}
	}
}

// N3: groups that are to be dropped and can't be keep the jail from starting.
func TestN3NoRange(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	const stranger = 44124 // has no line in /etc/subgid
	_, _, home := Account(t)
	m := newMember(t, stranger, stranger, home)
	if r, wrote, called := m.run(m.probe()...); !wrote || !called {
		t.Fatalf("without jail: wrote %v, called %v\n%s", wrote, called, r.Output())
	}
	r, wrote, called := m.run(m.jailed("--write", m.shared, "--groups", "dropped")...)
	if r.Status != 125 || wrote || called || !strings.Contains(r.Stderr, "groups") || !strings.Contains(r.Stderr, "help: ") {
		t.Errorf("exit status %d, wrote %v, called %v\n%s", r.Status, wrote, called, r.Output())
	}
	if r, wrote, _ := m.run(m.jailed("--write", m.shared)...); !wrote {
		t.Errorf("masked: %s", r.Output())
	}
}
