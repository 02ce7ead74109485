package network

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// holder is a site that keeps each connection, and says when one ends.
func holder(label string) (s *site, ended chan error) {
	s, ended = out.site(label), make(chan error, 16)
	s.raw[80] = func(c net.Conn) {
		_, _ = io.WriteString(c, "hello\n")
		_, err := io.ReadAll(c)
		_ = c.Close()
		ended <- err
	}
	return s, ended
}

// relayOf is the process id of the relay of the only jail of a world. A relay starts when
// its jail has run for a moment.
func relayOf(w *testenv.World) int {
	w.T.Helper()
	var found []string
	testenv.Eventually(func() bool {
		found = slices.DeleteFunc(w.Processes(), func(p string) bool { return !strings.Contains(p, "jail-service-network") })
		return len(found) > 0
	})
	if len(found) != 1 {
		w.T.Fatalf("there are %d relays: %q", len(found), w.Processes())
	}
	pid, _, _ := strings.Cut(found[0], " ")
	n, err := strconv.Atoi(pid)
	testenv.Must(w.T, err)
	return n
}

func ends(t *testing.T, ended chan error) {
	t.Helper()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("the connection stays")
	}
}

// R5: without its relay a jail has no network at all, and its user is told.
func TestR5RelayKilled(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "python3")
	w := world(t)
	s, ended := holder("r5")
	server := serveHost(t)
	cmd := w.Command(append(jailed(w, []string{"*", "@host"}), "python3", "-c", `
import os, socket
c = socket.create_connection(("`+s.name+`", 80), 60)
print(c.recv(100), flush=True)
open("connected", "w").close()
try: print("ended", c.recv(100))
except OSError as e: print("ended", e)
for to in ("`+s.name+`", 80), ("`+s.v4.String()+`", 80), ("`+s.v6.String()+`", 443), ("other.`+s.name+`", 80), ("host.jail", `+server.port+`), ("127.0.0.1", `+server.port+`):
    try:
        with socket.create_connection(to, 5) as c: print("connected to", to, c.recv(100))
    except OSError as e: print("not connected", e)
`)...)
	done := make(chan *testenv.Result, 1)
	go func() { done <- w.Finish(cmd) }()
	if !testenv.Eventually(func() bool { return testenv.Exists(w.Project + "/connected") }) {
		t.Fatalf("nothing is connected: %s", (<-done).Output())
	}
	asked := len(out.zone.questions(s.name))
	counts := s.arrived(t, func() {
		testenv.Must(t, unix.Kill(relayOf(w), unix.SIGKILL))
		ends(t, ended)
		r := <-done
		if r.Status != 0 || strings.Contains(r.Stdout, "connected to") || strings.Count(r.Stdout, "not connected") != 6 || !strings.Contains(r.Stdout, "ended") {
			t.Errorf("exit status %d\n%s", r.Status, r.Output())
		}
		if !strings.Contains(r.Stderr, "the service network has ended") {
			t.Errorf("nothing is said of it: %s", r.Stderr)
		}
	})
	if len(counts) > 0 || len(out.zone.questions(s.name)) > asked || server.arrivals() > 0 {
		t.Errorf("afterwards arrive %v, and questions %q", counts, out.zone.questions(s.name)[asked:])
	}
	w.NothingRuns()
}

// R4: nothing of a jail outlives its launcher, nor does what it has connected.
func TestR4LauncherKilled(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "python3")
	w := world(t)
	s, ended := holder("r4")
	cmd := w.Command(append(jailed(w, []string{s.name}), "python3", "-c", `
import socket, time
c = socket.create_connection(("`+s.name+`", 80), 60)
c.recv(100)
open("connected", "w").close()
time.sleep(600)`)...)
	testenv.Must(t, cmd.Start())
	if !testenv.Eventually(func() bool { return testenv.Exists(w.Project + "/connected") }) {
		t.Fatal("nothing is connected")
	}
	relay := relayOf(w)
	testenv.Must(t, cmd.Process.Kill())
	began := time.Now()
	ends(t, ended)
	if !testenv.Eventually(func() bool { return !testenv.Lives(relay) }) {
		t.Error("the relay outlives its launcher")
	}
	t.Logf("the relay was gone after %v", time.Since(began))
	_ = cmd.Wait()
	w.NothingRuns()
}

// W22: the end of a jail is the end of its connections.
func TestW22Stop(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "python3")
	w := world(t)
	s, ended := holder("w22")
	j := w.Runs(append(jailed(w, []string{s.name})[2:], "python3", "-c", `
import socket, time
c = socket.create_connection(("`+s.name+`", 80), 60)
c.recv(100)
open("connected", "w").close()
time.sleep(600)`)...)
	if !testenv.Eventually(func() bool { return testenv.Exists(w.Project + "/connected") }) {
		t.Fatal("nothing is connected")
	}
	relay := relayOf(w)
	w.Succeeds("stop", j.ID)
	ends(t, ended)
	if !j.Ends() || !testenv.Eventually(func() bool { return !testenv.Lives(relay) }) {
		t.Error("the relay outlives its jail")
	}
	w.NothingRuns()
}

// Who enters a jail has its network, and not more.
func TestEnter(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "curl")
	w, s, other := world(t), out.site("enter"), out.site("enter")
	j := w.Runs(append(jailed(w, []string{s.name})[2:], "sleep", "600")...)
	if r := j.Enter("curl", "-sS", "http://"+s.name+"/"); r.Status != 0 || !strings.Contains(r.Stdout, "this is "+s.name) {
		t.Errorf("exit status %d\n%s", r.Status, r.Output())
	}
	if counts := other.arrived(t, func() {
		for _, host := range []string{other.name, other.v4.String(), "[" + other.v6.String() + "]"} {
			if r := j.Enter("curl", "-sS", "http://"+host+"/"); r.Status == 0 || r.Status == 125 {
				t.Errorf("%s: exit status %d\n%s", host, r.Status, r.Output())
			}
		}
	}); len(counts) > 0 {
		t.Errorf("%v", counts)
	}
}

// W16: what listens at the host's loopback, or at any address of the host, is not reached
// by an address that a program in a jail can think of. @host opens one port of it, under
// a name.
func TestW16HostLoopback(t *testing.T) {
	t.Parallel()
	w, server, closed := world(t), serveHost(t), serveHost(t)
	out.zone.set("loop.w16.org", loopback()...)
	acts := func(port string, more ...string) (acts []act) {
		for _, host := range append(more, strings.Fields(`127.0.0.1 127.1.2.3 127.255.255.254 ::1 localhost ip6-localhost 0.0.0.0 :: 0 127.1 2130706433 0x7f.1
::ffff:127.0.0.1 ::ffff:203.0.114.2 203.0.114.2 2a11:114::2 203.0.114.1 203.0.114.255 255.255.255.255 10.0.2.2 10.0.2.3 198.19.255.254
fd6a:6169:6c00:1::1 64:ff9b::7f00:1 2002:7f00:1::1 proxy.jail loop.w16.org`)...) {
			acts = append(acts, act("tcp/"+host+"/"+port))
		}
		return acts
	}
	w.Host(send(t, acts(server.port)...)...)
	if n := server.arrivals(); n < 12 {
		t.Fatalf("without a jail the host is reached by %d addresses", n)
	}
	r := w.Host(append(jailed(w, []string{"*", "*.w16.org"}), send(t, acts(server.port, "host.jail")...)...)...)
	if n := server.arrivals(); n > 0 || r.Status != 0 {
		t.Errorf("%d connections arrive at the host\n%s", n, r.Output())
	}
	rules := []string{"*", "@host:" + server.port}
	r = w.Host(append(jailed(w, rules), send(t, acts(server.port)...)...)...)
	if n := server.arrivals(); n > 1 || r.Status != 0 { // the name that answers with the loopback
		t.Errorf("with @host %d connections arrive that are none to host.jail\n%s", n, r.Output())
	}
	r = w.Host(append(jailed(w, rules), send(t, act("tcp/host.jail/"+server.port), act("tcp/host.jail/"+closed.port))...)...)
	if server.arrivals() != 1 || closed.arrivals() != 0 || !strings.Contains(r.Stdout, "got b'host'") {
		t.Errorf("with @host: %s", r.Output())
	}
}

// W16, W18: localhost is the jail's own, and what listens in a jail is reached from there
// alone.
func TestW18Inbound(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "python3")
	w := world(t)
	script := `
import os, socket, time
s = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
port = s.getsockname()[1]
for host in "127.0.0.1", "::1", "localhost":
    with socket.create_connection((host, port), 20) as c:
        s.accept()[0].send(b"own")
        assert c.recv(3) == b"own", host
with open("new", "w") as f: f.write(str(port))
os.rename("new", "port")
s.settimeout(60)
while not os.path.exists("done"):
    s.settimeout(0.1)
    try: s.accept()
    except TimeoutError: pass
`
	for _, v := range []struct {
		name   string
		before []string
		want   bool
	}{
		{"without a jail", nil, true},
		{"in the jail", jailed(w, []string{"*", "@host", "@local"}), false},
		{"with the host's network", []string{w.JailBin, "run", "--profile", "default", "--write", w.Project, "--network", "host"}, true},
	} {
		_, _ = os.Remove(w.Project+"/port"), os.Remove(w.Project+"/done")
		cmd := w.Command(append(v.before, "python3", "-c", script)...)
		done := make(chan *testenv.Result, 1)
		go func() { done <- w.Finish(cmd) }()
		if !testenv.Eventually(func() bool { return testenv.Exists(w.Project + "/port") }) {
			w.Write(w.Project+"/done", "")
			t.Fatalf("%s: nothing listens: %s", v.name, (<-done).Output())
		}
		port := w.Read(w.Project + "/port")
		for _, host := range []string{"127.0.0.1", "::1", host4, host6} {
			c, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), 10*time.Second)
			if err == nil {
				_ = c.Close()
			}
			if got := err == nil; got != v.want {
				t.Errorf("%s: from the host %s is reached: %v", v.name, host, got)
			}
		}
		w.Write(filepath.Join(w.Project, "done"), "")
		if r := <-done; r.Status != 0 {
			t.Errorf("%s: exit status %d\n%s", v.name, r.Status, r.Output())
		}
	}
}
