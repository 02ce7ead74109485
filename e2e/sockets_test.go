package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// I1: abstract names of the host, of every type, with a network namespace and
// without.
func TestI1AbstractSockets(t *testing.T) {
	w := newWorld(t)
	for _, kind := range []string{"stream", "seqpacket", "dgram"} {
		name := fmt.Sprintf("@jail-test-%d-%s", os.Getpid(), kind)
		s := serve(t, kind, name)
		for _, network := range []string{"none", "host"} {
			w.reaches(s, []string{"--network", network}, []string{"--network", "host", "--set", "landlock=off"}, []string{"connect", kind, name})
		}
	}
	// An X server listens under an abstract name as well.
	x := fmt.Sprintf("@/tmp/.X11-unix/X%d", 1000+os.Getpid()%1000)
	w.reaches(serve(t, "stream", x), []string{"--network", "host"}, []string{"--set", "landlock=off"}, []string{"connect", "stream", x})
}

func TestListedAbstractSocket(t *testing.T) {
	w := newWorld(t)
	listed, other := fmt.Sprintf("@jail-test-%d-a", os.Getpid()), fmt.Sprintf("@jail-test-%d-b", os.Getpid())
	a, b := serve(t, "stream", listed), serve(t, "stream", other)
	run := []string{"run", "--read", binDir, "--network", "host", "--set", "sockets=" + listed, probeBin, "connect", "stream"}
	w.succeeds(concat(run, []string{listed})...)
	if r := w.jail(concat(run, []string{other})...); r.status == 0 {
		t.Error("an abstract name that is not listed can be connected to")
	}
	if a.arrived() != 1 || b.arrived() != 0 {
		t.Error("the listed server must count one, the other none")
	}
}

// I2: sockets that are files, wherever the jail can see them.
func TestI2PathSockets(t *testing.T) {
	w := newWorld(t)
	tmp, err := os.MkdirTemp("/tmp", "jail-test.") //nolint:usetesting // /tmp itself is what is tested
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(tmp) })
	run := filepath.Join(w.root, "run")
	for _, c := range []struct {
		name, path string
		flags      []string
	}{
		{"the runtime directory", run + "/service", []string{"--read", run}},
		{"/tmp", tmp + "/service", []string{"--read", tmp}},
		{"the home", w.home + "/.service/socket", []string{"--read", w.home + "/.service"}},
		{"a read-only directory", w.project + "/ro/socket", []string{"--read", w.project + "/ro"}},
		{"a writable directory", w.project + "/rw/socket", []string{"--write", w.project + "/rw"}},
		{"the socket itself", w.project + "/alone/socket", []string{"--read", w.project + "/alone/socket"}},
		{"the whole root", w.project + "/all/socket", []string{"--read", "/", "--home", "host"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			for _, kind := range []string{"stream", "seqpacket", "dgram"} {
				path := c.path + "." + kind
				w.reaches(serve(t, kind, path), replaced(c.flags, c.path, path), nil, []string{"connect", kind, path})
			}
		})
	}
}

func replaced(list []string, old, by string) []string {
	out := concat(list)
	for i := range out {
		if out[i] == old {
			out[i] = by
		}
	}
	return out
}

// I2: other names of the socket, and other ways to send to it.
func TestI2OtherNames(t *testing.T) {
	w := newWorld(t)
	dir, shown := w.project+"/rw", w.project+"/shown"
	s := serve(t, "stream", dir+"/socket")
	w.mkdir(shown)
	must(t, os.Symlink(dir+"/socket", shown+"/link"))
	must(t, os.Link(dir+"/socket", dir+"/hard"))
	flags := []string{"--write", dir, "--read", shown, "--write", w.project + "/cwd"}
	w.mkdir(w.project + "/cwd")
	for _, name := range []string{shown + "/link", dir + "/hard", "rw/socket", "shown/../rw/socket", "./shown/link"} {
		w.reaches(s, flags, nil, []string{"connect", "stream", name})
	}
	// The kernel's magic links work on the host and without a guard.
	w.reaches(s, flags, nil, []string{"connect", "stream", "/proc/self/root" + dir + "/socket"})
	w.reaches(s, flags, nil, []string{"connect", "stream", "/proc/self/cwd/rw/socket"})

	d := serve(t, "dgram", dir+"/datagrams")
	w.reaches(d, flags, nil, []string{"send", "socket", dir + "/datagrams"})
	w.reaches(d, flags, nil, []string{"send", "pair", dir + "/datagrams"})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// I2: a socket that a service makes while the jail runs.
func TestI2CreatedLater(t *testing.T) {
	for _, arm := range []struct {
		name  string
		flags []string
		want  int64
	}{{"guarded", nil, 0}, {"unguarded", []string{"--set", unguarded}, 1}} {
		t.Run(arm.name, func(t *testing.T) {
			w := newWorld(t)
			mark, path := w.project+"/mark", w.project+"/late"
			made := make(chan *server, 1)
			go func() {
				for !exists(mark) {
					time.Sleep(5 * time.Millisecond)
				}
				made <- serve(t, "stream", path)
			}()
			r := w.jail(concat([]string{"run", "--read", binDir, "--write", w.project}, arm.flags, []string{probeBin, "connect-later", mark, path})...)
			if got := (<-made).arrived(); got != arm.want || (r.status == 0) != (arm.want == 1) {
				t.Errorf("the server counts %d, want %d; exit status %d\n%s", got, arm.want, r.status, r.output())
			}
		})
	}
}

// I3, I5: what listens in a session, each at its place. A profile that shows
// those places gives none of the services.
func TestI5Agents(t *testing.T) {
	w := newWorld(t)
	run := filepath.Join(w.root, "run")
	tmux := fmt.Sprintf("/tmp/tmux-test-%d", os.Getpid())
	t.Cleanup(func() { _ = os.RemoveAll(tmux) })
	w.mkdir(tmux)
	flags := []string{"--read", run, "--read", w.home, "--read", tmux, "--replace", "filesystem.hide"}
	for _, path := range []string{
		run + "/systemd/private", run + "/bus", run + "/keyring/control", run + "/keyring/ssh", run + "/gnupg/S.gpg-agent",
		run + "/gnupg/S.gpg-agent.ssh", run + "/docker.sock", run + "/podman/podman.sock", run + "/pulse/native",
		run + "/pipewire-0", run + "/wayland-0", run + "/at-spi/bus_0", run + "/emacs/server", run + "/sway-ipc.sock",
		w.home + "/.gnupg/S.gpg-agent.extra", w.home + "/.ssh/agent/s.1", w.home + "/.docker/run/docker.sock",
		w.home + "/.config/Code/main.sock", tmux + "/default",
	} {
		s := serve(t, "stream", path)
		w.reaches(s, flags, nil, []string{"connect", "stream", path})
	}
}

// What sockets lists can be connected to, where it is and by the name that is
// written, and nothing beside it.
func TestListedSocket(t *testing.T) {
	w := newWorld(t)
	run := filepath.Join(w.root, "run")
	for _, dir := range []string{run + "/a", w.project + "/rw"} {
		listed, other := serve(t, "stream", dir+"/listed"), serve(t, "stream", dir+"/other")
		for _, flags := range [][]string{nil, {"--read", dir}, {"--write", dir}, {"--tmpfs", dir}} {
			all := concat([]string{"run", "--read", binDir, "--set", "sockets=" + dir + "/listed"}, flags)
			w.succeeds(concat(all, []string{probeBin, "connect", "stream", dir + "/listed"})...)
			if r := w.jail(concat(all, []string{probeBin, "connect", "stream", dir + "/other"})...); r.status == 0 {
				t.Errorf("%q: what is not listed can be connected to", flags)
			}
			if a, b := listed.arrived(), other.arrived(); a != 1 || b != 0 {
				t.Errorf("%q: the servers count %d and %d, want 1 and 0", flags, a, b)
			}
		}
	}
	s := serve(t, "seqpacket", w.home+"/real/socket")
	must(t, os.Symlink("real/socket", w.home+"/short"))
	profile := w.profile("extends: [default]\nsockets: [~/short, ~/missing, {path: ~/real/socket}]\n")
	w.succeeds("run", "--profile", profile, "--read", binDir, probeBin, "connect", "seqpacket", w.home+"/short")
	if got := s.arrived(); got != 1 {
		t.Errorf("by a link: the server counts %d, want 1", got)
	}
	if r := w.jail("run", "--profile", w.profile("extends: [default]\nsockets: [{path: ~/missing, required: true}]\n"), "true"); r.status != 125 || !strings.Contains(r.stderr, "does not exist") {
		t.Errorf("a required socket is missing: exit status %d\n%s", r.status, r.output())
	}
	w.write(w.home+"/file", "")
	if r := w.jail("run", "--profile", w.profile("extends: [default]\nsockets: [~/file]\n"), "true"); r.status != 125 || !strings.Contains(r.stderr, "is not a socket") {
		t.Errorf("a file in sockets: exit status %d\n%s", r.status, r.output())
	}
}

// S9: while one thread connects, another changes the address in memory, the
// descriptor, or the link that is on the way. Only what is listed is reached.
func TestS9Races(t *testing.T) {
	for _, arm := range []struct {
		name  string
		flags []string
		safe  bool
	}{{"guarded", nil, true}, {"unguarded", []string{"--set", unguarded}, false}} {
		t.Run(arm.name, func(t *testing.T) {
			w := newWorld(t)
			dir := w.project + "/rw"
			listed, other := serve(t, "stream", dir+"/listed"), serve(t, "stream", dir+"/other")
			flags := concat([]string{"run", "--read", binDir, "--write", dir, "--set", "sockets=" + dir + "/listed"}, arm.flags)
			for _, act := range [][]string{
				{"flip", dir + "/listed", dir + "/other"},
				{"flip-name", dir + "/name", dir + "/listed", dir + "/other"},
			} {
				r := w.succeeds(concat(flags, []string{probeBin}, act)...)
				a, b := listed.arrived(), other.arrived()
				connected, err := strconv.ParseInt(strings.TrimSpace(r.stdout), 10, 64)
				t.Logf("%s: %d connections, %d and %d arrived", act[0], connected, a, b)
				switch {
				case err != nil || a == 0:
					t.Errorf("%s: no connection was made: %s", act[0], r.output())
				// One may arrive of which the program does not hear: its thread
				// was on the way out of the call.
				case arm.safe && (b != 0 || a < connected):
					t.Errorf("%s: %d reached what is not listed, %d of %d what is", act[0], b, a, connected)
				case !arm.safe && b == 0:
					t.Errorf("%s: the race never led to the other socket, so it shows nothing", act[0])
				}
			}
		})
	}
}

// A program that has the launcher wait in a connection is not let go for that:
// its time is over when it is over.
func TestHoldingUpConnections(t *testing.T) {
	w := newWorld(t)
	began := time.Now()
	r := w.jail("run", "--read", binDir, "--time", "8s", "--tmpfs", "/tmp", "--", probeBin, "hold-up")
	if r.status != 124 || time.Since(began) > 30*time.Second {
		t.Errorf("exit status %d after %v, want 124 after 8s\n%s", r.status, time.Since(began), r.output())
	}
	if !strings.Contains(r.stdout, "held up") {
		t.Errorf("the program had nobody wait, so this shows nothing: %s", r.output())
	}
}

// Where somebody else listens already, as in another jail, there are no Unix
// sockets rather than unguarded ones.
func TestSocketsUnderAnotherListener(t *testing.T) {
	w := newWorld(t)
	s := serve(t, "stream", w.project+"/socket")
	jail := []string{probeBin, "under-listener", jailBin, "run", "--read", binDir, "--read", w.project}
	if r := w.host(concat(jail, []string{probeBin, "connect", "stream", w.project + "/socket"})...); r.status != 1 || s.arrived() != 0 {
		t.Errorf("exit status %d, want 1\n%s", r.status, r.output())
	}
	if r := w.host(concat(jail, []string{"true"})...); r.status != 0 {
		t.Errorf("exit status %d, want 0\n%s", r.status, r.output())
	}
	jail = append(jail, "--set", "sockets="+w.project+"/socket")
	if r := w.host(concat(jail, []string{"true"})...); r.status != 125 || !strings.Contains(r.stderr, "inside another jail") {
		t.Errorf("exit status %d, want 125\n%s", r.status, r.output())
	}
}

// What programs do with sockets of their own goes on: the checks hold on the
// host too, but for datagrams, which a jail refuses.
func TestOwnSockets(t *testing.T) {
	need(t, "python3")
	w := newWorld(t)
	script, err := filepath.Abs("testdata/sockets.py")
	must(t, err)
	source, err := os.ReadFile(script)
	must(t, err)
	w.write(w.project+"/sockets.py", string(source))
	for _, c := range []struct {
		flags    []string
		script   string
		abstract string
	}{
		{nil, "mkdir /tmp/own && exec python3 sockets.py /tmp/own /dev/shm", "connected to"},
		// Whose a name is in the host's network cannot be told.
		{[]string{"--network", "host", "--home", "private"}, "mkdir ~/own && exec python3 sockets.py ~/own", "refused"},
		{[]string{"--overlay", w.home + "/layered"}, "mkdir ~/layered/own && exec python3 sockets.py ~/layered/own", "connected to"},
	} {
		w.mkdir(w.home + "/layered")
		r := w.jail(concat([]string{"run", "--read", w.project}, c.flags, []string{"sh", "-c", c.script})...)
		rest := r.stdout
		for line := range strings.Lines(r.stdout) {
			if strings.HasPrefix(line, "ok ") {
				rest = strings.Replace(rest, line, "", 1)
			}
		}
		if r.status != 0 || rest != "abstract names are "+c.abstract+"\ndone\n" {
			t.Errorf("%q: exit status %d\n%s", c.flags, r.status, r.output())
		}
	}
}

// The connections of other runtimes, which make them without waiting.
func TestRuntimesConnect(t *testing.T) {
	need(t, "node", "curl", "python3")
	w := newWorld(t)
	w.write(w.project+"/net.js", `
const net = require("net");
const local = net.createServer(c => c.end("x")).listen("/tmp/node.sock", () => {
  net.connect("/tmp/node.sock").on("data", () => {
    const tcp = net.createServer(c => c.end("y")).listen(0, "127.0.0.1", () => {
      net.connect(tcp.address().port, "127.0.0.1").on("data", d => { console.log("got " + d); process.exit(0); });
    });
  });
});
`)
	w.write(w.project+"/index.html", "a page\n")
	for _, network := range []string{"none", "host"} {
		run := []string{"run", "--network", network, "--read", w.project}
		if r := w.jail(concat(run, []string{"node", "net.js"})...); r.stdout != "got y\n" {
			t.Errorf("node, network %s: exit status %d\n%s", network, r.status, r.output())
		}
		serveAndFetch := `python3 -m http.server --bind 127.0.0.1 0 >/tmp/port 2>&1 & p=$!
			for i in $(seq 100); do port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' /tmp/port); [ -n "$port" ] && break; sleep 0.1; done
			curl -sS "http://127.0.0.1:$port/index.html"; s=$?; kill $p; exit $s`
		if r := w.jail(concat(run, []string{"env", "PYTHONUNBUFFERED=1", "sh", "-c", serveAndFetch})...); r.stdout != "a page\n" {
			t.Errorf("curl, network %s: exit status %d\n%s", network, r.status, r.output())
		}
	}
}
