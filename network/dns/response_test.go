package dns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// lookup says what a look-up comes to, in one line.
func lookup(r *Resolver, name string) string {
	answer, err := r.Lookup(context.Background(), name)
	switch {
	case errors.Is(err, ErrNoName):
		return "no name"
	case errors.Is(err, ErrNoData):
		return "no data"
	case err != nil:
		return "failed"
	}
	texts := make([]string, 0, len(answer.Addrs))
	for _, addr := range answer.Addrs {
		texts = append(texts, addr.String())
	}
	return strings.Join(texts, " ")
}

// onlyA answers questions for IPv4 addresses by a function, and that there are no others.
func onlyA(answer replies) replies {
	return func(q dnsmessage.Message, tcp bool) [][]byte {
		if q.Questions[0].Type == dnsmessage.TypeA {
			return answer(q, tcp)
		}
		return one(answerTo(q, func(m *dnsmessage.Message) { m.Authorities = append(m.Authorities, soa(60)) }))
	}
}

// always answers with the same records, whatever is asked.
func always(change func(m *dnsmessage.Message), some ...dnsmessage.Resource) replies {
	return func(q dnsmessage.Message, _ bool) [][]byte { return one(answerTo(q, change, some...)) }
}

func code(c dnsmessage.RCode) func(m *dnsmessage.Message) {
	return func(m *dnsmessage.Message) { m.RCode = c }
}

// chain is a chain of so many aliases from x.test. that ends at an address.
func chain(length int) []dnsmessage.Resource {
	var some []dnsmessage.Resource
	name := "X.test."
	for i := range length {
		next := fmt.Sprintf("c%d.test.", i)
		some = append(some, record(strings.ToUpper(name), next, 60))
		name = next
	}
	slices.Reverse(some) // the order says nothing
	return append(some, record(name, "192.0.2.1", 60))
}

func TestAnswersOfServers(t *testing.T) {
	const right = "192.0.2.1"
	a := func(data string) dnsmessage.Resource { return record("x.test.", data, 60) }
	tests := []struct {
		name   string
		answer replies
		want   string
	}{
		{"addresses", always(nil, a(right), a("2001:db8::1"), a("192.0.2.2")), "192.0.2.1 2001:db8::1 192.0.2.2"},
		{"no name", always(code(dnsmessage.RCodeNameError)), "no name"},
		{"no data", always(nil), "no data"},
		{"a failure", always(code(dnsmessage.RCodeServerFailure)), "failed"},
		{"a refusal", always(code(dnsmessage.RCodeRefused)), "failed"},
		{"a failure with addresses", always(code(dnsmessage.RCodeServerFailure), a(right)), "failed"},
		{"asks others", always(func(m *dnsmessage.Message) { m.RecursionAvailable = false }), "failed"},
		{"the unspecified address", always(nil, a("0.0.0.0"), a("::"), a("::ffff:0.0.0.0")), "no data"},
		{"the unspecified address and another", always(nil, a("0.0.0.0"), a(right)), right},
		{"one address twice", always(nil, a(right), a(right)), right},
		{"an alias", always(nil, record("x.test.", "Y.test.", 60), record("y.TEST.", right, 60)), right},
		{"W6 a record of another name", always(nil, a(right), record("y.test.", "10.0.0.1", 60)), right},
		{"W6 only a record of another name", always(nil, record("y.test.", "10.0.0.1", 60)), "no data"},
		{"W6 a record of the alias's name", always(nil, record("x.test.", "y.test.", 60), a("10.0.0.1"), record("y.test.", right, 60)), right},
		{"W6 two aliases", always(nil, record("x.test.", "y.test.", 60), record("x.test.", "z.test.", 60), record("y.test.", right, 60), record("z.test.", "10.0.0.1", 60)), right},
		{"W6 records beside the answer", always(func(m *dnsmessage.Message) {
			m.Additionals, m.Authorities = []dnsmessage.Resource{a("10.0.0.1")}, []dnsmessage.Resource{a("10.0.0.2")}
		}, a(right)), right},
		{"another class", always(nil, func() dnsmessage.Resource { r := a("10.0.0.1"); r.Header.Class = 3; return r }(), a(right)), right},
		{"16 aliases", always(nil, chain(16)...), right},
		{"17 aliases", always(nil, chain(17)...), "failed"},
		{"an alias of itself", always(nil, record("x.test.", "x.test.", 60), a(right)), "failed"},
		{"a circle", always(nil, record("x.test.", "y.test.", 60), record("y.test.", "x.test.", 60)), "failed"},
		{"40 addresses", func(q dnsmessage.Message, _ bool) [][]byte {
			var some []dnsmessage.Resource
			for i := range 40 {
				some = append(some, record("x.test.", fmt.Sprintf("192.0.2.%d", i+1), 60))
			}
			return one(answerTo(q, nil, some...))
		}, func() string {
			var some []string
			for i := range mostAddrs {
				some = append(some, fmt.Sprintf("192.0.2.%d", i+1))
			}
			return strings.Join(some, " ")
		}()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := conf(newNameServer(t, test.answer))
			c.NoAAAA = true
			if got := lookup(NewResolver(c), "x.test"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestForgedAnswers: what does not repeat the question is passed over, and the right answer
// that follows is taken. Each row is what is forged.
func TestForgedAnswers(t *testing.T) {
	forged := func(change func(m *dnsmessage.Message)) func(q dnsmessage.Message) []byte {
		return func(q dnsmessage.Message) []byte {
			q.Questions = slices.Clone(q.Questions)
			return answerTo(q, change, record("x.test.", "10.0.0.1", 60))
		}
	}
	for name, forge := range map[string]func(q dnsmessage.Message) []byte{
		"another id":       forged(func(m *dnsmessage.Message) { m.ID++ }),
		"another name":     forged(func(m *dnsmessage.Message) { m.Questions[0].Name = dnsmessage.MustNewName("y.test.") }),
		"another type":     forged(func(m *dnsmessage.Message) { m.Questions[0].Type = dnsmessage.TypeTXT }),
		"another class":    forged(func(m *dnsmessage.Message) { m.Questions[0].Class = dnsmessage.ClassANY }),
		"another opcode":   forged(func(m *dnsmessage.Message) { m.OpCode = 4 }),
		"no question":      forged(func(m *dnsmessage.Message) { m.Questions = nil }),
		"two questions":    forged(func(m *dnsmessage.Message) { m.Questions = append(m.Questions, m.Questions[0]) }),
		"no answer":        forged(func(m *dnsmessage.Message) { m.Response = false }),
		"garbage":          func(dnsmessage.Message) []byte { return []byte(strings.Repeat("\xc0", 40)) },
		"nothing":          func(dnsmessage.Message) []byte { return []byte{} },
		"negative control": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newNameServer(t, onlyA(func(q dnsmessage.Message, _ bool) [][]byte {
				right := answerTo(q, nil, record("x.test.", "192.0.2.1", 60))
				if forge == nil {
					return [][]byte{answerTo(q, nil, record("x.test.", "10.0.0.1", 60)), right}
				}
				return [][]byte{forge(q), right}
			}))
			want := "192.0.2.1"
			if forge == nil {
				want = "10.0.0.1"
			}
			if got := lookup(NewResolver(conf(s)), "x.test"); got != want || s.byTCP() > 0 {
				t.Errorf("got %q, want %q; asked by TCP %d times", got, want, s.byTCP())
			}
		})
	}
}

// TestForgedFlood: a server that sends nothing else is given up, before its time is over.
func TestForgedFlood(t *testing.T) {
	s := newNameServer(t, func(q dnsmessage.Message, _ bool) [][]byte {
		return slices.Repeat([][]byte{answerTo(q, func(m *dnsmessage.Message) { m.ID++ })}, 4*mostDatagrams)
	})
	c := conf(s)
	c.Timeout = time.Hour
	if got := lookup(NewResolver(c), "x.test"); got != "failed" {
		t.Errorf("got %q", got)
	}
}
