package network

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The addresses of the host, and of what is next to it on its only link. They are in
// none of the networks that rules take for local, which the host's own are all the same.
const (
	host4, next4 = "203.0.114.2", "203.0.114.1"
	host6, next6 = "2a11:114::2", "2a11:114::1"
)

// The addresses of the name servers of the host.
const resolver4, resolver6 = "45.139.0.53", "2a11:139::53"

// ports are those on which servers of the outside listen.
func ports() []int { return []int{22, 53, 80, 443, 853, 5355, 5432, 6379, 8080, 8443} }

// makeOutside makes the namespaces, of which this process is in the first, opens the
// sockets of the outside there, and executes the tests in the second one, the host,
// without any privilege.
func makeOutside(dir string) error {
	runtime.LockOSThread() // a network namespace is one of a thread
	outside, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	host, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	if err := ip(outside, `link set lo up
link add eth0 type veth peer name outside
link set eth0 addrgenmode none
link set outside netns /proc/self/fd/3
address add `+host4+`/24 broadcast + dev eth0
address add `+host6+`/64 dev eth0 nodad
link set eth0 up
route add 0.0.0.0/0 via `+next4+`
route add ::/0 via `+next6+`
`); err != nil {
		return err
	}
	// Who may send ICMP by a socket of its own, icmp(7).
	group := strconv.Itoa(os.Getgid())
	if err := os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte(group+" "+group), 0); err != nil {
		return err
	}
	if err := unix.Setns(int(outside.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	if err := ip(outside, `link set lo up
link set outside addrgenmode none
address add `+next4+`/24 broadcast + dev outside
address add `+next6+`/64 dev outside nodad
link set outside up
route add local 0.0.0.0/0 dev lo table main
route add local ::/0 dev lo table main
address add `+resolver6+`/128 dev lo nodad
`); err != nil {
		return err
	}
	sockets, err := openSockets()
	if err != nil {
		return err
	}
	if err := unix.Setns(int(host.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	if err := hostFiles(dir); err != nil {
		return err
	}
	return becomeTests(sockets)
}

// ip configures the network of this thread with ip(8), whose descriptor 3 is a file.
func ip(file *os.File, batch string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin, cmd.ExtraFiles = strings.NewReader(batch), []*os.File{file}
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w\n%s", err, text)
	}
	return nil
}

// openSockets opens the sockets of the outside, by names that takeOutside knows.
func openSockets() (map[string]*os.File, error) {
	sockets := map[string]*os.File{}
	for _, port := range ports() {
		l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
		if err != nil {
			return nil, err
		}
		if sockets["tcp"+strconv.Itoa(port)], err = l.(*net.TCPListener).File(); err != nil { //nolint:forcetypeassert // the network is tcp
			return nil, err
		}
	}
	for _, resolver := range []string{resolver4, resolver6} {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(resolver), 53)))
		if err != nil {
			return nil, err
		}
		if sockets["names"+resolver], err = c.File(); err != nil {
			return nil, err
		}
	}
	packets, err := openCounter("outside")
	sockets["packets"] = packets
	return sockets, err
}

// hostFiles puts files of a directory in the place of those by which the host looks names
// up.
func hostFiles(dir string) error {
	for file, text := range map[string]string{
		"/etc/resolv.conf":   "nameserver " + resolver4 + "\nnameserver " + resolver6 + "\noptions timeout:3\n",
		"/etc/hosts":         "127.0.0.1 localhost\n::1 localhost ip6-localhost\n10.20.0.7 intranet.jail-hosts.org\n",
		"/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
	} {
		own := filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(own, []byte(text), 0o644); err != nil {
			return err
		}
		if err := unix.Mount(own, file, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount on %s: %w", file, err)
		}
	}
	return nil
}

// becomeTests executes the tests, which inherit the sockets. Without capabilities in the
// ambient set, a program that is not executed by root has none.
func becomeTests(sockets map[string]*os.File) error {
	var passed []string
	for name, f := range sockets {
		if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, 0); err != nil {
			return err
		}
		passed = append(passed, name+"="+strconv.Itoa(int(f.Fd())))
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	if err := os.Setenv(stage, strings.Join(passed, ",")); err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, os.Environ())
}

// takeSockets returns what becomeTests has passed.
func takeSockets() (map[string]*os.File, error) {
	sockets := map[string]*os.File{}
	for passed := range strings.SplitSeq(os.Getenv(stage), ",") {
		name, number, _ := strings.Cut(passed, "=")
		fd, err := strconv.Atoi(number)
		if err != nil {
			return nil, err
		}
		unix.CloseOnExec(fd)
		sockets[name] = os.NewFile(uintptr(fd), name)
	}
	return sockets, os.Unsetenv(stage)
}
