package flow

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// start runs a loop until the test ends.
func start(t *testing.T) *Loop {
	t.Helper()
	l, err := NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Run() }()
	t.Cleanup(func() {
		l.Close()
		if err := <-ended; !errors.Is(err, ErrClosed) {
			t.Errorf("it ended with %v", err)
		}
	})
	return l
}

// tcpPair is a pair of connected TCP connections, one of them as a descriptor.
func tcpPair(t *testing.T) (far *net.TCPConn, near int) {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan *net.TCPConn)
	go func() {
		c, _ := l.AcceptTCP()
		accepted <- c
	}()
	far, err = net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr))
	other := <-accepted
	if err != nil || other == nil {
		t.Fatal("no connection", err)
	}
	t.Cleanup(func() { _ = far.Close() })
	_ = far.SetDeadline(time.Now().Add(20 * time.Second))
	if near, err = Descriptor(other); err != nil {
		t.Fatal(err)
	}
	return far, near
}

// pass returns the far ends of two connections that a loop passes on, and what tells of
// the end.
func pass(t *testing.T, first First, early []byte) (client, server *net.TCPConn, ended chan struct{}) {
	t.Helper()
	l := start(t)
	client, in := tcpPair(t)
	server, out := tcpPair(t)
	ended = make(chan struct{})
	l.Do(func() { l.Pass(&Flow{In: in, Out: out, First: first, Early: early, Ended: func() { close(ended) }}) })
	return client, server, ended
}

func waitFor(t *testing.T, ended chan struct{}) {
	t.Helper()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("it has not ended")
	}
}

// TestHalfClosed: what one side sends after the other has ended still arrives.
func TestHalfClosed(t *testing.T) {
	client, server, ended := pass(t, nil, nil)
	sent := bytes.Repeat([]byte("a request "), 1<<20)
	go func() {
		_, _ = client.Write(sent)
		_ = client.CloseWrite()
	}()
	got, err := io.ReadAll(server)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d of %d bytes arrive, %v", len(got), len(sent), err)
	}
	if _, err := server.Write([]byte("answer")); err != nil {
		t.Error(err)
	}
	_ = server.Close()
	if got, err = io.ReadAll(client); err != nil || string(got) != "answer" {
		t.Errorf("the answer is %q, %v", got, err)
	}
	waitFor(t, ended)
}

// TestReset: an error of one side is one of the other, whichever it is, also while that
// sends nothing.
func TestReset(t *testing.T) {
	for _, ofClient := range []bool{true, false} {
		client, server, ended := pass(t, nil, nil)
		far, near := client, server
		if !ofClient {
			far, near = server, client
		}
		_ = far.SetLinger(0)
		_ = far.Close()
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("client %v: the other side sees %v", ofClient, err)
		}
		waitFor(t, ended)
	}
}

// TestResetAfterEnd: a client that has ended and is reset then takes no answer, so the server
// sees it, also while it says nothing.
func TestResetAfterEnd(t *testing.T) {
	client, server, ended := pass(t, nil, nil)
	_ = client.CloseWrite()
	if n, err := server.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("at the end %d, %v", n, err)
	}
	_ = client.SetLinger(0)
	_ = client.Close()
	waitFor(t, ended)
	if _, err := server.Write([]byte("x")); err == nil {
		t.Error("the server can send on")
	}
}

// TestWaits: a side that reads nothing makes the other one wait; it does not make this
// process hold all.
func TestWaits(t *testing.T) {
	client, server, ended := pass(t, nil, nil)
	_ = client.SetWriteDeadline(time.Now().Add(2 * time.Second))
	const most = 1 << 30
	n, err := io.CopyN(client, zeros{}, most)
	if err == nil {
		t.Errorf("%d bytes are sent to a side that reads nothing", n)
	}
	_ = client.CloseWrite()
	if got, err := io.Copy(io.Discard, server); err != nil || got != n {
		t.Errorf("then %d bytes arrive of %d, %v", got, n, err)
	}
	_ = server.Close()
	waitFor(t, ended)
}

// TestUrgent: what is behind urgent bytes, and the end, arrive also when they were there
// before, and when the bytes come in bulk.
func TestUrgent(t *testing.T) {
	for _, size := range []int{3, blockSize, 10 * blockSize} {
		l := start(t)
		client, in := tcpPair(t)
		server, out := tcpPair(t)
		sent := bytes.Repeat([]byte("x"), size)
		_, _ = client.Write(sent)
		sendUrgent(t, client)
		_, _ = client.Write([]byte("last"))
		ended := make(chan struct{})
		l.Do(func() { l.Pass(&Flow{In: in, Out: out, Ended: func() { close(ended) }}) })
		want := append(bytes.Clone(sent), "last"...)
		got := make([]byte, len(want))
		if n, err := io.ReadFull(server, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d of %d bytes arrive, %v", n, len(want), err)
		}
		_, _ = client.Write(sent)
		sendUrgent(t, client)
		_, _ = client.Write([]byte("last"))
		_ = client.CloseWrite()
		if got, err := io.ReadAll(server); err != nil || len(got) != size+len("last") {
			t.Errorf("%d bytes arrive at the end, %v", len(got), err)
		}
		_ = server.Close()
		waitFor(t, ended)
	}
}

func sendUrgent(t *testing.T, c *net.TCPConn) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Write(func(fd uintptr) bool {
		err = unix.Sendto(int(fd), []byte("!"), unix.MSG_OOB, nil)
		return !errors.Is(err, unix.EAGAIN)
	})
	if err != nil {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestFirst: what is sent first is held back until it is judged, the end included.
func TestFirst(t *testing.T) {
	judge := func(want string) First {
		var all []byte
		return func(piece []byte) ([]byte, Verdict) {
			all = append(all, piece...)
			switch {
			case strings.Contains(string(all), "bad"):
				return nil, Refuse
			case len(piece) > 0 && len(all) < len(want):
				return nil, More
			}
			return all, Pass
		}
	}
	for _, c := range []struct {
		name, early string
		pieces      []string
		want        string
	}{
		{"one piece", "", []string{"all of it"}, "all of it"},
		{"three", "", []string{"a", "b", "cdef"}, "abcdef"},
		{"read before", "early ", []string{"bird"}, "early bird"},
		{"ended before it is complete", "", []string{"a", "b"}, "ab"},
		{"nothing", "", nil, ""},
	} {
		client, server, ended := pass(t, judge("abc"), []byte(c.early))
		for _, piece := range c.pieces {
			_, _ = io.WriteString(client, piece)
			time.Sleep(time.Millisecond)
		}
		_ = client.CloseWrite()
		if got, err := io.ReadAll(server); err != nil || string(got) != c.want {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
		_ = server.Close()
		waitFor(t, ended)
	}
	client, server, ended := pass(t, judge("abc"), nil)
	_, _ = io.WriteString(client, "bad")
	for _, c := range []*net.TCPConn{client, server} {
		if n, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("refused: %d bytes, %v", n, err)
		}
	}
	waitFor(t, ended)
}

// TestPassed: what was held back counts as held until the other side takes it.
func TestPassed(t *testing.T) {
	l := start(t)
	client, in := tcpPair(t)
	server, out := tcpPair(t)
	const size = 32 << 20 // more than sockets hold
	sent := bytes.Repeat([]byte("x"), size)
	var all []byte
	judged, passed := make(chan struct{}), make(chan struct{})
	first := func(piece []byte) ([]byte, Verdict) {
		if all = append(all, piece...); len(all) < size {
			return nil, More
		}
		close(judged)
		return all, Pass
	}
	l.Do(func() { l.Pass(&Flow{In: in, Out: out, First: first, Passed: func() { close(passed) }}) })
	go func() { _, _ = client.Write(sent) }()
	waitFor(t, judged)
	select {
	case <-passed:
		t.Error("it is told before")
	case <-time.After(50 * time.Millisecond):
	}
	if n, err := io.ReadFull(server, make([]byte, size)); err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	waitFor(t, passed)
}

// TestConnect: the first address that answers is connected to, and without one all failures
// are told.
func TestConnect(t *testing.T) {
	l := start(t)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	there := listener.Addr().(*net.TCPAddr).AddrPort()
	nobody := netip.MustParseAddrPort("127.0.0.1:1")
	for _, c := range []struct {
		name  string
		addrs []netip.AddrPort
		to    netip.AddrPort
	}{
		{"one", []netip.AddrPort{there}, there},
		{"the second", []netip.AddrPort{nobody, there}, there},
		{"of the other family", []netip.AddrPort{netip.MustParseAddrPort("[::1]:1"), nobody, there}, there},
		{"none", []netip.AddrPort{nobody, netip.MustParseAddrPort("[::1]:1")}, netip.AddrPort{}},
	} {
		done := make(chan struct{})
		l.Do(func() {
			l.Connect(c.addrs, func(fd int, to netip.AddrPort, err error) {
				defer close(done)
				if to != c.to || (err != nil) != !c.to.IsValid() {
					t.Errorf("%s: %v, %v", c.name, to, err)
				}
				if err != nil && (!errors.Is(err, unix.ECONNREFUSED) || strings.Count(err.Error(), "connect to") != len(c.addrs)) {
					t.Errorf("%s: it says %v", c.name, err)
				}
				if err == nil {
					l.Forget(fd)
				}
			})
		})
		waitFor(t, done)
	}
}

// TestConnectItself: where nobody listens, a socket that the kernel has given that very port is
// connected to itself. That is no answer.
func TestConnectItself(t *testing.T) {
	l := start(t)
	for text, at := range map[string]unix.Sockaddr{
		"127.0.0.1": &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}},
		"::1":       &unix.SockaddrInet6{Addr: netip.IPv6Loopback().As16()},
	} {
		addr, family, port := netip.MustParseAddr(text), unix.AF_INET, 0
		if addr.Is6() {
			family = unix.AF_INET6
		}
		fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			err = unix.Bind(fd, at)
		}
		if err != nil {
			t.Fatal(err)
		}
		at, _ = unix.Getsockname(fd)
		switch at := at.(type) {
		case *unix.SockaddrInet4:
			port = at.Port
		case *unix.SockaddrInet6:
			port = at.Port
		}
		if err := unix.Connect(fd, at); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		l.Do(func() {
			c := &connecting{loop: l, attempts: []int{fd}, done: func(_ int, _ netip.AddrPort, err error) {
				defer close(done)
				if !errors.Is(err, unix.ECONNREFUSED) {
					t.Errorf("%s: %v", text, err)
				}
			}}
			l.connecting[c] = struct{}{}
			_ = l.watch(fd, allEvents, func(events uint32) { c.settled(fd, netip.AddrPortFrom(addr, uint16(port)), events) })
		})
		waitFor(t, done)
	}
}

// TestConnectEnds: who waits for a connection is told when the loop ends, and when it takes
// too long.
func TestConnectEnds(t *testing.T) {
	l, err := NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 2)
	tell := func(_ int, _ netip.AddrPort, err error) { got <- err }
	silent := []netip.AddrPort{silentAddress(t)}
	l.Do(func() {
		l.Connect(silent, tell)
		for c := range l.connecting {
			c.timers[1].at = time.Now().Add(50 * time.Millisecond)
		}
		l.Connect(silent, tell)
		l.after(200*time.Millisecond, l.end)
	})
	if err := l.Run(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if a, b := <-got, <-got; !errors.Is(a, errTooLong) || !errors.Is(b, ErrClosed) {
		t.Errorf("%v, then %v", a, b)
	}
	if l.Do(func() {}) {
		t.Error("a loop that has ended takes a call")
	}
}

// TestListen: what is accepted has its host looked after, and a listener that fails is neither
// given up nor tried all the time.
func TestListen(t *testing.T) {
	l := start(t)
	fd := listening(t, 5)
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	probed, watched := make(chan int), make(chan struct{})
	var told atomic.Int64
	l.Do(func() {
		defer close(watched)
		if err := l.Listen(own, func(c int) {
			on, _ := unix.GetsockoptInt(c, unix.SOL_SOCKET, unix.SO_KEEPALIVE)
			Reset(c)
			probed <- on
		}); err != nil {
			t.Error(err)
		}
		accept := l.watched[own].handle
		l.watched[own].handle = func(events uint32) {
			told.Add(1)
			accept(events)
		}
	})
	connect := func() {
		t.Helper()
		c, err := net.Dial("tcp4", addressOf(t, fd).String())
		if err == nil {
			_ = c.Close()
		}
		select {
		case on := <-probed:
			if on != 1 {
				t.Error("nobody finds out that the host is gone")
			}
		case <-time.After(20 * time.Second):
			t.Error("nothing is accepted")
		}
	}
	waitFor(t, watched)
	connect()
	began := time.Now()
	_ = unix.Shutdown(fd, unix.SHUT_RD)
	time.Sleep(100 * time.Millisecond)
	if n, most := told.Load(), int64(time.Since(began)/acceptAgain)+5; n < 2 || n > most {
		t.Errorf("it was tried %d times", n)
	}
	if err := unix.Listen(fd, 5); err != nil {
		t.Fatal(err)
	}
	connect()
}

// silentAddress is one that answers to no more connections: its queue is full.
func silentAddress(t *testing.T) netip.AddrPort {
	t.Helper()
	to := addressOf(t, listening(t, 0))
	for range 4 {
		c, err := net.DialTimeout("tcp4", to.String(), 100*time.Millisecond)
		if err != nil {
			return to
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Fatal("the queue has no end")
	return to
}

// listening is a socket that listens, with a queue for so many connections.
func listening(t *testing.T, queue int) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, queue)); err != nil {
		t.Fatal(err)
	}
	return fd
}

func addressOf(t *testing.T, fd int) netip.AddrPort {
	t.Helper()
	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(at.(*unix.SockaddrInet4).Port))
}

// TestBulk passes on random bytes in pieces of all sizes, both ways at the same time, also
// when there is no pipe for them.
func TestBulk(t *testing.T) {
	for _, inUse := range []int{0, MostPipes} {
		l := start(t)
		l.Do(func() { l.pipes.all = inUse })
		client, in := tcpPair(t)
		server, out := tcpPair(t)
		ended := make(chan struct{})
		l.Do(func() { l.Pass(&Flow{In: in, Out: out, Ended: func() { close(ended) }}) })
		go func() {
			_, _ = io.Copy(server, server)
			_ = server.CloseWrite()
		}()
		sent, received := sha256.New(), sha256.New()
		var sending sync.WaitGroup
		sending.Go(func() {
			for range 60 {
				if _, err := io.MultiWriter(client, sent).Write(piece()); err != nil {
					t.Error(err)
				}
			}
			_ = client.CloseWrite()
		})
		if _, err := io.Copy(received, client); err != nil {
			t.Error(err)
		}
		sending.Wait()
		if !bytes.Equal(sent.Sum(nil), received.Sum(nil)) {
			t.Error("other bytes arrived")
		}
		waitFor(t, ended)
	}
}

// piece are random bytes, mostly many.
func piece() []byte {
	size := 1 + rand.IntN(300<<10) //nolint:gosec // to have different ones
	if rand.IntN(3) == 0 {         //nolint:gosec // likewise
		size = min(size, 100)
	}
	bytes := make([]byte, size)
	for i := range bytes {
		bytes[i] = byte(rand.Uint32()) //nolint:gosec // to tell them apart
	}
	return bytes
}
