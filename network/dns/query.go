package dns

import (
	"encoding/binary"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Sizes of messages, in bytes.
const (
	headerSize = 12 // RFC 1035 section 4.1.1
	// mostQuery is how long a query may be. One question and its options need less than
	// half of it.
	mostQuery = 2048
	// plainUDP is the most that UDP carries to a client without EDNS (RFC 1035 section 4.2.1).
	plainUDP = 512
	// mostUDP is the most that either side is told to send by UDP: a datagram of this size
	// is not fragmented on any usual network.
	mostUDP = 1232
	mostTCP = 1<<16 - 1 // two bytes for the length, RFC 1035 section 4.2.2
)

// mostAdditional is how many additional records a query may have: OPT, and one to spare for
// a signature, which is ignored.
const mostAdditional = 2

// query is a question of the program, and what its answer has to look like.
type query struct {
	header   dnsmessage.Header
	question dnsmessage.Question
	asks     bool // question was understood, and is repeated in the answer
	name     string
	edns     bool // the answer has an OPT record
	limit    int  // the most that the answer may be long
}

// parseQuery reads a message of the program. It is dropped unless ok: it has no header, or
// is itself an answer, and to answer those could begin a circle. With another code than
// success, the query is to be answered with that code.
func parseQuery(packet []byte, limit int) (q *query, code dnsmessage.RCode, ok bool) {
	var p dnsmessage.Parser
	header, err := p.Start(packet)
	if err != nil || header.Response {
		return nil, 0, false
	}
	q = &query{header: header, limit: limit}
	if header.OpCode != 0 {
		return q, dnsmessage.RCodeNotImplemented, true
	}
	if !wellFormed(packet) {
		return q, dnsmessage.RCodeFormatError, true
	}
	question, err := p.Question()
	if err != nil {
		return q, dnsmessage.RCodeFormatError, true
	}
	q.question, q.asks = question, true
	code = q.parseOptions(&p)
	if code == dnsmessage.RCodeSuccess && question.Class != dnsmessage.ClassINET {
		code = dnsmessage.RCodeRefused
	}
	return q, code, true
}

// parseOptions reads what EDNS says (RFC 6891) and returns the code that it asks for. The
// options themselves, such as the client's subnet, are ignored.
func (q *query) parseOptions(p *dnsmessage.Parser) dnsmessage.RCode {
	if p.SkipAllQuestions() != nil || p.SkipAllAnswers() != nil || p.SkipAllAuthorities() != nil {
		return dnsmessage.RCodeFormatError
	}
	version := uint8(0)
	for {
		header, err := p.AdditionalHeader()
		if err != nil {
			break // wellFormed has counted the records
		}
		if header.Type != dnsmessage.TypeOPT {
			if p.SkipAdditional() != nil {
				return dnsmessage.RCodeFormatError
			}
			continue
		}
		if _, err := p.OPTResource(); err != nil || q.edns || header.Name.Length != 1 {
			return dnsmessage.RCodeFormatError
		}
		q.edns = true
		version = uint8(header.TTL >> 16)
		if q.limit < mostTCP {
			q.limit = max(plainUDP, min(mostUDP, int(header.Class)))
		}
	}
	if version != 0 {
		return rcodeBadVersion
	}
	return dnsmessage.RCodeSuccess
}

// rcodeBadVersion is BADVERS of RFC 6891 section 9.
const rcodeBadVersion dnsmessage.RCode = 16

// wellFormed tells whether a message has the shape of a query: one question (RFC 9619), no
// answers, few additional records, and nothing after them. dnsmessage does not say where a
// message ends, and a name could point at what follows.
func wellFormed(packet []byte) bool {
	count := func(at int) int { return int(binary.BigEndian.Uint16(packet[at:])) }
	if len(packet) < headerSize || count(4) != 1 || count(6) != 0 || count(8) != 0 || count(10) > mostAdditional {
		return false
	}
	end, ok := skipName(packet, headerSize)
	end += 4 // type and class
	for range count(10) {
		if !ok {
			return false
		}
		if end, ok = skipName(packet, end); ok {
			end, ok = skipData(packet, end)
		}
	}
	return ok && end == len(packet)
}

// skipName returns where the name that begins at an offset ends. No program's query has a
// name with a pointer, and a pointer could lead anywhere: it is refused.
func skipName(packet []byte, at int) (end int, ok bool) {
	for at < len(packet) {
		length := int(packet[at])
		at++
		if length == 0 {
			return at, true
		}
		if length > 63 {
			return at, false
		}
		at += length
	}
	return at, false
}

// skipData returns where the record ends whose name ended at an offset.
func skipData(packet []byte, at int) (end int, ok bool) {
	at += 10 // type, class, TTL, and the length of the data
	if at > len(packet) {
		return at, false
	}
	at += int(binary.BigEndian.Uint16(packet[at-2:]))
	return at, at <= len(packet)
}

// canonical returns the form in which names are compared, asked for and reported: lower
// case, without the last dot. It is not ok for a name that no host has: labels of hosts
// consist of letters, digits and hyphens (RFC 1123 section 2.1), those of services also of
// underscores. The root is "".
func canonical(n dnsmessage.Name) (name string, ok bool) {
	name = strings.ToLower(strings.TrimSuffix(n.String(), "."))
	return name, name == "" || isCanonical(name)
}

// isCanonical tells whether a text is the canonical form of a name that a host could have.
func isCanonical(name string) bool {
	if len(name) > 253 {
		return false
	}
	label := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c == '.' && label > 0:
			label = 0
			continue
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
			label++
		default:
			return false
		}
		if label > 63 {
			return false
		}
	}
	return label > 0
}
