package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/network/flow"
	"github.com/jail-project/jail/network/rules"
)

// stage is a relay that serves on loopback. Of each connection the test says to where it
// is.
type stage struct {
	*Relay
	tb       testing.TB
	listener *net.TCPListener
	to       sync.Map // the address of the program's side, to netip.AddrPort
	all      atomic.Pointer[netip.AddrPort]
}

// wherefrom waits in the loop, but not for anything that the loop does.
func (s *stage) wherefrom(fd int) (netip.AddrPort, bool) {
	if all := s.all.Load(); all != nil {
		return *all, true
	}
	from := "gone"
	if peer, err := unix.Getpeername(fd); err == nil {
		if v4, is := peer.(*unix.SockaddrInet4); is {
			from = netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), uint16(v4.Port)).String()
		}
	}
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond / 4) {
		if to, ok := s.to.LoadAndDelete(from); ok {
			return to.(netip.AddrPort), true
		}
	}
	return netip.AddrPort{}, false
}

func newStage(tb testing.TB, allow ...string) *stage {
	tb.Helper()
	setting := &network.Setting{Hosts: "127.0.0.1 server.test\n127.0.0.1 other.test\n", Switch: "hosts: files\n"}
	setting.Allow = ruleList(allow)
	r, err := New(setting)
	if err != nil {
		tb.Fatal(err)
	}
	s := &stage{Relay: r, tb: tb}
	s.destination = s.wherefrom
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s.listener = l.(*net.TCPListener)
	return s
}

func ruleList(texts []string) (list []network.Rule) {
	for _, text := range texts {
		list = append(list, network.Rule{Text: text, Place: "test:1:1"})
	}
	return list
}

// serve has the relay serve until the test ends, and then fails if something goes on.
func (s *stage) serve() *stage {
	s.tb.Helper()
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	fd := -1
	raw, err := s.listener.SyscallConn()
	if err == nil {
		err = errors.Join(raw.Control(func(own uintptr) { fd, _ = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }))
	}
	if err != nil || fd < 0 {
		s.tb.Fatal(err)
	}
	go func() { ended <- s.Serve(ctx, []int{fd}, nil) }()
	s.tb.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) && !errors.Is(err, flow.ErrClosed) {
			s.tb.Errorf("it ended with %v", err)
		}
		eventually(s.tb, "all goroutines to end", func() bool { return s.open.Load() == 0 && runtime.NumGoroutine() <= before+2 })
	})
	return s
}

func eventually(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Errorf("waited for %s in vain", what)
			return
		}
	}
}

// dialTo connects a program to an address.
func (s *stage) dialTo(to netip.AddrPort) *net.TCPConn {
	s.tb.Helper()
	c, err := net.Dial("tcp", s.listener.Addr().String())
	if err != nil {
		s.tb.Fatal(err)
	}
	s.to.Store(c.LocalAddr().String(), to)
	s.tb.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

// server runs a function for each connection, and returns where it listens.
func server(tb testing.TB, serve func(c *net.TCPConn)) netip.AddrPort {
	tb.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				serve(c.(*net.TCPConn))
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// echo sends back what it gets, at the end of that the word "end", and ends.
func echo(c *net.TCPConn) {
	if _, err := io.Copy(c, c); err == nil {
		_, _ = io.WriteString(c, "end")
	}
}

// hang keeps a connection and reads nothing.
func hang(c *net.TCPConn) {
	for {
		time.Sleep(50 * time.Millisecond)
		var info *unix.TCPInfo
		raw, err := c.SyscallConn()
		if err == nil {
			_ = raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.SOL_TCP, unix.TCP_INFO) })
		}
		if err != nil || info.State != 1 { // TCP_ESTABLISHED
			return
		}
	}
}

// exchange sends a text and expects it back.
func exchange(c net.Conn, text string) error {
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if string(got) != text {
		return errors.New("got " + string(got))
	}
	return nil
}

// isReset tells whether reading fails since the connection was reset.
func isReset(c net.Conn) error {
	n, err := io.Copy(io.Discard, c)
	if !errors.Is(err, unix.ECONNRESET) {
		return errors.Join(errors.New("it was not reset, and brought "+string(rune('0'+min(n, 9)))+" bytes"), err)
	}
	return nil
}

// helloFor is what a client of TLS sends first.
func helloFor(t *testing.T, name string) []byte {
	t.Helper()
	near, far := net.Pipe()
	go func() {
		_ = tls.Client(near, &tls.Config{ServerName: name, InsecureSkipVerify: true}).Handshake() //nolint:gosec // nothing is sent
	}()
	defer near.Close()
	buffer := make([]byte, 1<<14)
	n, err := far.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	return buffer[:n]
}

// descriptors is how many of them this process has.
func descriptors(tb testing.TB) int {
	tb.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Fatal(err)
	}
	return len(entries)
}

func (s *stage) refusals() string { return string(s.report.lines()) }

// setOf makes rules.
func setOf(tb testing.TB, allow ...string) *rules.Set {
	tb.Helper()
	lists, err := newLists(&network.Setting{Allow: ruleList(allow)})
	if err != nil {
		tb.Fatal(err)
	}
	return lists.set()
}
