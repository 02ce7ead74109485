package publish

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func listen(t *testing.T, network, addr string) *net.TCPListener {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.(*net.TCPListener)
}

func portOf(l net.Listener) uint16 { return l.Addr().(*net.TCPAddr).AddrPort().Port() }

// dial connects to a listener, nil if it is reset before that is noticed.
func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if errors.Is(err, syscall.ECONNRESET) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return c
}

// echo answers what it is sent.
func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}()
	}
}

func answers(c net.Conn) bool {
	if c == nil {
		return false
	}
	_, _ = c.Write([]byte("x"))
	_, err := io.ReadFull(c, make([]byte, 1))
	return err == nil
}

func start(t *testing.T) *server {
	t.Helper()
	s, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.loop.Close)
	return s
}

// descriptors are copies of those of listeners.
func descriptors(t *testing.T, listeners ...*net.TCPListener) (fds []int) {
	t.Helper()
	for _, l := range listeners {
		raw, err := l.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		_ = raw.Control(func(own uintptr) {
			fd, err := unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0)
			if err != nil {
				t.Error(err)
			}
			fds = append(fds, fd)
		})
	}
	return fds
}

// TestServe: each listener leads to its own port, at either loopback address.
func TestServe(t *testing.T) {
	four, six := listen(t, "tcp4", "127.0.0.1:0"), listen(t, "tcp6", "[::1]:0")
	go echo(four)
	go echo(six)
	gone := listen(t, "tcp4", "127.0.0.1:0")
	_ = gone.Close()
	a, b, c := listen(t, "tcp4", "127.0.0.1:0"), listen(t, "tcp6", "[::1]:0"), listen(t, "tcp4", "127.0.0.1:0")
	ended := make(chan error)
	s := start(t)
	go func() {
		ended <- s.serve(descriptors(t, a, b, c), []uint16{portOf(four), portOf(six), portOf(gone)})
	}()
	for _, l := range []net.Listener{a, b} {
		if !answers(dial(t, l)) {
			t.Errorf("nothing answers behind %v", l.Addr())
		}
	}
	if reset := dial(t, c); reset != nil {
		if _, err := reset.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("where nobody listens the client sees %v", err)
		}
	}
	s.loop.Close()
	if err := <-ended; err == nil {
		t.Error("it has ended without an error")
	}
}

// TestMost: a connection beyond the limit is reset, and one that ends makes room.
func TestMost(t *testing.T) {
	inside, l := listen(t, "tcp4", "127.0.0.1:0"), listen(t, "tcp4", "127.0.0.1:0")
	go echo(inside)
	s := start(t)
	s.most = 1
	go func() { _ = s.serve(descriptors(t, l), []uint16{portOf(inside)}) }()
	first := dial(t, l)
	if !answers(first) {
		t.Fatal("the first connection has no answer")
	}
	if answers(dial(t, l)) {
		t.Error("a second connection is answered")
	}
	_ = first.Close()
	for end := time.Now().Add(time.Minute); !answers(dial(t, l)); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the end of a connection makes no room")
		}
	}
}
