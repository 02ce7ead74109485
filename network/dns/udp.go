package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// mostFailures is how many times in a row receiving may fail before ServeUDP gives up.
const mostFailures = 100

// ServeUDP answers what arrives at a socket, until the context ends or the socket is closed,
// and closes it. The socket is bound to the wildcard address, of IPv4, of IPv6, or of both.
// Each answer comes from the address that was asked.
func (s *Server) ServeUDP(ctx context.Context, conn *net.UDPConn) error {
	defer func() { _ = conn.Close() }()
	if err := prepare(conn); err != nil {
		return fmt.Errorf("prepare the socket for DNS: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	var pending sync.WaitGroup
	defer pending.Wait()
	defer cancel() // before Wait
	buffer, ancillary := make([]byte, mostQuery), make([]byte, 256)
	for failures := 0; ; {
		n, an, flags, peer, err := conn.ReadMsgUDPAddrPort(buffer, ancillary)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			if failures++; failures == mostFailures {
				return fmt.Errorf("receive questions: %w", err)
			}
			time.Sleep(10 * time.Millisecond)
			continue
		}
		failures = 0
		source := answerFrom(ancillary[:an])
		if source == nil || flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
			continue
		}
		s.serveQuery(ctx, &pending, buffer[:n], datagrams{conn, peer, source})
	}
}

// serveQuery answers at once or from a goroutine. When there are as many of these as may
// be, the query is dropped, as networks do: the program's library asks again later.
func (s *Server) serveQuery(ctx context.Context, pending *sync.WaitGroup, packet []byte, to datagrams) {
	reply, q := s.judge(packet, plainUDP)
	if reply != nil {
		to.send(reply)
	}
	if reply != nil || q == nil {
		return
	}
	select {
	case s.queries <- struct{}{}:
	default:
		return
	}
	pending.Go(func() {
		defer func() { <-s.queries }()
		to.send(s.resolve(ctx, q))
	})
}

// datagrams is the way back to who sent one.
type datagrams struct {
	conn   *net.UDPConn
	peer   netip.AddrPort
	source []byte // ancillary data with the address that was asked
}

// send does not report errors: an answer that gets lost is asked for again.
func (d datagrams) send(packet []byte) {
	if packet != nil {
		_, _, _ = d.conn.WriteMsgUDPAddrPort(packet, d.source, d.peer)
	}
}

// prepare has the kernel say with each datagram to which address it was sent: IP_PKTINFO
// of ip(7), IPV6_RECVPKTINFO of ipv6(7). An IPv6 socket that takes IPv4 as well says it in
// the form of the latter. IPV6_FREEBIND allows answers from addresses that are local by a
// route alone, which IPv6 otherwise refuses and IPv4 does not.
func prepare(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		var domain int
		if domain, failed = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN); failed != nil {
			return
		}
		if domain == unix.AF_INET {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_PKTINFO, 1)
			return
		}
		if failed = unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_RECVPKTINFO, 1); failed == nil {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_FREEBIND, 1)
		}
	})
	return errors.Join(err, failed)
}

// answerFrom makes the ancillary data of an answer from those of its question, nil when they
// do not say which address was asked. The structures are in ip(7) and ipv6(7).
func answerFrom(ancillary []byte) []byte {
	messages, err := unix.ParseSocketControlMessage(ancillary)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		switch data := m.Data; {
		case m.Header.Level == unix.SOL_IP && m.Header.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: [4]byte(data[8:12])}) // ipi_addr
		case m.Header.Level == unix.SOL_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: [16]byte(data[:16])})
		}
	}
	return nil
}
