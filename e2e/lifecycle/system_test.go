package lifecycle

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestPrivileges(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, user := range []string{"keep", "root", "nobody", "4711"} {
		f := w.Probe("--profile", "default", "--user", user)
		for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
			if f.Status[set] != "0000000000000000" {
				t.Errorf("user %s: %s is %s", user, set, f.Status[set])
			}
		}
		if f.Status["NoNewPrivs"] != "1" || f.Status["Seccomp"] != "2" {
			t.Errorf("user %s: NoNewPrivs %s, Seccomp %s; want 1 and 2", user, f.Status["NoNewPrivs"], f.Status["Seccomp"])
		}
	}
	// One guard widened.
	f := w.Probe("--profile", "default", "--keep-cap", "net_bind_service")
	if f.Status["CapEff"] != "0000000000000400" || f.Status["CapBnd"] != "0000000000000400" {
		t.Errorf("with net_bind_service kept: CapEff %s, CapBnd %s", f.Status["CapEff"], f.Status["CapBnd"])
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, c := range []struct {
		user     string
		uid      int
		name     string
		accounts int
	}{
		{"keep", os.Getuid(), "", 3},
		{"root", 0, "root", 2},
		{"nobody", 65534, "nobody", 2},
		{"4711", 4711, "ann", 3},
	} {
		if f := w.Probe("--profile", "default", "--user", c.user); f.UID != c.uid || f.GID != c.uid && c.user != "keep" {
			t.Errorf("user %s: uid %d, gid %d; want %d", c.user, f.UID, f.GID, c.uid)
		}
		if c.user == "keep" && c.uid == 0 {
			continue // root, whose name is not ann
		}
		name := c.name
		if name == "" {
			name = "ann"
		}
		r := w.Succeeds("run", "--profile", "default", "--user", c.user, "sh", "-c", "id -un; id -gn; wc -l < /etc/passwd")
		got := strings.Fields(r.Stdout)
		groupName := name
		if name == "nobody" {
			groupName = "nobody"
		}
		if len(got) != 3 || got[0] != name || got[1] != groupName || got[2] != string(rune('0'+c.accounts)) {
			t.Errorf("user %s: id -un, id -gn and the number of accounts are %q", c.user, got)
		}
	}
	// A file made by root in the jail belongs to the caller outside.
	w.Succeeds("run", "--profile", "default", "--user", "root", "--write", w.Project, "touch", "made-by-root")
	if info, err := os.Stat(w.Project + "/made-by-root"); err != nil || testenv.OwnerOf(info) != os.Getuid() {
		t.Errorf("the file made in the jail: %v, %v", info, err)
	}
}

func TestNamesOfTheHost(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	host := testenv.ParseFacts(t, w.Host(testenv.ProbeBin).Stdout)
	f := w.Probe("--profile", "default")
	if f.Hostname != "jail" || f.Hostname == host.Hostname {
		t.Errorf("the host name is %q", f.Hostname)
	}
	if g := w.Probe("--profile", "default", "--hostname", "cell-7"); g.Hostname != "cell-7" {
		t.Errorf("with --hostname cell-7 it is %q", g.Hostname)
	}
	if len(f.MachineID) != 32 || f.MachineID == host.MachineID || f.MachineID == w.Probe("--profile", "default").MachineID {
		t.Errorf("the machine id is %q, outside %q; want a new one for every jail", f.MachineID, host.MachineID)
	}
	if g := w.Probe("--profile", "default", "--set", "identity.machine-id=host"); g.MachineID != host.MachineID {
		t.Errorf("with the host's machine id it is %q, want %q", g.MachineID, host.MachineID)
	}
	if now := testenv.ParseFacts(t, w.Host(testenv.ProbeBin).Stdout); now.Hostname != host.Hostname {
		t.Errorf("the host's name became %q", now.Hostname)
	}
}

func TestNetworkIsLoopbackOnly(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	host := testenv.ParseFacts(t, w.Host(testenv.ProbeBin).Stdout)
	if len(host.Interfaces) < 2 {
		t.Logf("the host itself has no interface but %q", host.Interfaces)
	}
	if f := w.Probe("--profile", "default"); !slices.Equal(f.Interfaces, []string{"lo"}) {
		t.Errorf("interfaces in the jail: %q", f.Interfaces)
	}
	if f := w.Probe("--profile", "default", "--network", "host"); !slices.Equal(f.Interfaces, host.Interfaces) {
		t.Errorf("interfaces with the host's network: %q, want %q", f.Interfaces, host.Interfaces)
	}
	// It is up: a program may talk to itself.
	testenv.Need(t, "python3")
	script := "import socket; s=socket.create_server(('127.0.0.1',0)); socket.create_connection(s.getsockname(),5)"
	w.Succeeds("run", "--profile", "default", "python3", "-c", script)
}

func TestDevices(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	f := w.Probe("--profile", "default")
	want := map[string]string{
		"/dev/null": "020666 1:3", "/dev/zero": "020666 1:5", "/dev/full": "020666 1:7", "/dev/random": "020666 1:8",
		"/dev/urandom": "020666 1:9", "/dev/tty": "020666 5:0", "/dev/ptmx": "120777 0:0", "/dev/fd": "120777 0:0",
		"/dev/stdin": "120777 0:0", "/dev/stdout": "120777 0:0", "/dev/stderr": "120777 0:0",
		"/dev/pts": "040755 0:0", "/dev/pts/ptmx": "020666 5:2", "/dev/shm": "041777 0:0",
	}
	if !maps.Equal(f.Devices, want) {
		t.Errorf("/dev holds\n%v\nwant\n%v", f.Devices, want)
	}
	w.Succeeds("run", "--profile", "default", "sh", "-c", "echo x >/dev/null && head -c 8 /dev/urandom >/dev/shm/x && test -s /dev/shm/x")
	if r := w.Jail("run", "--profile", "default", "sh", "-c", "touch /dev/new || mkdir /dev/pts/x"); r.Status != 1 {
		t.Errorf("making a file in /dev: exit status %d\n%s", r.Status, r.Output())
	}
	testenv.Need(t, "script")
	// A terminal of the jail's own works.
	r := w.Succeeds("run", "--profile", "default", "--write", w.Project, "script", "-qec", "tty", "typescript")
	if !strings.Contains(r.Stdout, "/dev/pts/0") {
		t.Errorf("the terminal in the jail is %q", r.Stdout)
	}
}

func TestProcessesOfTheHost(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	f := w.Probe("--profile", "default")
	if len(f.Processes) != 2 || f.Processes[0] != 1 || f.Parent != 1 {
		t.Errorf("processes in the jail: %v, the probe's parent is %d", f.Processes, f.Parent)
	}
	host := os.Getpid()
	if g := w.Probe("--profile", "default", "--share", "pid"); !slices.Contains(g.Processes, host) {
		t.Errorf("with the host's process ids, %d is not among %v", host, g.Processes)
	}
}

func TestMountFlags(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, flags := range [][]string{nil, {"--write", w.Project}, {"--user", "root"}, {"--home", "private"}, {"--overlay", w.Project}} {
		f := w.Probe(append([]string{"--profile", "default"}, flags...)...)
		for point, m := range f.MountPoints() {
			device := strings.HasPrefix(point, "/dev/") && m.Kind == "devtmpfs" || point == "/dev/pts"
			if !m.Has("nosuid") || !m.Has("nodev") && !device {
				t.Errorf("%q: %s is mounted %s", flags, point, m.Options)
			}
			if m.Propagation != "" {
				t.Errorf("%q: mounts at %s propagate: %s", flags, point, m.Propagation)
			}
		}
		for _, point := range []string{"/", "/usr", "/dev", "/proc/sys"} {
			if m, ok := f.MountPoints()[point]; !ok || !m.Has("ro") {
				t.Errorf("%q: %s is mounted %q", flags, point, m.Options)
			}
		}
	}
}
