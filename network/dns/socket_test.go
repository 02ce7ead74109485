package dns

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// serve starts a server on sockets of its own, at the wildcard addresses of a network.
func serve(t *testing.T, o Options, udp, tcp string) (udpPort, tcpPort uint16) {
	t.Helper()
	if o.Addresses == nil {
		o.Addresses = NewAddresses(100, time.Hour)
	}
	s := NewServer(o)
	ctx, cancel := context.WithCancel(context.Background())
	conn, err := net.ListenUDP(udp, nil)
	must(t, err)
	l, err := net.Listen(tcp, ":0")
	must(t, err)
	ended := make(chan error, 2)
	go func() { ended <- s.ServeUDP(ctx, conn) }()
	go func() { ended <- s.ServeTCP(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Port(), l.Addr().(*net.TCPAddr).AddrPort().Port()
}

// dialUDP makes a socket that gets datagrams from one address alone.
func dialUDP(t *testing.T, addr string, port uint16) *net.UDPConn {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addr), port)))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return conn
}

func exchange(t *testing.T, conn *net.UDPConn, query []byte) string {
	t.Helper()
	_, err := conn.Write(query)
	must(t, err)
	buffer := make([]byte, 4096)
	n, err := conn.Read(buffer)
	if err != nil {
		t.Fatalf("no answer from %s: %v", conn.RemoteAddr(), err)
	}
	return describe(t, query, buffer[:n])
}

// allow lets the program ask for what is below test.
func allow(name string) (string, bool) { return "", isWithin(name, "test") }

// exists is a host that has every name.
func exists(context.Context, string) (Answer, error) { return Answer{TTL: time.Minute}, nil }

// TestW13NothingIsForwarded counts at the name server: what is not allowed never gets there,
// and of what is allowed nothing but the questions for addresses.
func TestW13NothingIsForwarded(t *testing.T) {
	up := newNameServer(t, addressesOf("192.0.2.1", "2001:db8::1", 60))
	udp, tcp := serve(t, Options{Ask: allow, Lookup: NewResolver(conf(up)).Lookup}, "udp4", "tcp4")
	conn := dialUDP(t, "127.0.0.1", udp)
	for _, t2 := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeTXT, dnsmessage.TypeNS, dnsmessage.TypeALL, dnsmessage.TypeHTTPS} {
		if got := exchange(t, conn, ask("canary.evil.", t2, option(4096, 0))); got != "NameError OPT1232" {
			t.Errorf("type %s: %s", t2, got)
		}
		if t2 != dnsmessage.TypeA && t2 != dnsmessage.TypeAAAA {
			if got := exchange(t, conn, ask("canary.test.", t2, nil)); got != "Success" {
				t.Errorf("type %s: %s", t2, got)
			}
		}
	}
	stream, err := net.Dial("tcp4", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), tcp).String())
	must(t, err)
	defer stream.Close()
	for range 2 { // questions on one connection
		query := ask("canary.evil.", dnsmessage.TypeA, nil)
		must(t, writeMessage(stream, query))
		reply, err := readMessage(stream, make([]byte, mostTCP))
		must(t, err)
		if got := describe(t, query, reply); got != "NameError" {
			t.Errorf("by TCP: %s", got)
		}
	}
	if n := up.total(); n != 0 {
		t.Errorf("the name server was asked %d times", n)
	}
	if got := exchange(t, conn, ask("canary.test.", dnsmessage.TypeA, nil)); got != "Success 198.18.0.1" {
		t.Errorf("negative control: %s", got)
	}
	if up.about("canary.test.") != 2 || up.total() != 2 {
		t.Errorf("negative control: the name server was asked %d times", up.total())
	}
}

// TestAnswersComeFromWhereTheQuestionWent: all of 127.0.0.0/8 is local. The sockets of the
// test are connected, so that they get nothing that comes from another address.
func TestAnswersComeFromWhereTheQuestionWent(t *testing.T) {
	o := Options{Ask: allow, Lookup: exists}
	for _, network := range []string{"udp4", "udp"} {
		port, _ := serve(t, o, network, "tcp")
		for _, addr := range []string{"127.0.0.1", "127.8.8.8", "::1"} {
			if network == "udp4" && addr == "::1" {
				continue
			}
			if got := exchange(t, dialUDP(t, addr, port), ask("a.test.", dnsmessage.TypeA, nil)); got != "Success 198.18.0.1" {
				t.Errorf("%s: %s: %s", network, addr, got)
			}
		}
	}
}

// TestEveryAddressIsLocal is the same in a network namespace like that of a jail. The test
// starts itself there.
func TestEveryAddressIsLocal(t *testing.T) {
	const variable = "JAIL_TEST_EVERY_ADDRESS"
	if os.Getenv(variable) != "" {
		o := Options{Ask: allow, Lookup: exists}
		for _, network := range []string{"udp", "udp4", "udp6"} {
			port, _ := serve(t, o, network, "tcp")
			for _, addr := range []string{"8.8.8.8", "10.1.2.3", "2001:4860:4860::8888", "fd00::1"} {
				if network == "udp4" && strings.Contains(addr, ":") || network == "udp6" && !strings.Contains(addr, ":") {
					continue
				}
				if got := exchange(t, dialUDP(t, addr, port), ask("a.test.", dnsmessage.TypeA, nil)); got != "Success 198.18.0.1" {
					t.Errorf("%s: %s: %s", network, addr, got)
				}
			}
		}
		return
	}
	ip, err := exec.LookPath("ip")
	if err != nil {
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			t.Fatal(err)
		}
		t.Skip("takes the program ip")
	}
	setUp := ip + " link set lo up && " + ip + " route add local default dev lo table local && " +
		ip + " -6 route add local default dev lo table local && exec \"$0\" -test.run '^TestEveryAddressIsLocal$' -test.v"
	own, err := os.Executable()
	must(t, err)
	command := exec.Command("/bin/sh", "-c", setUp, own)
	command.Env = append(os.Environ(), variable+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	said, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(said), "--- PASS: TestEveryAddressIsLocal") {
		t.Errorf("%v\n%s", err, said)
	}
}

// TestW20QueriesAreBounded: no more goroutines than queries may wait, and what needs no
// look-up is answered all the same.
func TestW20QueriesAreBounded(t *testing.T) {
	var waiting, most atomic.Int32
	begun, release := make(chan struct{}, 100), make(chan struct{})
	port, _ := serve(t, Options{Ask: allow, Queries: 3, Lookup: func(context.Context, string) (Answer, error) {
		most.Store(max(most.Load(), waiting.Add(1)))
		begun <- struct{}{}
		<-release
		waiting.Add(-1)
		return Answer{}, ErrNoName
	}}, "udp4", "tcp4")
	conn := dialUDP(t, "127.0.0.1", port)
	for range 50 {
		_, err := conn.Write(ask("slow.test.", dnsmessage.TypeA, nil))
		must(t, err)
	}
	for range 3 {
		<-begun
	}
	for range 50 {
		if got := exchange(t, conn, ask("refused.evil.", dnsmessage.TypeA, nil)); got != "NameError" {
			t.Fatalf("what needs no look-up: %s", got)
		}
	}
	if n := most.Load(); n != 3 {
		t.Errorf("%d queries waited at a time", n)
	}
	close(release)
	for range 3 {
		if _, err := conn.Read(make([]byte, 512)); err != nil {
			t.Errorf("those that waited have no answer: %v", err)
		}
	}
	if got := exchange(t, conn, ask("slow.test.", dnsmessage.TypeA, nil)); got != "NameError" {
		t.Errorf("afterwards: %s", got)
	}
}

// TestW20ConnectionsAreBounded: the one above the bound is closed, until another one is.
func TestW20ConnectionsAreBounded(t *testing.T) {
	_, port := serve(t, Options{Ask: allow, Connections: 2}, "udp4", "tcp4")
	dial := func() net.Conn {
		conn, err := net.Dial("tcp4", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String())
		must(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		return conn
	}
	answers := func(conn net.Conn) error {
		if err := writeMessage(conn, ask("x.evil.", dnsmessage.TypeA, nil)); err != nil {
			return err
		}
		_, err := readMessage(conn, make([]byte, mostTCP))
		return err
	}
	first, second := dial(), dial()
	must(t, answers(first))
	must(t, answers(second))
	if err := answers(dial()); err == nil {
		t.Error("a third connection is served")
	}
	_ = first.Close()
	for deadline := time.Now().Add(20 * time.Second); answers(dial()) != nil; {
		if time.Now().After(deadline) {
			t.Fatal("no connection is served when one of two was closed")
		}
	}
}

// TestW20StreamsThatAreNone: what is no question ends the connection, without an answer.
func TestW20StreamsThatAreNone(t *testing.T) {
	_, port := serve(t, Options{Ask: allow}, "udp4", "tcp4")
	answer := ask("x.evil.", dnsmessage.TypeA, func(m *dnsmessage.Message) { m.Response = true })
	for name, bytes := range map[string]string{
		"too long":  "\xff\xff" + strings.Repeat("x", 100),
		"empty":     "\x00\x00",
		"an answer": string([]byte{0, byte(len(answer))}) + string(answer),
	} {
		conn, err := net.Dial("tcp4", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String())
		must(t, err)
		must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		_, err = conn.Write([]byte(bytes))
		must(t, err)
		said, err := io.ReadAll(conn)
		if len(said) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %x, %v", name, said, err)
		}
		_ = conn.Close()
	}
}
