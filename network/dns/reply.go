package dns

import (
	"net/netip"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// reply makes the answer to a query. Its question is the query's to the letter, in the same
// case: resolvers vary the case to recognise answers. An answer that is too long for the
// client is sent without records and with TC, so that the client asks again by TCP.
func (q *query) reply(code dnsmessage.RCode, answers ...dnsmessage.Resource) []byte {
	packet := q.pack(code, false, answers)
	if len(packet) > q.limit {
		packet = q.pack(code, true, nil)
	}
	return packet
}

// pack returns nil when the answer cannot be made, which is then not sent.
func (q *query) pack(code dnsmessage.RCode, truncated bool, answers []dnsmessage.Resource) []byte {
	m := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID:                 q.header.ID,
			Response:           true,
			OpCode:             q.header.OpCode,
			RecursionDesired:   q.header.RecursionDesired,
			RecursionAvailable: true,
			Truncated:          truncated,
			RCode:              code & 0xf, // OPT has the other bits
		},
		Answers: answers,
	}
	if q.asks {
		m.Questions = []dnsmessage.Question{q.question}
	}
	if q.edns {
		m.Additionals = []dnsmessage.Resource{options(code)}
	}
	packet, err := m.Pack()
	if err != nil {
		return nil
	}
	return packet
}

// options is the OPT record of a message that we send: the size that we take by UDP, and
// nothing else. The bit DO is off, as there is nothing signed (RFC 3225 section 3).
func options(code dnsmessage.RCode) dnsmessage.Resource {
	r := dnsmessage.Resource{Body: &dnsmessage.OPTResource{}}
	_ = r.Header.SetEDNS0(mostUDP, code, false) // has no error to return
	return r
}

// address is the record that answers a question for an address.
func (q *query) address(addr netip.Addr, ttl time.Duration) dnsmessage.Resource {
	r := q.record(ttl)
	if addr.Is4() {
		r.Body = &dnsmessage.AResource{A: addr.As4()}
	} else {
		r.Body = &dnsmessage.AAAAResource{AAAA: addr.As16()}
	}
	return r
}

// pointer is the record that answers a question for the name of an address.
func (q *query) pointer(name string, ttl time.Duration) ([]dnsmessage.Resource, error) {
	target, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return nil, err
	}
	r := q.record(ttl)
	r.Body = &dnsmessage.PTRResource{PTR: target}
	return []dnsmessage.Resource{r}, nil
}

func (q *query) record(ttl time.Duration) dnsmessage.Resource {
	return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{
		Name:  q.question.Name,
		Class: dnsmessage.ClassINET,
		TTL:   uint32(ttl / time.Second),
	}}
}
