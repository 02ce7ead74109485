package publish

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// W18: what is published is reached from the host, in each mode, and nothing else is: not
// without the flag, not at another address, and not after the jail has ended. The oracle is
// a client on the host, and what the server says of where it runs.
func TestW18Published(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	for _, mode := range []string{"none", "filtered", "nat"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if mode == "nat" {
				testenv.Need(t, "pasta")
			}
			w := world(t)
			outside, inside := free(t, "127.0.0.1"), free(t, "127.0.0.1")
			hidden := w.Runs(serves(w, []string{"--network", mode}, 0, "127.0.0.1-"+inside)...)
			if !closed("127.0.0.1:"+outside) || !closed("127.0.0.1:"+inside) {
				t.Error("without --publish a port is open")
			}
			_ = hidden.Cmd.Process.Kill()
			j := w.Runs(serves(w, []string{"--network", mode, "--publish", outside + ":" + inside}, 0, "127.0.0.1-"+inside)...)
			if !answers("127.0.0.1:" + outside) {
				t.Fatal("the published port does not answer")
			}
			for _, addr := range append(others(t, outside), "127.0.0.1:"+inside) {
				if !closed(addr) {
					t.Errorf("something listens at %s", addr)
				}
			}
			_ = j.Cmd.Process.Signal(syscall.SIGTERM)
			if !j.Ends() || !testenv.Eventually(func() bool { return closed("127.0.0.1:" + outside) }) {
				t.Error("the port outlives the jail")
			}
		})
	}
}

// others are all addresses of this host but 127.0.0.1, with a port.
func others(t *testing.T, port string) []string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	found := []string{net.JoinHostPort("127.0.0.2", port)}
	for _, a := range addrs {
		ip, _, err := net.ParseCIDR(a.String())
		if err == nil && !ip.IsLinkLocalUnicast() && ip.String() != "127.0.0.1" {
			found = append(found, net.JoinHostPort(ip.String(), port))
		}
	}
	return found
}

// TestStream: what both sides send arrives in full, and the end of one side alone as well.
// Many connections at a time do not mix.
func TestStream(t *testing.T) {
	t.Parallel()
	w := world(t)
	outside, inside := free(t, "127.0.0.1"), free(t, "127.0.0.1")
	const sent, answered = 8 << 20, 8 << 20
	w.Runs(serves(w, []string{"--publish", outside + ":" + inside}, answered, "0.0.0.0-"+inside)...)
	if !answers("127.0.0.1:" + outside) {
		t.Fatal("the published port does not answer")
	}
	got := make(chan string)
	for i := range 8 {
		go func() {
			answer, err := asks("127.0.0.1:"+outside, int64(sent+i))
			head, rest, _ := strings.Cut(answer, "\n")
			if err != nil || len(rest) != answered {
				head = fmt.Sprintf("%s and %d bytes, %v", head, len(rest), err)
			}
			got <- head
		}()
	}
	seen := map[string]bool{}
	for range 8 {
		seen[<-got] = true
	}
	for i := range 8 {
		if want := strconv.Itoa(sent+i) + " bytes, inside"; !seen[want] {
			t.Errorf("%q is not among the answers: %v", want, seen)
		}
	}
}

// TestSixAndReset: an address of IPv6 leads to a server that has only that, and where
// nobody listens a client sees an error, not an empty answer.
func TestSixAndReset(t *testing.T) {
	t.Parallel()
	w := world(t)
	outside, nobody, inside := free(t, "::1"), free(t, "127.0.0.1"), free(t, "127.0.0.1")
	w.Runs(serves(w, []string{"--publish", "[::1]:" + outside + ":" + inside, "--publish", nobody + ":1"}, 0, "::1-"+inside)...)
	if !answers("[::1]:" + outside) {
		t.Error("the address of IPv6 does not answer")
	}
	if !closed("127.0.0.1:" + outside) {
		t.Error("the address of IPv4 answers")
	}
	if answer, err := asks("127.0.0.1:"+nobody, 1); err == nil {
		t.Errorf("nobody listens, and the answer is %q", answer)
	}
}

// TestInUse: a port that is in use is an error at the line that asks for it, and nothing
// has run. It runs with another port.
func TestInUse(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	testenv.Must(t, err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	w.Mkdir(filepath.Join(w.Project, "out"))
	ran := filepath.Join(w.Project, "out", "ran")
	tries := func(port string) *testenv.Result {
		profile := w.Profile("extends: [default]\nnetwork:\n  publish: [\"" + port + ":80\"]\n")
		return w.Jail("run", "--profile", profile, "--write", filepath.Join(w.Project, "out"), "touch", ran)
	}
	for range 2 { // also from the cache
		r := tries(port)
		if r.Status != 125 || !strings.Contains(r.Stderr, "cannot listen at 127.0.0.1:"+port) || !strings.Contains(r.Stderr, ".yaml:3:13") {
			t.Errorf("status %d, %s", r.Status, r.Stderr)
		}
	}
	if testenv.Exists(ran) {
		t.Error("the program has run")
	}
	if r := tries(free(t, "127.0.0.1")); r.Status != 0 || !testenv.Exists(ran) {
		t.Errorf("with a free port: status %d, %s", r.Status, r.Stderr)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err != nil {
		t.Error("the other server's port is gone:", err)
	} else {
		_ = c.Close()
	}
}

// TestRefused: what can't be published is an error that says why.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	port := free(t, "127.0.0.1")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--publish", port + ":80/udp"}, "only ports of TCP"},
		{[]string{"--publish", "192.0.2.1:" + port + ":80"}, "cannot listen at 192.0.2.1:" + port},
		{[]string{"--network", "host", "--publish", port + ":80"}, "the host's own ports"},
		{[]string{"--publish", "0:80"}, "not a published port"},
	} {
		r := w.Jail(append(append([]string{"run", "--profile", "default"}, c.args...), "echo", "ran")...)
		if r.Status != 125 || !strings.Contains(r.Stderr, c.want) || strings.Contains(r.Stdout, "ran") {
			t.Errorf("%v: status %d, %s%s", c.args, r.Status, r.Stdout, r.Stderr)
		}
	}
	if r := w.Jail("run", "--profile", "default", "--publish", port+":80", "echo", "ran"); r.Status != 0 || r.Output() != "ran\n" {
		t.Errorf("status %d, %s", r.Status, r.Output())
	}
}

// serviceOf finds the service of a jail.
func serviceOf(t *testing.T, j *testenv.RunningJail) int {
	t.Helper()
	pid := 0
	if !testenv.Eventually(func() bool {
		for _, candidate := range testenv.Descendants(j.Cmd.Process.Pid) {
			if strings.HasPrefix(testenv.CommandLine(candidate), "jail-service-publish") {
				pid = candidate
			}
		}
		return pid != 0
	}) {
		t.Fatal("there is no service")
	}
	return pid
}

// TestR5PublishKilled: when the service dies, the ports are closed, the program goes on
// and the user is told.
func TestR5PublishKilled(t *testing.T) {
	t.Parallel()
	w := world(t)
	outside := free(t, "127.0.0.1")
	j := w.Runs(serves(w, []string{"--publish", outside + ":8000"}, 0, "127.0.0.1-8000")...)
	if !answers("127.0.0.1:" + outside) {
		t.Fatal("the published port does not answer")
	}
	testenv.Must(t, syscall.Kill(serviceOf(t, j), syscall.SIGKILL))
	if !testenv.Eventually(func() bool { return closed("127.0.0.1:" + outside) }) {
		t.Error("the port is open without the service")
	}
	if r := j.Enter("true"); r.Status != 0 {
		t.Errorf("the jail has ended as well: %s", r.Output())
	}
	_ = j.Cmd.Process.Signal(syscall.SIGTERM)
	if !j.Ends() {
		t.Fatal("the jail does not end")
	}
	if log := w.Read(filepath.Join(w.Root, "jail.log")); strings.Count(log, "the service publish has ended") != 1 {
		t.Errorf("the user is told %q", log)
	}
}

// TestR4PublishLauncherKilled: a launcher that is killed leaves no open port.
func TestR4PublishLauncherKilled(t *testing.T) {
	t.Parallel()
	w := world(t)
	outside := free(t, "127.0.0.1")
	j := w.Runs(serves(w, []string{"--publish", outside + ":8000"}, 0, "127.0.0.1-8000")...)
	if !answers("127.0.0.1:" + outside) {
		t.Fatal("the published port does not answer")
	}
	_ = j.Cmd.Process.Kill()
	if !testenv.Within(2*time.Second, func() bool { return closed("127.0.0.1:" + outside) }) {
		t.Error("the port is open 2 s after the launcher was killed")
	}
}

// TestServiceConfined: the service is in the network of the jail and in nothing else of
// it, without privileges, and no program of the jail sees it.
func TestServiceConfined(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := world(t)
	outside := free(t, "127.0.0.1")
	j := w.Runs(serves(w, []string{"--publish", outside + ":8000"}, 0, "127.0.0.1-8000")...)
	if !answers("127.0.0.1:" + outside) {
		t.Fatal("the published port does not answer")
	}
	service := serviceOf(t, j)
	namespace := func(pid int, kind string) string {
		link, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/" + kind)
		testenv.Must(t, err)
		return link
	}
	for kind, shared := range map[string]bool{"net": true, "user": true, "mnt": false, "pid": false, "ipc": false, "uts": false} {
		if of, in := namespace(service, kind), namespace(j.Main, kind); (of == in) != shared || of == namespace(os.Getpid(), kind) {
			t.Errorf("the %s namespace of the service is %s, that of the program %s", kind, of, in)
		}
	}
	status := testenv.StatusOf(service)
	for key, want := range map[string]string{"CapEff": "0000000000000000", "CapPrm": "0000000000000000", "CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"} {
		if status[key] != want {
			t.Errorf("%s of the service is %q, not %s", key, status[key], want)
		}
	}
	if r := j.Enter("sh", "-c", "cat /proc/[0-9]*/cmdline"); r.Status != 0 || strings.Contains(r.Stdout, "jail-service") || !strings.Contains(r.Stdout, "server.py") {
		t.Errorf("inside, the processes are %q (status %d)", r.Stdout, r.Status)
	}
}
