package dns

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Limits of a Server that are zero in its Options.
const (
	DefaultQueries     = 64
	DefaultConnections = 32
	DefaultNewNames    = 300
)

const (
	// mostTTL is how long a program may keep an answer: not for long, as the relay can
	// give the address to another name one day.
	mostTTL = time.Minute
	// patience is how long one query may wait for its answer. The C libraries have given
	// up before, or asked again (resolv.conf(5), timeout and attempts).
	patience = 15 * time.Second
)

// Options say how a Server answers.
type Options struct {
	// Ask tells whether a name may be resolved, and by which rule for more than one name:
	// wildcard is any text that is the same for all names that the rule allows, and "" for
	// a name that is allowed by itself. The name is in its canonical form: lower case,
	// without a dot at its end, labels of letters, digits, hyphens and underscores. It can
	// still read like an address (127.1). Ask is called by several goroutines at a time.
	Ask func(name string) (wildcard string, allowed bool)
	// Lookup asks the host's resolver about an allowed name, see Resolver.Lookup.
	Lookup func(ctx context.Context, name string) (Answer, error)
	// Addresses has the addresses that the program gets.
	Addresses *Addresses
	// Refused, if it is set, is told about each question that is refused, also when it
	// is the same one again, by several goroutines at a time. The name is printable ASCII.
	Refused func(name string, why Refusal)

	Queries     int // how many queries by UDP wait for the host's resolver at a time
	Connections int // how many connections by TCP there are at a time
	// NewNames is how many different names a minute are looked up by one wildcard. A name
	// of more than 32 bytes counts as several, as it can carry more out of the jail.
	NewNames int
}

// Refusal is why a question was refused.
type Refusal int

// Why questions are refused.
const (
	NotAllowed   Refusal = iota // Ask says no
	NotAName                    // no host can have the name
	TooManyNames                // its wildcard has had NewNames in this minute
)

// Server answers the questions of the program in the jail. An allowed name that the host's
// resolver knows gets its synthetic addresses of both families, whichever it really has:
// the relay, which dials the name, is not bound to the family that the program takes. No
// other name leaves the host, and of allowed names nothing but the questions for their
// addresses.
type Server struct {
	o           Options
	queries     chan struct{} // has an element for each query by UDP that waits
	connections chan struct{} // and for each connection
	budget      budget
}

// NewServer makes a server, which does nothing before ServeUDP or ServeTCP.
func NewServer(o Options) *Server {
	or := func(n, otherwise int) int {
		if n > 0 {
			return n
		}
		return otherwise
	}
	return &Server{
		o:           o,
		queries:     make(chan struct{}, or(o.Queries, DefaultQueries)),
		connections: make(chan struct{}, or(o.Connections, DefaultConnections)),
		budget:      budget{most: or(o.NewNames, DefaultNewNames), windows: map[string]*window{}},
	}
}

// judge answers a message that takes no look-up. Without an answer, resolve has to answer
// the query; without a query, there is to be no answer.
func (s *Server) judge(packet []byte, limit int) (reply []byte, q *query) {
	q, code, ok := parseQuery(packet, limit)
	switch {
	case !ok:
		return nil, nil
	case code != dnsmessage.RCodeSuccess:
		return q.reply(code), nil
	}
	if q.name, ok = canonical(q.question.Name); !ok {
		quoted := strconv.QuoteToASCII(q.name)
		s.refused(quoted[1:len(quoted)-1], NotAName)
		return q.reply(dnsmessage.RCodeNameError), nil
	}
	if reply := s.special(q); reply != nil {
		return reply, nil
	}
	wildcard, allowed := s.o.Ask(q.name)
	switch {
	case !allowed && s.isOfService(q):
		return q.reply(dnsmessage.RCodeNameError), nil
	case !allowed:
		s.refused(q.name, NotAllowed)
		return q.reply(dnsmessage.RCodeNameError), nil
	case q.question.Type != dnsmessage.TypeA && q.question.Type != dnsmessage.TypeAAAA:
		return q.reply(dnsmessage.RCodeSuccess), nil
	case wildcard != "" && !s.budget.spend(wildcard, q.name):
		s.refused(q.name, TooManyNames)
		return q.reply(dnsmessage.RCodeServerFailure), nil
	}
	return nil, q
}

// isOfService tells whether a query is about a service of an allowed host (RFC 8552), such as
// that of apt for SRV records of _http._tcp.deb.debian.org. The program goes on to the host
// by its name, so nobody has to be told that there is no answer.
func (s *Server) isOfService(q *query) bool {
	host := q.name
	for strings.HasPrefix(host, "_") {
		_, host, _ = strings.Cut(host, ".")
	}
	if host == q.name || q.question.Type == dnsmessage.TypeA || q.question.Type == dnsmessage.TypeAAAA {
		return false
	}
	_, allowed := s.o.Ask(host)
	return allowed
}

// resolve answers a query for an address of an allowed name.
func (s *Server) resolve(ctx context.Context, q *query) []byte {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := s.o.Lookup(ctx, q.name)
	switch {
	case errors.Is(err, ErrNoName):
		return q.reply(dnsmessage.RCodeNameError)
	case errors.Is(err, ErrNoData):
		return q.reply(dnsmessage.RCodeSuccess)
	case err != nil:
		return q.reply(dnsmessage.RCodeServerFailure)
	}
	v4, v6, err := s.o.Addresses.Of(q.name)
	if err != nil {
		return q.reply(dnsmessage.RCodeServerFailure)
	}
	return q.answerWith(v4, v6, max(time.Second, min(answer.TTL, mostTTL)))
}

// answerWith answers with the address of the family that was asked for, and other questions
// with nothing.
func (q *query) answerWith(v4, v6 netip.Addr, ttl time.Duration) []byte {
	switch q.question.Type {
	case dnsmessage.TypeA:
		return q.reply(dnsmessage.RCodeSuccess, q.address(v4, ttl))
	case dnsmessage.TypeAAAA:
		return q.reply(dnsmessage.RCodeSuccess, q.address(v6, ttl))
	}
	return q.reply(dnsmessage.RCodeSuccess)
}

func (s *Server) refused(name string, why Refusal) {
	if s.o.Refused != nil {
		s.o.Refused(name, why)
	}
}
