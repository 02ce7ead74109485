package sockets

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// I1: abstract names of the host, of every type, with a network namespace and
// without.
func TestI1AbstractSockets(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, kind := range []string{"stream", "seqpacket", "dgram"} {
		name := fmt.Sprintf("@jail-test-%d-%s", os.Getpid(), kind)
		s := testenv.Serve(t, kind, name)
		for _, network := range []string{"none", "host"} {
			reaches(w, s, []string{"--network", network}, []string{"--network", "host", "--set", "landlock=off"}, []string{"connect", kind, name})
		}
	}
	// An X server listens under an abstract name as well.
	x := fmt.Sprintf("@/tmp/.X11-unix/X%d", 1000+os.Getpid())
	reaches(w, testenv.Serve(t, "stream", x), []string{"--network", "host"}, []string{"--set", "landlock=off"}, []string{"connect", "stream", x})
}

func TestListedAbstractSocket(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	listed, other := fmt.Sprintf("@jail-test-%d-a", os.Getpid()), fmt.Sprintf("@jail-test-%d-b", os.Getpid())
	a, b := testenv.Serve(t, "stream", listed), testenv.Serve(t, "stream", other)
	run := []string{"run", "--read", testenv.BinDir, "--network", "host", "--set", "sockets=" + listed, testenv.ProbeBin, "connect", "stream"}
	w.Succeeds(slices.Concat(run, []string{listed})...)
	if r := w.Jail(slices.Concat(run, []string{other})...); r.Status == 0 {
		t.Error("an abstract name that is not listed can be connected to")
	}
	if a.Arrived() != 1 || b.Arrived() != 0 {
		t.Error("the listed server must count one, the other none")
	}
}

// I2: sockets that are files, wherever the jail can see them.
func TestI2PathSockets(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	tmp, err := os.MkdirTemp("/tmp", "jail-test.") //nolint:usetesting // /tmp itself is what is tested
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(tmp) })
	run := filepath.Join(w.Root, "run")
	for _, c := range []struct {
		name, path string
		flags      []string
	}{
		{"the runtime directory", run + "/service", []string{"--read", run}},
		{"/tmp", tmp + "/service", []string{"--read", tmp}},
		{"the home", w.Home + "/.service/socket", []string{"--read", w.Home + "/.service"}},
		{"a read-only directory", w.Project + "/ro/socket", []string{"--read", w.Project + "/ro"}},
		{"a writable directory", w.Project + "/rw/socket", []string{"--write", w.Project + "/rw"}},
		{"the socket itself", w.Project + "/alone/socket", []string{"--read", w.Project + "/alone/socket"}},
		{"the whole root", w.Project + "/all/socket", []string{"--read", "/", "--home", "host"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := w.In(t)
			for _, kind := range []string{"stream", "seqpacket", "dgram"} {
				path := c.path + "." + kind
				reaches(w, testenv.Serve(t, kind, path), replaced(c.flags, c.path, path), nil, []string{"connect", kind, path})
			}
		})
	}
}

func replaced(list []string, old, by string) []string {
	out := slices.Concat(list)
	for i := range out {
		if out[i] == old {
			out[i] = by
		}
	}
	return out
}

// I2: other names of the socket, and other ways to send to it.
func TestI2OtherNames(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	dir, shown := w.Project+"/rw", w.Project+"/shown"
	s := testenv.Serve(t, "stream", dir+"/socket")
	w.Mkdir(shown)
	testenv.Must(t, os.Symlink(dir+"/socket", shown+"/link"))
	testenv.Must(t, os.Link(dir+"/socket", dir+"/hard"))
	flags := []string{"--write", dir, "--read", shown, "--write", w.Project + "/cwd"}
	w.Mkdir(w.Project + "/cwd")
	for _, name := range []string{shown + "/link", dir + "/hard", "rw/socket", "shown/../rw/socket", "./shown/link"} {
		reaches(w, s, flags, nil, []string{"connect", "stream", name})
	}
	// The kernel's magic links work on the host and without a guard.
	reaches(w, s, flags, nil, []string{"connect", "stream", "/proc/self/root" + dir + "/socket"})
	reaches(w, s, flags, nil, []string{"connect", "stream", "/proc/self/cwd/rw/socket"})

	d := testenv.Serve(t, "dgram", dir+"/datagrams")
	reaches(w, d, flags, nil, []string{"send", "socket", dir + "/datagrams"})
	reaches(w, d, flags, nil, []string{"send", "pair", dir + "/datagrams"})
}

// I2: a socket that a service makes while the jail runs.
func TestI2CreatedLater(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	for _, variant := range []struct {
		name  string
		flags []string
		want  int64
	}{{"guarded", nil, 0}, {"unguarded", []string{"--set", unguarded}, 1}} {
		t.Run(variant.name, func(t *testing.T) {
			t.Parallel()
			w := testenv.NewWorld(t)
			mark, path := w.Project+"/mark", w.Project+"/late"
			made := make(chan *testenv.Server, 1)
			go func() {
				for !testenv.Exists(mark) {
					time.Sleep(5 * time.Millisecond)
				}
				// With its name it is there, and listens.
				s := testenv.Serve(t, "stream", path+".new")
				if err := os.Link(path+".new", path); err != nil {
					t.Error(err)
				}
				made <- s
			}()
			r := w.Jail(slices.Concat([]string{"run", "--read", testenv.BinDir, "--write", w.Project}, variant.flags, []string{testenv.ProbeBin, "connect-later", mark, path})...)
			if got := (<-made).Arrived(); got != variant.want || (r.Status == 0) != (variant.want == 1) {
				t.Errorf("the server counts %d, want %d; exit status %d\n%s", got, variant.want, r.Status, r.Output())
			}
		})
	}
}

// I3, I5: what listens in a session, each at its place. A profile that shows
// those places gives none of the services.
func TestI5Agents(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	run := filepath.Join(w.Root, "run")
	tmux := fmt.Sprintf("/tmp/tmux-test-%d", os.Getpid())
	t.Cleanup(func() { _ = os.RemoveAll(tmux) })
	w.Mkdir(tmux)
	flags := []string{"--read", run, "--read", w.Home, "--read", tmux, "--replace", "filesystem.hide"}
	for _, path := range []string{
		run + "/systemd/private", run + "/bus", run + "/keyring/control", run + "/keyring/ssh", run + "/gnupg/S.gpg-agent",
		run + "/gnupg/S.gpg-agent.ssh", run + "/docker.sock", run + "/podman/podman.sock", run + "/pulse/native",
		run + "/pipewire-0", run + "/wayland-0", run + "/at-spi/bus_0", run + "/emacs/server", run + "/sway-ipc.sock",
		w.Home + "/.gnupg/S.gpg-agent.extra", w.Home + "/.ssh/agent/s.1", w.Home + "/.docker/run/docker.sock",
		w.Home + "/.config/Code/main.sock", tmux + "/default",
	} {
		s := testenv.Serve(t, "stream", path)
		reaches(w, s, flags, nil, []string{"connect", "stream", path})
	}
}

// What sockets lists can be connected to, where it is and by the name that is
// written, and nothing beside it.
func TestListedSocket(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	run := filepath.Join(w.Root, "run")
	for _, dir := range []string{run + "/a", w.Project + "/rw"} {
		listed, other := testenv.Serve(t, "stream", dir+"/listed"), testenv.Serve(t, "stream", dir+"/other")
		for _, flags := range [][]string{nil, {"--read", dir}, {"--write", dir}, {"--tmpfs", dir}} {
			all := slices.Concat([]string{"run", "--read", testenv.BinDir, "--set", "sockets=" + dir + "/listed"}, flags)
			w.Succeeds(slices.Concat(all, []string{testenv.ProbeBin, "connect", "stream", dir + "/listed"})...)
			if r := w.Jail(slices.Concat(all, []string{testenv.ProbeBin, "connect", "stream", dir + "/other"})...); r.Status == 0 {
				t.Errorf("%q: what is not listed can be connected to", flags)
			}
			if a, b := listed.Arrived(), other.Arrived(); a != 1 || b != 0 {
				t.Errorf("%q: the servers count %d and %d, want 1 and 0", flags, a, b)
			}
		}
	}
	s := testenv.Serve(t, "seqpacket", w.Home+"/real/socket")
	testenv.Must(t, os.Symlink("real/socket", w.Home+"/short"))
	profile := w.Profile("extends: [default]\nsockets: [~/short, ~/missing, {path: ~/real/socket}]\n")
	w.Succeeds("run", "--profile", profile, "--read", testenv.BinDir, testenv.ProbeBin, "connect", "seqpacket", w.Home+"/short")
	if got := s.Arrived(); got != 1 {
		t.Errorf("by a link: the server counts %d, want 1", got)
	}
	if r := w.Jail("run", "--profile", w.Profile("extends: [default]\nsockets: [{path: ~/missing, required: true}]\n"), "true"); r.Status != 125 || !strings.Contains(r.Stderr, "does not exist") {
		t.Errorf("a required socket is missing: exit status %d\n%s", r.Status, r.Output())
	}
	w.Write(w.Home+"/file", "")
	if r := w.Jail("run", "--profile", w.Profile("extends: [default]\nsockets: [~/file]\n"), "true"); r.Status != 125 || !strings.Contains(r.Stderr, "is not a socket") {
		t.Errorf("a file in sockets: exit status %d\n%s", r.Status, r.Output())
	}
}

// S9: while one thread connects, another changes the address in memory, the
// descriptor, or the link that is on the way. Only what is listed is reached.
func TestS9Races(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	for _, variant := range []struct {
		name  string
		flags []string
		safe  bool
	}{{"guarded", nil, true}, {"unguarded", []string{"--set", unguarded}, false}} {
		t.Run(variant.name, func(t *testing.T) {
			t.Parallel()
			w := testenv.NewWorld(t)
			dir := w.Project + "/rw"
			listed, other := testenv.Serve(t, "stream", dir+"/listed"), testenv.Serve(t, "stream", dir+"/other")
			flags := slices.Concat([]string{"run", "--read", testenv.BinDir, "--write", dir, "--set", "sockets=" + dir + "/listed"}, variant.flags)
			for _, act := range [][]string{
				{"flip-address", dir + "/listed", dir + "/other"},
				{"flip-name", dir + "/name", dir + "/listed", dir + "/other"},
			} {
				r := w.Succeeds(slices.Concat(flags, []string{testenv.ProbeBin}, act)...)
				a, b := listed.Arrived(), other.Arrived()
				connected, err := strconv.ParseInt(strings.TrimSpace(r.Stdout), 10, 64)
				t.Logf("%s: %d connections, %d and %d arrived", act[0], connected, a, b)
				switch {
				case err != nil || a == 0:
					t.Errorf("%s: no connection was made: %s", act[0], r.Output())
				// One may arrive of which the program does not hear: its thread
				// was on the way out of the call.
				case variant.safe && (b != 0 || a < connected):
					t.Errorf("%s: %d reached what is not listed, %d of %d what is", act[0], b, a, connected)
				case !variant.safe && b == 0:
					t.Errorf("%s: the race never led to the other socket, so it shows nothing", act[0])
				}
			}
		})
	}
}

// A program that has the launcher wait in a connection is not let go for that:
// its time is over when it is over.
func TestHoldingUpConnections(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	began := time.Now()
	r := w.Jail("run", "--read", testenv.BinDir, "--time", "15s", "--tmpfs", "/tmp", "--", testenv.ProbeBin, "hold-up")
	if r.Status != 124 || time.Since(began) > 45*time.Second {
		t.Errorf("exit status %d after %v, want 124 after 15s\n%s", r.Status, time.Since(began), r.Output())
	}
	if !strings.Contains(r.Stdout, "held up") {
		t.Errorf("the program had nobody wait, so this shows nothing: %s", r.Output())
	}
}

// Where somebody else listens already, as in another jail, there are no Unix
// sockets rather than unguarded ones.
func TestSocketsUnderAnotherListener(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	s := testenv.Serve(t, "stream", w.Project+"/socket")
	jail := []string{testenv.ProbeBin, "under-listener", testenv.JailBin, "run", "--read", testenv.BinDir, "--read", w.Project}
	if r := w.Host(slices.Concat(jail, []string{testenv.ProbeBin, "connect", "stream", w.Project + "/socket"})...); r.Status != 1 || s.Arrived() != 0 {
		t.Errorf("exit status %d, want 1\n%s", r.Status, r.Output())
	}
	if r := w.Host(slices.Concat(jail, []string{"true"})...); r.Status != 0 {
		t.Errorf("exit status %d, want 0\n%s", r.Status, r.Output())
	}
	jail = append(jail, "--set", "sockets="+w.Project+"/socket")
	if r := w.Host(slices.Concat(jail, []string{"true"})...); r.Status != 125 || !strings.Contains(r.Stderr, "inside another jail") {
		t.Errorf("exit status %d, want 125\n%s", r.Status, r.Output())
	}
}

// What programs do with sockets of their own goes on: the checks hold on the
// host too, but for datagrams, which a jail refuses.
func TestOwnSockets(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "python3")
	w := testenv.NewWorld(t)
	script, err := filepath.Abs("testdata/sockets.py")
	testenv.Must(t, err)
	source, err := os.ReadFile(script)
	testenv.Must(t, err)
	w.Write(w.Project+"/sockets.py", string(source))
	for _, c := range []struct {
		flags    []string
		script   string
		abstract string
	}{
		{nil, "mkdir /tmp/own && exec python3 sockets.py /tmp/own /dev/shm", "connected to"},
		// Whose a name is in the host's network cannot be told.
		{[]string{"--network", "host", "--home", "private"}, "mkdir ~/own && exec python3 sockets.py ~/own", "refused"},
		{[]string{"--overlay", w.Home + "/layered"}, "mkdir ~/layered/own && exec python3 sockets.py ~/layered/own", "connected to"},
	} {
		w.Mkdir(w.Home + "/layered")
		r := w.Jail(slices.Concat([]string{"run", "--read", w.Project}, c.flags, []string{"sh", "-c", c.script})...)
		rest := r.Stdout
		for line := range strings.Lines(r.Stdout) {
			if strings.HasPrefix(line, "ok ") {
				rest = strings.Replace(rest, line, "", 1)
			}
		}
		if r.Status != 0 || rest != "abstract names are "+c.abstract+"\ndone\n" {
			t.Errorf("%q: exit status %d\n%s", c.flags, r.Status, r.Output())
		}
	}
}

// The connections of other runtimes, which make them without waiting.
func TestRuntimesConnect(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "node", "curl", "python3")
	w := testenv.NewWorld(t)
	w.Write(w.Project+"/net.js", `
const net = require("net");
const local = net.createServer(c => c.end("x")).listen("/tmp/node.sock", () => {
  net.connect("/tmp/node.sock").on("data", () => {
    const tcp = net.createServer(c => c.end("y")).listen(0, "127.0.0.1", () => {
      net.connect(tcp.address().port, "127.0.0.1").on("data", d => { console.log("got " + d); process.exit(0); });
    });
  });
});
`)
	w.Write(w.Project+"/index.html", "a page\n")
	for _, network := range []string{"none", "host"} {
		run := []string{"run", "--network", network, "--read", w.Project}
		if r := w.Jail(slices.Concat(run, []string{"node", "net.js"})...); r.Stdout != "got y\n" {
			t.Errorf("node, network %s: exit status %d\n%s", network, r.Status, r.Output())
		}
		serveAndFetch := `python3 -m http.server --bind 127.0.0.1 0 >/tmp/port 2>&1 & p=$!
			for i in $(seq 100); do port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' /tmp/port); [ -n "$port" ] && break; sleep 0.1; done
			curl -sS "http://127.0.0.1:$port/index.html"; s=$?; kill $p; exit $s`
		if r := w.Jail(slices.Concat(run, []string{"env", "PYTHONUNBUFFERED=1", "sh", "-c", serveAndFetch})...); r.Stdout != "a page\n" {
			t.Errorf("curl, network %s: exit status %d\n%s", network, r.Status, r.Output())
		}
	}
}
