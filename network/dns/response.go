package dns

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Why an answer is not taken.
var (
	errForeign   = errors.New("not an answer to the question")
	errCase      = errors.New("the answer has the name in another case")
	errTruncated = errors.New("the answer is too long")
	errLame      = errors.New("the server does not resolve names")
	errAliases   = errors.New("the names that the name stands for lead nowhere")
	errLong      = errors.New("the answer has too many records")
)

const (
	mostRecords = 1024 // in one section of an answer
	mostAliases = 16   // from the name that was asked for to that which has the addresses
	mostAddrs   = 32   // of one family and name; what is more is left out
)

// rcodeError is the code of a server that has no answer.
type rcodeError dnsmessage.RCode

func (e rcodeError) Error() string {
	return "the server answers " + strings.TrimPrefix(dnsmessage.RCode(e).String(), "RCode")
}

// question is what a server was asked, by which its answer is recognised.
type question struct {
	id      uint16
	q       dnsmessage.Question
	anyCase bool // the answer may have the name in another case
}

// newQuestion makes a question and the message that asks it. Its id and the case of its
// letters are random: an answer has to repeat both (RFC 5452 section 9, and the draft
// dnsext-dns0x20), so that nobody forges one who has not seen the question.
func newQuestion(name string, t dnsmessage.Type, edns bool) (*question, []byte, error) {
	var random [2 + 32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, nil, err
	}
	letters := []byte(name)
	for i, c := range letters {
		if 'a' <= c && c <= 'z' && random[2+i/8%32]>>(i%8)&1 == 1 {
			letters[i] = c - 'a' + 'A'
		}
	}
	n, err := dnsmessage.NewName(string(letters) + ".")
	if err != nil {
		return nil, nil, err
	}
	q := &question{id: binary.BigEndian.Uint16(random[:]), q: dnsmessage.Question{Name: n, Type: t, Class: dnsmessage.ClassINET}}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: q.id, RecursionDesired: true},
		Questions: []dnsmessage.Question{q.q},
	}
	if edns {
		m.Additionals = []dnsmessage.Resource{options(dnsmessage.RCodeSuccess)}
	}
	packet, err := m.Pack()
	return q, packet, err
}

// response is what a server says about a name.
type response struct {
	code  dnsmessage.RCode // success, or that there is no such name
	addrs []netip.Addr
	ttl   time.Duration // of the addresses, or of there being none
}

// parseResponse reads the answer of a server. With errForeign it is none to this question.
// Addresses count when they belong to the name that was asked for, or to the one that it
// stands for by CNAME records of the same answer. All other records are ignored.
func (q *question) parseResponse(packet []byte) (response, error) {
	var p dnsmessage.Parser
	header, err := p.Start(packet)
	if err != nil || !header.Response || header.ID != q.id || header.OpCode != 0 {
		return response{}, errForeign
	}
	if err := q.match(&p); err != nil {
		return response{}, err
	}
	switch header.RCode {
	case dnsmessage.RCodeSuccess, dnsmessage.RCodeNameError:
	default:
		return response{}, rcodeError(header.RCode)
	}
	if header.Truncated {
		return response{}, errTruncated
	}
	found := records{aliases: map[string]alias{}}
	if err := found.parseAnswers(&p); err != nil {
		return response{}, err
	}
	r := response{code: header.RCode}
	if r.addrs, r.ttl, err = found.follow(strings.ToLower(q.q.Name.String())); err != nil || len(r.addrs) > 0 {
		return r, err
	}
	var soa bool
	if r.ttl, soa, err = parseNegative(&p); err != nil {
		return response{}, err
	}
	if r.code == dnsmessage.RCodeSuccess && !soa && found.count == 0 && !header.Authoritative && !header.RecursionAvailable {
		return response{}, errLame // it tells us to ask others
	}
	return r, nil
}

// match compares the question of an answer with the one that was asked.
func (q *question) match(p *dnsmessage.Parser) error {
	got, err := p.Question()
	if err != nil || got.Type != q.q.Type || got.Class != q.q.Class || !strings.EqualFold(got.Name.String(), q.q.Name.String()) {
		return errForeign
	}
	if _, err := p.Question(); !errors.Is(err, dnsmessage.ErrSectionDone) {
		return errForeign
	}
	if !q.anyCase && got.Name.String() != q.q.Name.String() {
		return errCase
	}
	return nil
}

// records are those of an answer that can matter. Names are in lower case, with their last
// dot.
type records struct {
	count     int
	aliases   map[string]alias // CNAME
	addresses []address
}

type alias struct {
	target string
	ttl    time.Duration
}

type address struct {
	owner string
	addr  netip.Addr
	ttl   time.Duration
}

func (r *records) parseAnswers(p *dnsmessage.Parser) error {
	for {
		header, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		if r.count++; r.count > mostRecords {
			return errLong
		}
		if err := r.parseRecord(p, header); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
	}
}

func (r *records) parseRecord(p *dnsmessage.Parser, header dnsmessage.ResourceHeader) error {
	owner, ttl := strings.ToLower(header.Name.String()), ttlOf(header.TTL)
	switch {
	case header.Class != dnsmessage.ClassINET:
		return p.SkipAnswer()
	case header.Type == dnsmessage.TypeA && header.Length == 4:
		record, err := p.AResource()
		r.addresses = append(r.addresses, address{owner, netip.AddrFrom4(record.A), ttl})
		return err
	case header.Type == dnsmessage.TypeAAAA && header.Length == 16:
		record, err := p.AAAAResource()
		r.addresses = append(r.addresses, address{owner, netip.AddrFrom16(record.AAAA), ttl})
		return err
	case header.Type == dnsmessage.TypeCNAME:
		record, err := p.CNAMEResource()
		if _, known := r.aliases[owner]; !known {
			r.aliases[owner] = alias{strings.ToLower(record.CNAME.String()), ttl}
		}
		return err
	}
	return p.SkipAnswer()
}

// follow returns the addresses of what a name stands for, and the least TTL on the way.
func (r *records) follow(name string) ([]netip.Addr, time.Duration, error) {
	ttl := mostKept
	for range mostAliases {
		next, ok := r.aliases[name]
		if !ok {
			break
		}
		name, ttl = next.target, min(ttl, next.ttl)
	}
	if _, more := r.aliases[name]; more {
		return nil, 0, errAliases
	}
	var addrs []netip.Addr
	for _, a := range r.addresses {
		if a.owner == name && len(addrs) < mostAddrs {
			addrs = append(addrs, a.addr)
			ttl = min(ttl, a.ttl)
		}
	}
	return usable(addrs), ttl, nil
}

// parseNegative returns how long there is no answer: as the SOA record says that comes in
// its place (RFC 2308 section 5), and not at all without one.
func parseNegative(p *dnsmessage.Parser) (ttl time.Duration, soa bool, err error) {
	for range mostRecords {
		header, err := p.AuthorityHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return 0, false, nil
		}
		if err == nil && header.Type == dnsmessage.TypeSOA {
			record, err := p.SOAResource()
			return min(ttlOf(header.TTL), ttlOf(record.MinTTL)), true, err
		}
		if err == nil {
			err = p.SkipAuthority()
		}
		if err != nil {
			return 0, false, fmt.Errorf("read what is in the place of an answer: %w", err)
		}
	}
	return 0, false, errLong
}

// ttlOf is a TTL as a time. One with the highest bit set is none (RFC 2181 section 8).
func ttlOf(seconds uint32) time.Duration {
	if seconds>>31 != 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
