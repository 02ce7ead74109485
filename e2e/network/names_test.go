package network

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// zone is the name server outside, which says what it was asked.
type zone struct {
	mu      sync.Mutex
	records map[string]*record
	asked   []string // names and types, in lower case: "www.a.org A"
}

// record is what a name has: the first answers, one after the other, and then the last.
type record struct {
	answers [][]netip.Addr
	ttl     uint32
	asked   map[dnsmessage.Type]int
}

func newZone() *zone { return &zone{records: map[string]*record{}} }

// set has a name answer with addresses. They hold for long.
func (z *zone) set(name string, addrs ...netip.Addr) { z.put(name, 300, addrs) }

// change has a name answer with other addresses each time that it is asked for a type.
func (z *zone) change(name string, answers ...[]netip.Addr) { z.put(name, 0, answers...) }

func (z *zone) put(name string, ttl uint32, answers ...[]netip.Addr) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records[name] = &record{answers: answers, ttl: ttl, asked: map[dnsmessage.Type]int{}}
}

// questions are those about names that contain a text.
func (z *zone) questions(text string) []string {
	z.mu.Lock()
	defer z.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(z.asked), func(q string) bool { return !strings.Contains(q, text) })
}

func (z *zone) serveUDP(c net.PacketConn) {
	for buffer := make([]byte, 1<<16); ; {
		n, from, err := c.ReadFrom(buffer)
		if err != nil {
			return
		}
		if reply := z.reply(buffer[:n]); reply != nil {
			_, _ = c.WriteTo(reply, from)
		}
	}
}

// serveTCP answers as RFC 1035, section 4.2.2, says.
func (z *zone) serveTCP(c net.Conn) {
	defer func() { _ = c.Close() }()
	for {
		var length [2]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(c, question); err != nil {
			return
		}
		reply := z.reply(question)
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}

// reply answers a message, and notes the question.
func (z *zone) reply(packet []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(packet) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	name := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked = append(z.asked, name+" "+strings.TrimPrefix(q.Type.String(), "Type"))
	r := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: m.ID, Response: true, RecursionDesired: true, RecursionAvailable: true},
		Questions: m.Questions,
	}
	record := z.records[name]
	if record == nil {
		r.RCode = dnsmessage.RCodeNameError
		reply, _ := r.Pack()
		return reply
	}
	turn := min(record.asked[q.Type], len(record.answers)-1)
	record.asked[q.Type]++
	header := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: record.ttl}
	for _, addr := range record.answers[turn] {
		switch {
		case addr.Is4() && q.Type == dnsmessage.TypeA:
			r.Answers = append(r.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}})
		case addr.Is6() && q.Type == dnsmessage.TypeAAAA:
			r.Answers = append(r.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	reply, _ := r.Pack()
	return reply
}
