package dns

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// replies is how a server of the tests answers one query: any number of messages.
type replies func(q dnsmessage.Message, tcp bool) [][]byte

// nameServer is a name server on loopback, which counts what it is asked.
type nameServer struct {
	addr   netip.AddrPort
	answer replies

	mu    sync.Mutex
	asked map[string]int // by the name in lower case, with its last dot
	tcp   int
}

func newNameServer(t *testing.T, answer replies) *nameServer {
	t.Helper()
	s := &nameServer{answer: answer, asked: map[string]int{}}
	for {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		must(t, err)
		s.addr = l.Addr().(*net.TCPAddr).AddrPort()
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(s.addr))
		if err != nil {
			_ = l.Close()
			continue // somebody else has that port
		}
		t.Cleanup(func() { _, _ = conn.Close(), l.Close() })
		go s.serveUDP(conn)
		go s.serveTCP(l)
		return s
	}
}

func (s *nameServer) serveUDP(conn *net.UDPConn) {
	buffer := make([]byte, 4096)
	for {
		n, peer, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		var q dnsmessage.Message
		if q.Unpack(buffer[:n]) != nil {
			continue
		}
		s.count(&q, false)
		go func() {
			for _, packet := range s.answer(q, false) {
				_, _ = conn.WriteToUDPAddrPort(packet, peer)
			}
		}()
	}
}

func (s *nameServer) serveTCP(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			packet, err := readMessage(conn, make([]byte, mostTCP))
			var q dnsmessage.Message
			if err != nil || q.Unpack(packet) != nil {
				return
			}
			s.count(&q, true)
			for _, packet := range s.answer(q, true) {
				_ = writeMessage(conn, packet)
			}
		}()
	}
}

func (s *nameServer) count(q *dnsmessage.Message, tcp bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, question := range q.Questions {
		s.asked[strings.ToLower(question.Name.String())]++
	}
	if tcp {
		s.tcp++
	}
}

// total is how many questions there were, about any name.
func (s *nameServer) total() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, times := range s.asked {
		n += times
	}
	return n
}

// about is how many questions there were about one name.
func (s *nameServer) about(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[name]
}

// byTCP is how many of the questions came by TCP.
func (s *nameServer) byTCP() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tcp
}

// conf is a configuration in which the servers are the only ones.
func conf(servers ...*nameServer) Config {
	c := Config{ResolvConf: ResolvConf{Timeout: 20 * time.Second, Attempts: 1}, Order: []Source{Files, DNS}}
	for _, s := range servers {
		c.Servers = append(c.Servers, s.addr)
	}
	return c
}

// answerTo makes an answer with some records, which change may spoil.
func answerTo(q dnsmessage.Message, change func(m *dnsmessage.Message), records ...dnsmessage.Resource) []byte {
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: q.ID, Response: true, RecursionDesired: true, RecursionAvailable: true},
		Questions: q.Questions,
		Answers:   slices.Clone(records), // Pack writes to it
	}
	if change != nil {
		change(&m)
	}
	packet, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return packet
}

func one(packet []byte) [][]byte { return [][]byte{packet} }

// record makes a record of the type that its data have: an address or a name.
func record(owner, data string, ttl uint32) dnsmessage.Resource {
	r := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(owner), Class: dnsmessage.ClassINET, TTL: ttl}}
	addr, err := netip.ParseAddr(data)
	switch {
	case err != nil:
		r.Body = &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(data)}
	case addr.Is4():
		r.Body = &dnsmessage.AResource{A: addr.As4()}
	default:
		r.Body = &dnsmessage.AAAAResource{AAAA: addr.As16()}
	}
	return r
}

// soa is the record that says for how long there is no answer.
func soa(ttl uint32) dnsmessage.Resource {
	root := dnsmessage.MustNewName(".")
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: root, Class: dnsmessage.ClassINET, TTL: ttl},
		Body:   &dnsmessage.SOAResource{NS: root, MBox: root, MinTTL: ttl},
	}
}

// addressesOf answers every name with an address of the family that is asked for.
func addressesOf(v4, v6 string, ttl uint32) replies {
	return func(q dnsmessage.Message, _ bool) [][]byte {
		data := v4
		if q.Questions[0].Type == dnsmessage.TypeAAAA {
			data = v6
		}
		return one(answerTo(q, nil, record(q.Questions[0].Name.String(), data, ttl)))
	}
}

// ask makes the message of a client.
func ask(name string, t dnsmessage.Type, change func(m *dnsmessage.Message)) []byte {
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 4711, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: t, Class: dnsmessage.ClassINET}},
	}
	if change != nil {
		change(&m)
	}
	packet, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return packet
}

// answer is what a server does with one message, without a socket.
func (s *Server) answer(packet []byte, limit int) []byte {
	reply, q := s.judge(packet, limit)
	if reply == nil && q != nil {
		return s.resolve(context.Background(), q)
	}
	return reply
}

// unpack reads an answer with the parser of the library.
func unpack(t *testing.T, packet []byte) dnsmessage.Message {
	t.Helper()
	var m dnsmessage.Message
	if err := m.Unpack(packet); err != nil {
		t.Fatalf("the answer %x: %v", packet, err)
	}
	return m
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
