package pair

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// pipe is a pair of connected TCP connections.
func pipe(t *testing.T) (a, b *net.TCPConn) {
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
	a, err = net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr))
	if b = <-accepted; err != nil || b == nil {
		t.Fatal("no connection", err)
	}
	t.Cleanup(func() { Close(a, b) })
	deadline := time.Now().Add(time.Minute)
	_, _ = a.SetDeadline(deadline), b.SetDeadline(deadline)
	return a, b
}

// both returns the far ends of two connections that Both passes on, and what tells of its
// end.
func both(t *testing.T) (client, server *net.TCPConn, ended chan struct{}) {
	t.Helper()
	client, in := pipe(t)
	out, server := pipe(t)
	_, _ = in.SetDeadline(time.Time{}), out.SetDeadline(time.Time{})
	ended = make(chan struct{})
	go func() {
		Both(in, out)
		close(ended)
	}()
	return client, server, ended
}

func waitFor(t *testing.T, ended chan struct{}) {
	t.Helper()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("it has not ended")
	}
}

// TestBothHalfClosed: what one side sends after the other has ended still arrives.
func TestBothHalfClosed(t *testing.T) {
	client, server, ended := both(t)
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

// TestBothReset: an error of one side is one of the other, whichever it is, also while that
// sends nothing.
func TestBothReset(t *testing.T) {
	for _, ofClient := range []bool{true, false} {
		client, server, ended := both(t)
		far, near := client, server
		if !ofClient {
			far, near = server, client
		}
		Reset(far)
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("client %v: the other side sees %v", ofClient, err)
		}
		waitFor(t, ended)
	}
}

// TestBothWaits: a side that reads nothing makes the other one wait; it does not make this
// process hold all.
func TestBothWaits(t *testing.T) {
	client, server, ended := both(t)
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

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestAffordable(t *testing.T) {
	if got := Affordable(3, PerPair, 128); got != 3 {
		t.Errorf("%d pairs of 3", got)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if got := Affordable(1<<40, PerPair, 128); got < 1 || uint64(got)*PerPair > limit.Cur {
		t.Errorf("%d pairs with %d open files", got, limit.Cur)
	}
}

// TestTracked: only what was added and not removed is looked at.
func TestTracked(t *testing.T) {
	in, out := pipe(t)
	var tracked Tracked
	remove := tracked.Add(in, out)
	if len(tracked.all) != 1 {
		t.Error("it is not noted")
	}
	if since := idle(in); since > time.Minute {
		t.Errorf("a new connection is idle for %v", since)
	}
	remove()
	if len(tracked.all) != 0 {
		t.Error("it is still noted")
	}
}
