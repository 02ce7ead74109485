package sockets

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// S11: with landlock.connect only these ports are connected to by TCP, with the network of
// the host too, whoever makes the connection: the launcher, or with `sockets: "*"` the
// program, whom Landlock stops. The jail's own loopback counts, and datagrams do not. The
// oracle is what servers on the host get.
func TestS11Ports(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "python3")
	w := testenv.NewWorld(t)
	listed, got := tcpServer(t)
	other, gotOther := tcpServer(t)
	script := fmt.Sprintf(`
import socket
def tries(name, act):
    s = socket.socket()
    try: act(s); print(name, 'ok')
    except OSError as e: print(name, e.errno)
for name, port in ('listed', %s), ('other', %s):
    tries(name, lambda s: s.connect(('127.0.0.1', port)))
    tries(name + ' fastopen', lambda s: s.sendto(b'x', socket.MSG_FASTOPEN, ('127.0.0.1', port)))
try: tries('multipath', lambda s: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).connect(('127.0.0.1', %s)))
except OSError as e: print('multipath', e.errno)
own = socket.create_server(('127.0.0.1', 0))
tries('own', lambda s: s.connect(own.getsockname()))
`, listed, other, other)
	for _, c := range []struct {
		name  string
		args  []string
		lines string
		other bool
	}{
		{"no list", nil, "listed ok, other ok, own ok", true},
		{"by the launcher", []string{"--set", "landlock.connect=" + listed}, "listed ok, other 13, own 13", false},
		{"by Landlock", []string{"--set", "landlock.connect=" + listed, "--set", "sockets=*"}, "listed ok, other 13, own 13", false},
		{"both ports", []string{"--set", "landlock.connect=" + listed, "--set", "landlock.connect=" + other}, "listed ok, other ok, own 13", true},
	} {
		before := [2]int64{got(), gotOther()}
		r := w.Jail(append(append([]string{"run", "--profile", "default", "--network", "host"}, c.args...), "python3", "-c", script)...)
		for line := range strings.SplitSeq(c.lines, ", ") {
			if !strings.Contains("\n"+r.Stdout, "\n"+line+"\n") {
				t.Errorf("%s: %q is not among\n%s", c.name, line, r.Output())
			}
		}
		if c.args != nil && (!strings.Contains(r.Stdout, "fastopen 95") || strings.Contains(r.Stdout, "fastopen ok") || strings.Contains(r.Stdout, "multipath ok")) {
			t.Errorf("%s: %s", c.name, r.Output())
		}
		if !testenv.Eventually(func() bool { return got() > before[0] && (gotOther() > before[1] || !c.other) }) {
			t.Errorf("%s: the servers got nothing", c.name)
		}
		if !c.other && gotOther() != before[1] {
			t.Errorf("%s: the other server got a connection", c.name)
		}
	}
	j := w.Runs("--profile", "default", "--network", "host", "--set", "landlock.connect="+listed, "sleep", "600")
	if r := j.Enter("python3", "-c", script); !strings.Contains(r.Stdout, "listed ok\n") || !strings.Contains(r.Stdout, "other 13\n") {
		t.Errorf("what enters the jail: %s", r.Output())
	}
	if r := w.Jail("run", "--profile", "default", "--set", "landlock.connect=0", "true"); r.Status != 125 || !strings.Contains(r.Stderr, "not a port") {
		t.Errorf("port 0: %s", r.Stderr)
	}
}

// tcpServer listens on the host, and returns the port and what counts connections.
func tcpServer(t *testing.T) (port string, connections func() int64) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	testenv.Must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	accepted := new(atomic.Int64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			_ = c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, accepted.Load
}
