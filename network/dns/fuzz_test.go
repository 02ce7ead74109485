package dns

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// FuzzAnswer: whatever the program sends, the answer is a message, which has the id and the
// question of the query; and only allowed names in their canonical form are looked up.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"here.test.", "x.wild.test.", "secret.evil.", "localhost.", ".", "1.0.18.198.in-addr.arpa."} {
		f.Add(ask(name, dnsmessage.TypeA, nil))
		f.Add(ask(name, dnsmessage.TypePTR, option(4096, 0, dnsmessage.Option{Code: 8, Data: []byte("x")})))
	}
	f.Add([]byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		w := newWorld(1000)
		lookup := w.o.Lookup
		w.o.Lookup = func(ctx context.Context, name string) (Answer, error) {
			if _, allowed := w.o.Ask(name); !allowed || !isCanonical(name) || name != strings.ToLower(name) {
				t.Errorf("the host was asked for %q", name)
			}
			return lookup(ctx, name)
		}
		original := bytes.Clone(packet)
		reply := w.answer(packet, plainUDP)
		if !bytes.Equal(packet, original) {
			t.Fatal("the query was changed")
		}
		if reply == nil {
			return
		}
		if len(reply) > mostUDP {
			t.Errorf("an answer of %d bytes", len(reply))
		}
		m := unpack(t, reply)
		var q dnsmessage.Parser
		header, err := q.Start(packet)
		if err != nil || header.ID != m.ID || header.OpCode != m.OpCode || header.Response || !m.Response {
			t.Fatalf("the answer to %+v is %+v (%v)", header, m.Header, err)
		}
		if m.RCode == dnsmessage.RCodeFormatError || m.RCode == dnsmessage.RCodeNotImplemented {
			return
		}
		question, err := q.Question()
		if err != nil || len(m.Questions) != 1 || m.Questions[0] != question {
			t.Fatalf("the answer to %v (%v) has the questions %v", question, err, m.Questions)
		}
		for _, r := range m.Answers {
			if r.Header.Type != question.Type {
				t.Errorf("the answer to %v has %v", question, r)
			}
		}
	})
}

// FuzzResponse compares what is read of an answer with what the library's other parser has
// in it.
func FuzzResponse(f *testing.F) {
	asked := dnsmessage.Message{Header: dnsmessage.Header{ID: 7}, Questions: []dnsmessage.Question{{
		Name: dnsmessage.MustNewName("X.test."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
	}}}
	f.Add(answerTo(asked, nil, record("x.test.", "192.0.2.1", 60)))
	f.Add(answerTo(asked, nil, chain(3)...))
	f.Add(answerTo(asked, nil, chain(17)...))
	f.Add(answerTo(asked, nil, record("x.test.", "y.test.", 1), record("y.test.", "2001:db8::1", 2), record("z.test.", "10.0.0.1", 3)))
	f.Add(answerTo(asked, func(m *dnsmessage.Message) { m.Authorities = append(m.Authorities, soa(60)) }))
	f.Add(answerTo(asked, func(m *dnsmessage.Message) { m.RCode = dnsmessage.RCodeNameError }))
	q := question{id: 7, q: asked.Questions[0]}
	f.Fuzz(func(t *testing.T, packet []byte) {
		got, err := q.parseResponse(packet)
		if err != nil {
			if len(got.addrs) > 0 {
				t.Errorf("addresses with an error: %v, %v", got, err)
			}
			return
		}
		if len(got.addrs) > mostAddrs || got.ttl < 0 {
			t.Errorf("got %+v", got)
		}
		var m dnsmessage.Message
		if m.Unpack(packet) != nil {
			return // it is stricter about sections that we do not read
		}
		if m.ID != 7 || !m.Response || len(m.Questions) != 1 || m.Questions[0] != q.q {
			t.Fatalf("an answer to another question was taken: %+v", m)
		}
		if want := reference(m.Answers); !slices.Equal(got.addrs, want) {
			t.Errorf("got %v, want %v, of %v", got.addrs, want, m.Answers)
		}
	})
}

// reference is what the addresses of x.test. are, written without regard to time or size.
func reference(answers []dnsmessage.Resource) []netip.Addr {
	name := "x.test."
	for range answers {
		i := slices.IndexFunc(answers, func(r dnsmessage.Resource) bool {
			return r.Header.Type == dnsmessage.TypeCNAME && r.Header.Class == dnsmessage.ClassINET && strings.ToLower(r.Header.Name.String()) == name
		})
		if i < 0 {
			break
		}
		name = strings.ToLower(answers[i].Body.(*dnsmessage.CNAMEResource).CNAME.String())
	}
	var addrs []netip.Addr
	for _, r := range answers {
		if r.Header.Class != dnsmessage.ClassINET || strings.ToLower(r.Header.Name.String()) != name || len(addrs) == mostAddrs {
			continue
		}
		switch body := r.Body.(type) {
		case *dnsmessage.AResource:
			if r.Header.Length == 4 {
				addrs = append(addrs, netip.AddrFrom4(body.A))
			}
		case *dnsmessage.AAAAResource:
			if r.Header.Length == 16 {
				addrs = append(addrs, netip.AddrFrom16(body.AAAA))
			}
		}
	}
	return usable(addrs)
}

// FuzzFiles: files of the host are read without a panic, within their bounds.
func FuzzFiles(f *testing.F) {
	f.Add([]byte("nameserver 192.0.2.1\noptions timeout:3 ndots:2\nsearch a b\n"))
	f.Add([]byte("hosts: files mdns4_minimal [NOTFOUND=return] dns\n"))
	f.Add([]byte("127.0.0.1 localhost # x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := ParseResolvConf(text)
		if n := len(c.Servers); n < 1 || n > mostServers || c.Timeout < time.Second || c.Timeout > 30*time.Second || c.Attempts < 1 || c.Attempts > 5 || c.Ndots < 0 || c.Ndots > 15 {
			t.Errorf("got %+v", c)
		}
		s := Nsswitch(text)
		if len(s.Order) > 2 || len(s.Unserved(&c)) > len(s.Others) {
			t.Errorf("got %+v", s)
		}
		for name, addrs := range ParseHosts(text, func(string) bool { return true }) {
			if !isCanonical(name) || len(addrs) == 0 {
				t.Errorf("%q has %v", name, addrs)
			}
		}
	})
}
