package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// server is a service of the host on a Unix socket. It counts who comes.
type server struct {
	t        *testing.T
	arrivals atomic.Int64
}

// serve listens at a path or as @name, for streams, packets or datagrams.
func serve(t *testing.T, kind, address string) *server {
	t.Helper()
	s := &server{t: t}
	if !strings.HasPrefix(address, "@") {
		if err := os.MkdirAll(filepath.Dir(address), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if kind == "dgram" {
		c, err := net.ListenPacket("unixgram", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close(); _ = os.Remove(address) })
		go s.read(c)
		return s
	}
	network := map[string]string{"stream": "unix", "seqpacket": "unixpacket"}[kind]
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go s.accept(l)
	return s
}

func (s *server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.arrivals.Add(1)
		_ = c.Close()
	}
}

func (s *server) read(c net.PacketConn) {
	for buf := make([]byte, 16); ; {
		if _, _, err := c.ReadFrom(buf); err != nil {
			return
		}
		s.arrivals.Add(1)
	}
}

// arrived returns how many came since it was asked before.
func (s *server) arrived() int64 {
	time.Sleep(50 * time.Millisecond) // accepting takes its time
	return s.arrivals.Swap(0)
}

// unguarded is the flag of the third arm.
const unguarded = "sockets=*"

// reaches runs an act of the probe in three arms: on the host and with the
// guard switched off the server counts one, in the jail none. The guarded arm
// has the flags of the jail, the third arm in addition further ones.
func (w *world) reaches(s *server, flags, further, act []string) {
	w.t.Helper()
	for _, arm := range []struct {
		name   string
		before []string
		want   int64
	}{
		{"on the host", nil, 1},
		{"in the jail", concat([]string{jailBin, "run", "--read", binDir}, flags), 0},
		{"unguarded", concat([]string{jailBin, "run", "--read", binDir, "--set", unguarded}, flags, further), 1},
	} {
		r := w.host(concat(arm.before, []string{probeBin}, act)...)
		if got := s.arrived(); got != arm.want || (r.status == 0) != (arm.want == 1) || r.status == 125 {
			w.t.Errorf("%s, %q: the server counts %d, want %d; exit status %d\n%s", arm.name, act, got, arm.want, r.status, r.output())
		}
	}
}

func concat(lists ...[]string) []string {
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}
