package testenv

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Accept greets everybody who connects.
func Accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, "hello")
		_ = c.Close()
	}
}

// Server is a service of the host on a Unix socket. It counts who comes.
type Server struct {
	t                *testing.T
	network, address string
	arrivals         atomic.Int64
	fenced           chan struct{} // the server got a datagram with the fence
}

// fence is what the test itself sends, behind what came before.
const fence = "the test itself"

// Serve listens at a path or as @name, for streams, packets or datagrams.
func Serve(t *testing.T, kind, address string) *Server {
	t.Helper()
	network := map[string]string{"stream": "unix", "seqpacket": "unixpacket", "dgram": "unixgram"}[kind]
	s := &Server{t: t, network: network, address: address, fenced: make(chan struct{}, 1)}
	if !strings.HasPrefix(address, "@") {
		if err := os.MkdirAll(filepath.Dir(address), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if kind == "dgram" {
		c, err := net.ListenPacket(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close(); _ = os.Remove(address) })
		go s.read(c)
		return s
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go s.accept(l)
	return s
}

func (s *Server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.arrivals.Add(1)
		_ = c.Close()
	}
}

func (s *Server) read(c net.PacketConn) {
	for buf := make([]byte, 16); ; {
		n, _, err := c.ReadFrom(buf)
		switch {
		case err != nil:
			return
		case string(buf[:n]) == fence:
			s.fenced <- struct{}{}
		default:
			s.arrivals.Add(1)
		}
	}
}

// Arrived returns how many came since it was asked before. Who came before the
// test itself is counted when that is.
func (s *Server) Arrived() int64 {
	s.t.Helper()
	c, err := net.DialTimeout(s.network, s.address, time.Minute)
	Must(s.t, err)
	defer func() { _ = c.Close() }()
	Must(s.t, c.SetDeadline(time.Now().Add(time.Minute)))
	if s.network == "unixgram" {
		_, err := io.WriteString(c, fence)
		Must(s.t, err)
		<-s.fenced
		return s.arrivals.Swap(0)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || !errors.Is(err, io.EOF) {
		s.t.Fatalf("%s does not answer the test: %v", s.address, err)
	}
	return s.arrivals.Swap(0) - 1
}
