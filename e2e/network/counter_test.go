package network

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// counter counts the packets that arrive outside, by protocol and destination, such as
// "udp 8.8.8.8:53". Of a connection it counts the packets that ask for it (SYN).
type counter struct {
	socket int
	mu     sync.Mutex
	counts map[string]int
	fences map[string]chan struct{}
}

// openCounter opens a packet socket for what arrives at an interface.
func openCounter(link string) (*os.File, error) {
	inter, err := net.InterfaceByName(link)
	if err != nil {
		return nil, err
	}
	s, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	instructions, err := bpf.Assemble(withoutData())
	if err != nil {
		return nil, err
	}
	filter := make([]unix.SockFilter, len(instructions))
	for i, x := range instructions {
		filter[i] = unix.SockFilter{Code: x.Op, Jt: x.Jt, Jf: x.Jf, K: x.K}
	}
	if err := unix.SetsockoptSockFprog(s, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}); err != nil {
		return nil, err
	}
	if err := unix.SetsockoptInt(s, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
		return nil, err
	}
	all := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL))
	if err := unix.Bind(s, &unix.SockaddrLinklayer{Protocol: all, Ifindex: inter.Index}); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(s), "packets"), nil
}

// withoutData is a filter for all packets of IP but those of TCP without SYN, of which
// there are so many that the socket could lose some.
func withoutData() []bpf.Instruction {
	const accept, drop = 1 << 16, 0
	return []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtProto},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ETH_P_IP, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ETH_P_IPV6, SkipTrue: 8},
		bpf.RetConstant{Val: drop},
		bpf.LoadAbsolute{Off: 9, Size: 1}, // the protocol in a header of IPv4
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.IPPROTO_TCP, SkipTrue: 9},
		bpf.LoadAbsolute{Off: 6, Size: 2}, // the offset of a fragment
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: 0x1fff, SkipTrue: 7},
		bpf.LoadMemShift{Off: 0},
		bpf.LoadIndirect{Off: 13, Size: 1}, // the flags of TCP
		bpf.Jump{Skip: 3},
		bpf.LoadAbsolute{Off: 6, Size: 1}, // the next header in one of IPv6
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.IPPROTO_TCP, SkipTrue: 2},
		bpf.LoadAbsolute{Off: 40 + 13, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: 2, SkipTrue: 1}, // SYN
		bpf.RetConstant{Val: accept},
		bpf.RetConstant{Val: drop},
	}
}

// newCounter begins to count.
func newCounter(socket *os.File) *counter {
	c := &counter{socket: int(socket.Fd()), counts: map[string]int{}, fences: map[string]chan struct{}{}}
	go func() {
		defer socket.Close()
		for buffer := make([]byte, 1<<16); ; {
			n, _, err := unix.Recvfrom(c.socket, buffer, 0)
			if err != nil {
				if err == unix.EINTR {
					continue
				}
				return
			}
			c.add(buffer[:n])
		}
	}()
	return c
}

func (c *counter) add(packet []byte) {
	what, payload := describe(packet)
	c.mu.Lock()
	defer c.mu.Unlock()
	if done := c.fences[string(payload)]; done != nil {
		close(done)
		delete(c.fences, string(payload))
		return
	}
	if what != "" {
		c.counts[what]++
	}
}

// describe says what a packet is, and returns what is in a datagram. It says nothing
// about the packets by which the kernel itself finds neighbours and tells groups.
func describe(packet []byte) (what string, payload []byte) {
	if len(packet) < 20 {
		return "short", nil
	}
	var protocol byte
	var to netip.Addr
	var body []byte
	if packet[0]>>4 == 4 {
		protocol, to, body = packet[9], netip.AddrFrom4([4]byte(packet[16:20])), packet[min(len(packet), int(packet[0]&15)*4):]
	} else {
		if len(packet) < 40 {
			return "short", nil
		}
		protocol, to, body = packet[6], netip.AddrFrom16([16]byte(packet[24:40])), packet[40:]
	}
	port := func() string {
		if len(body) < 8 {
			return to.String()
		}
		return netip.AddrPortFrom(to, binary.BigEndian.Uint16(body[2:])).String()
	}
	switch {
	case protocol == unix.IPPROTO_TCP:
		return "tcp " + port(), nil
	case protocol == unix.IPPROTO_UDP && len(body) >= 8:
		return "udp " + port(), body[8:]
	case protocol == unix.IPPROTO_ICMP:
		return "icmp " + to.String(), nil
	case protocol == unix.IPPROTO_ICMPV6 && len(body) > 0 && body[0] >= 133 && body[0] <= 137: // RFC 4861
		return "", nil
	case protocol == 0 && to.Is6() && len(body) > 8 && body[8] == 143: // MLDv2, RFC 3810
		return "", nil
	case protocol == unix.IPPROTO_ICMPV6:
		return "icmp " + to.String(), nil
	}
	return fmt.Sprintf("protocol %d %s", protocol, to), nil
}

// now is what was counted until now: all packets that were sent before it is called. It
// waits for one of its own from each processor, since each has a queue of packets.
func (c *counter) now(t *testing.T) map[string]int {
	t.Helper()
	var processors unix.CPUSet
	testenv.Must(t, unix.SchedGetaffinity(0, &processors))
	for n, left := 0, processors.Count(); left > 0; n++ {
		if processors.IsSet(n) {
			testenv.Must(t, c.fence(n))
			left--
		}
	}
	if stats, err := unix.GetsockoptTpacketStats(c.socket, unix.SOL_PACKET, unix.PACKET_STATISTICS); err != nil || stats.Drops > 0 {
		t.Fatalf("packets were not counted: %+v, %v", stats, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

// fence returns when a packet that a processor sends has arrived outside.
func (c *counter) fence(processor int) error {
	text, arrived := rand.Text(), make(chan struct{})
	c.mu.Lock()
	c.fences[text] = arrived
	c.mu.Unlock()
	conn, err := net.Dial("udp", net.JoinHostPort(next4, "7"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	send := func() {
		runtime.LockOSThread() // and never unlock: the thread ends
		var one unix.CPUSet
		one.Set(processor)
		if unix.SchedSetaffinity(0, &one) == nil {
			_, _ = conn.Write([]byte(text)) // an error is about the last packet, to which nobody listened
		}
	}
	for range 100 {
		go send()
		select {
		case <-arrived:
			return nil
		case <-time.After(300 * time.Millisecond):
		}
	}
	return errors.New("a packet of the test itself does not arrive outside")
}

// during is what arrives outside while something is done.
func (c *counter) during(t *testing.T, what func()) map[string]int {
	t.Helper()
	before := c.now(t)
	what()
	after := c.now(t)
	maps.DeleteFunc(after, func(name string, n int) bool { return n == before[name] })
	for name := range after {
		after[name] -= before[name]
	}
	return after
}

// only are the counts of the names in which one of the texts is.
func only(counts map[string]int, texts ...string) map[string]int {
	found := map[string]int{}
	for name, n := range counts {
		for _, text := range texts {
			if strings.Contains(name, text) {
				found[name] = n
			}
		}
	}
	return found
}
