package publish

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// connects is a program that connects to a port of its loopback, ends, and prints what the
// server says, or the number of the error.
const connects = `
import socket, sys
try:
    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 60)
    s.shutdown(socket.SHUT_WR)
    print(s.makefile().readline().strip())
except OSError as e: print(e.errno)
`

// asksFrom has that program run in a jail until it is answered, or once if it is not to be.
func asksFrom(w *testenv.World, wanted bool, port string, flags ...string) string {
	w.T.Helper()
	args := append(append([]string{"run", "--profile", "default"}, flags...), "python3", "-c", connects, port)
	var got string
	testenv.Eventually(func() bool {
		got = strings.TrimSpace(w.Jail(args...).Output())
		return !wanted || strings.Contains(got, "inside")
	})
	return got
}

func networkOf(t *testing.T, pid int) string {
	t.Helper()
	link, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/net")
	testenv.Must(t, err)
	return link
}

// TestJoin: jails of a group reach each other's servers, whoever came first; jails of
// another group, of none, and the host do not.
func TestJoin(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"none", "filtered"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			first, second := free(t, "127.0.0.1"), free(t, "127.0.0.1")
			group := []string{"--network", mode, "--join", "a"}
			a := w.Runs(serves(w, group, 0, "127.0.0.1-"+first)...)
			if got := asksFrom(w, true, first, group...); got != "0 bytes, inside" {
				t.Errorf("from the group: %s", got)
			}
			refused := strconv.Itoa(int(syscall.ECONNREFUSED))
			for _, flags := range [][]string{nil, {"--join", "b"}} {
				if got := asksFrom(w, false, first, append([]string{"--network", mode}, flags...)...); got != refused {
					t.Errorf("from a jail with %v: %s", flags, got)
				}
			}
			if !closed("127.0.0.1:" + first) {
				t.Error("the host reaches it")
			}
			outside := free(t, "127.0.0.1")
			b := w.Runs(serves(w, append(group, "--publish", outside+":"+second), 0, "127.0.0.1-"+second)...)
			if !answers("127.0.0.1:" + outside) {
				t.Error("a port of a jail that joined is not published")
			}
			if r := a.Enter("python3", "-c", connects, second); r.Stdout != "0 bytes, inside\n" {
				t.Errorf("the first does not reach the second: %s", r.Output())
			}
			if r := b.Enter("python3", "-c", connects, first); r.Stdout != "0 bytes, inside\n" {
				t.Errorf("what enters the second does not reach the first: %s", r.Output())
			}
			apart(t, a, b)
		})
	}
}

// apart tests that two jails of a group have nothing but the network and the user namespace
// in common.
func apart(t *testing.T, a, b *testenv.RunningJail) {
	t.Helper()
	for kind, shared := range map[string]bool{"net": true, "user": true, "mnt": false, "pid": false, "ipc": false, "uts": false, "cgroup": false} {
		of := func(pid int) string {
			link, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/" + kind)
			testenv.Must(t, err)
			return link
		}
		if (of(a.Main) == of(b.Main)) != shared || of(b.Main) == of(os.Getpid()) {
			t.Errorf("the %s namespace is %s in one and %s in the other", kind, of(a.Main), of(b.Main))
		}
	}
	for _, j := range []*testenv.RunningJail{a, b} {
		if r := j.Enter("sh", "-c", "echo private > /tmp/of-one; cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -c '/server.py$'"); r.Stdout != "1\n" {
			t.Errorf("inside, servers that are seen: %s", r.Output())
		}
	}
	if r := b.Enter("grep", "CapEff", "/proc/self/status"); !strings.Contains(r.Stdout, "0000000000000000") {
		t.Errorf("in the second there are capabilities: %s", r.Output())
	}
	if score := testenv.ReadFile(t, "/proc/"+strconv.Itoa(b.Main)+"/oom_score_adj"); string(score) != "300\n" {
		t.Errorf("the second has the oom_score_adj %s", score)
	}
}

// TestJoinTogether: jails of a group that start at the same time have one network.
func TestJoinTogether(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	const jails = 6
	got := make([]string, jails)
	var all sync.WaitGroup
	w.Runs("--profile", "default", "--join", "first", "sleep", "600")
	for i := range jails {
		all.Go(func() {
			got[i] = w.Jail("run", "--profile", "default", "--join", "g", "sh", "-c", "readlink /proc/self/ns/net; sleep 5").Output()
		})
	}
	all.Wait()
	for i := range jails {
		if got[i] != got[0] || !strings.HasPrefix(got[i], "net:[") {
			t.Errorf("the networks are %q", got)
			break
		}
	}
}

// TestJoinOutlives: the network outlives the jail that made it. A filtered one reaches
// other hosts no more: who is in it is told, and nobody joins it.
func TestJoinOutlives(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"none", "filtered"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			port := free(t, "127.0.0.1")
			group := []string{"--network", mode, "--join", "g"}
			a := w.Runs(append(append([]string{"--profile", "default"}, group...), "sleep", "600")...)
			b := w.Runs(serves(w, group, 0, "127.0.0.1-"+port)...)
			network := networkOf(t, b.Main)
			_ = a.Cmd.Process.Signal(syscall.SIGTERM)
			if !a.Ends() {
				t.Fatal("the first does not end")
			}
			if networkOf(t, b.Main) != network {
				t.Error("the second is in another network now")
			}
			got := asksFrom(w, mode == "none", port, group...)
			if mode == "none" && got != "0 bytes, inside" || mode == "filtered" && !strings.Contains(got, "the jail that connects it with other hosts has ended") {
				t.Errorf("a third one: %s", got)
			}
			_ = b.Cmd.Process.Signal(syscall.SIGTERM)
			if !b.Ends() {
				t.Fatal("the second does not end")
			}
			if told := strings.Contains(w.Read(w.Root+"/jail.log"), a.ID+" has ended"); told != (mode == "filtered") {
				t.Errorf("the user of the second is told: %v", told)
			}
			if got := asksFrom(w, false, port, group...); got != strconv.Itoa(int(syscall.ECONNREFUSED)) {
				t.Errorf("after all have ended: %s", got)
			}
		})
	}
}

// TestJoinRefused: a jail with other rules does not get the network of a group, nor does
// one that could do more there. Nothing runs.
func TestJoinRefused(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Runs("--profile", "default", "--network", "filtered", "--allow", "example.org", "--join", "g", "sleep", "600")
	same := []string{"--network", "filtered", "--allow", "example.org"}
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{nil, "has other rules"},
		{[]string{"--network", "filtered"}, "has other rules"},
		{append(same, "--allow", "example.net"), "has other rules"},
		{append(same, "--deny", "example.net"), "has other rules"},
		{append(same, "--user", "root"), "has other rules"},
		{append(same, "--nested-userns"), "has other rules"},
		{append(same, "--keep-cap", "net_admin"), "keeps capabilities"},
		{append(same, "--share", "pid"), "sees the processes of the host"},
		{[]string{"--network", "host"}, "the mode is host"},
	} {
		r := w.Jail(append(append([]string{"run", "--profile", "default", "--join", "g"}, c.flags...), "echo", "ran")...)
		if r.Status != 125 || !strings.Contains(r.Stderr, c.want) || r.Stdout != "" {
			t.Errorf("%v: status %d, %s", c.flags, r.Status, r.Output())
		}
	}
	if r := w.Jail(append(append([]string{"run", "--profile", "default", "--join", "g"}, same...), "echo", "ran")...); r.Status != 0 || r.Stdout != "ran\n" {
		t.Errorf("with the same rules: status %d, %s", r.Status, r.Output())
	}
}
