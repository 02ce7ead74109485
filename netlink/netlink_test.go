package netlink

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// inNamespace runs a function on a thread that has a network namespace of its own, and
// all rights in it. A copy of this test does it: only a process with one thread can
// make a user namespace.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv("JAIL_TEST_NAMESPACE") == t.Name() {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "JAIL_TEST_NAMESPACE="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_BIND_SERVICE},
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS")) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// send returns the errno of the first answer.
func send(t *testing.T, protocol int, messages []byte) error {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, messages, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, AnswerSize)
	if _, _, err = unix.Recvfrom(fd, answer, unix.MSG_DONTWAIT); err != nil {
		t.Fatal("no answer: ", err)
	}
	return answered(answer)
}

func answered(answer []byte) error {
	if n := -int32(answer[ErrnoAt]) - int32(answer[ErrnoAt+1])<<8 - int32(answer[ErrnoAt+2])<<16 - int32(answer[ErrnoAt+3])<<24; n != 0 {
		return syscall.Errno(n)
	}
	return nil
}

func addresses() (v4, v6 net.IP) {
	return net.IPv4(198, 18, 0, 1).To4(), net.ParseIP("fd6a:61:696c::1")
}

// everything is what a network in which everything leads to one listener takes.
func everything(t *testing.T) {
	t.Helper()
	up := exec.Command("/bin/sh", "-c", "ip link set lo up")
	up.SysProcAttr = &syscall.SysProcAttr{AmbientCaps: []uintptr{unix.CAP_NET_ADMIN}}
	if out, err := up.CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	v4, v6 := addresses()
	var routes Batch
	routes.AddAddress(v4)
	routes.EverythingLocal(v4)
	routes.AddAddress(v6)
	routes.EverythingLocal(v6)
	if err := send(t, unix.NETLINK_ROUTE, routes.Bytes()); err != nil {
		t.Fatal("routes: ", err)
	}
	if err := send(t, unix.NETLINK_NETFILTER, ToListener(v4, v6, 1)); err != nil {
		t.Fatal("rules: ", err)
	}
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	config := net.ListenConfig{Control: func(network, _ string, c syscall.RawConn) (err error) {
		level, option := unix.SOL_IP, unix.IP_TRANSPARENT
		if strings.HasSuffix(network, "6") {
			level, option = unix.SOL_IPV6, unix.IPV6_TRANSPARENT
		}
		_ = c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, 1) })
		return err
	}}
	config.SetMultipathTCP(false)
	l, err := config.Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestToListener: connections to any address arrive at the one listener, which sees
// where they were to go; those to the own loopback do not.
func TestToListener(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	runtime.LockOSThread()
	everything(t)
	v4, v6 := addresses()
	l4, l6 := listen(t, "tcp4", net.JoinHostPort(v4.String(), "1")), listen(t, "tcp6", net.JoinHostPort(v6.String(), "1"))
	for address, l := range map[string]net.Listener{
		"192.0.2.1:443": l4, "10.1.2.3:65535": l4, "198.18.200.7:22": l4, "[2001:db8::1]:443": l6,
		"127.0.0.1:443": nil, "127.1.2.3:80": nil, "[::1]:443": nil,
	} {
		c, err := net.Dial("tcp", address)
		if l == nil {
			if !errors.Is(err, unix.ECONNREFUSED) {
				t.Errorf("%s: %v", address, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		got, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got.LocalAddr().String() != address {
			t.Errorf("%s arrives as one to %s", address, got.LocalAddr())
		}
		got.Close()
		c.Close()
	}
}

// TestRefused: a batch with an error in it has an error as its first answer, and
// nothing of it stays.
func TestRefused(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	n := NewNft("jail")
	n.Chain("none", unix.NF_INET_PRE_ROUTING, 0)
	n.chain = "missing"
	n.Rule(Accept())
	n.chain = "none"
	n.Rule(Accept())
	if err := send(t, unix.NETLINK_NETFILTER, n.End()); !errors.Is(err, unix.ENOENT) {
		t.Errorf("the answer is %v, want %v", err, unix.ENOENT)
	}
	n = NewNft("jail")
	n.Chain("none", unix.NF_INET_PRE_ROUTING, 0)
	n.Rule(Accept())
	if err := send(t, unix.NETLINK_NETFILTER, n.End()); err != nil {
		t.Errorf("without the error: %v", err)
	}
	var routes Batch
	v4, v6 := addresses()
	routes.EverythingLocal(v4)
	routes.AddAddress(v6)
	if err := send(t, unix.NETLINK_ROUTE, routes.Bytes()); err == nil {
		t.Error("a source address that is not there is accepted")
	}
}
