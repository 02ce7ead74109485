package dns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

// TestQuestions: ids, ports and the case of names change.
func TestQuestions(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		q, packet, err := newQuestion(strings.Repeat("abcdefgh.", 20)+"test", dnsmessage.TypeA, true)
		must(t, err)
		seen[q.q.Name.String()] = true
		seen[fmt.Sprint(q.id)] = true
		m := unpack(t, packet)
		if len(m.Additionals) != 1 || m.Additionals[0].Header.Class != mostUDP || !m.RecursionDesired {
			t.Errorf("the question is %+v", m)
		}
	}
	if len(seen) < 35 {
		t.Errorf("%d ids and names of 40 differ", len(seen))
	}
}

// TestByTCP: what does not fit, or has the name in another case, is asked again by TCP.
func TestByTCP(t *testing.T) {
	lower := func(m *dnsmessage.Message) {
		m.Questions = slices.Clone(m.Questions)
		m.Questions[0].Name = dnsmessage.MustNewName(strings.ToLower(m.Questions[0].Name.String()))
	}
	name := "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz.test"
	for kind, byUDP := range map[string]func(q dnsmessage.Message) []byte{
		"truncated": func(q dnsmessage.Message) []byte {
			return answerTo(q, func(m *dnsmessage.Message) { m.Truncated = true })
		},
		"in another case": func(q dnsmessage.Message) []byte { return answerTo(q, lower, record(name+".", "10.0.0.1", 60)) },
		"too long": func(q dnsmessage.Message) []byte {
			return answerTo(q, nil, slices.Repeat([]dnsmessage.Resource{record(name+".", "10.0.0.1", 60)}, 100)...)
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newNameServer(t, onlyA(func(q dnsmessage.Message, tcp bool) [][]byte {
				if !tcp {
					return one(byUDP(q))
				}
				some := make([]dnsmessage.Resource, 0, 1000)
				for range cap(some) {
					some = append(some, record(name+".", "192.0.2.1", 60))
				}
				return one(answerTo(q, lower, some...))
			}))
			if got := lookup(NewResolver(conf(s)), name); got != "192.0.2.1" || s.byTCP() != 1 {
				t.Errorf("got %q, after %d questions by TCP", got, s.byTCP())
			}
		})
	}
	t.Run("always", func(t *testing.T) {
		s := newNameServer(t, addressesOf("192.0.2.1", "2001:db8::1", 60))
		c := conf(s)
		c.UseTCP = true
		if got := lookup(NewResolver(c), name); got != "2001:db8::1 192.0.2.1" || s.byTCP() != 2 || s.total() != 2 {
			t.Errorf("got %q, after %d questions, %d by TCP", got, s.total(), s.byTCP())
		}
	})
}

// TestW20HugeAnswers: records without end are refused.
func TestW20HugeAnswers(t *testing.T) {
	s := newNameServer(t, func(q dnsmessage.Message, _ bool) [][]byte {
		return one(answerTo(q, nil, slices.Repeat([]dnsmessage.Resource{record(q.Questions[0].Name.String(), "192.0.2.1", 60)}, mostRecords+1)...))
	})
	c := conf(s)
	c.UseTCP = true
	if got := lookup(NewResolver(c), "x.test"); got != "failed" {
		t.Errorf("got %q", got)
	}
}

// TestServers: the next server is asked when one fails, in their order, and no other one.
func TestServers(t *testing.T) {
	silent := func(dnsmessage.Message, bool) [][]byte { return nil }
	good := addressesOf("192.0.2.1", "2001:db8::1", 60)
	for _, test := range []struct {
		name          string
		first, second replies
		want          string
		asked         [2]int
	}{
		{"the first answers", good, good, "2001:db8::1 192.0.2.1", [2]int{2, 0}},
		{"the first has no such name", always(code(dnsmessage.RCodeNameError)), good, "no name", [2]int{2, 0}},
		{"the first fails", always(code(dnsmessage.RCodeServerFailure)), good, "2001:db8::1 192.0.2.1", [2]int{2, 2}},
		{"the first is silent", silent, good, "2001:db8::1 192.0.2.1", [2]int{2, 2}},
		{"both are silent", silent, silent, "failed", [2]int{4, 4}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			first, second := newNameServer(t, test.first), newNameServer(t, test.second)
			c := conf(first, second)
			c.Timeout, c.Attempts = 2*time.Second, 2
			if test.name == "both are silent" {
				c.Timeout = 50 * time.Millisecond
			}
			if got := lookup(NewResolver(c), "x.test"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := [2]int{first.total(), second.total()}; got != test.asked {
				t.Errorf("asked %v times, not %v", got, test.asked)
			}
		})
	}
	t.Run("in turns", func(t *testing.T) {
		first, second := newNameServer(t, good), newNameServer(t, good)
		c := conf(first, second)
		c.Rotate = true
		r := NewResolver(c)
		lookup(r, "x.test")
		lookup(r, "y.test")
		if first.total() != 2 || second.total() != 2 {
			t.Errorf("asked %d and %d times", first.total(), second.total())
		}
	})
	if got := lookup(NewResolver(Config{Order: []Source{DNS}, ResolvConf: ResolvConf{Attempts: 1}}), "x.test"); got != "failed" {
		t.Errorf("without a server: %q", got)
	}
}

// TestWithoutEDNS: a server that does not know it is asked without.
func TestWithoutEDNS(t *testing.T) {
	s := newNameServer(t, func(q dnsmessage.Message, tcp bool) [][]byte {
		if len(q.Additionals) > 0 {
			return one(answerTo(q, code(dnsmessage.RCodeFormatError)))
		}
		return addressesOf("192.0.2.1", "2001:db8::1", 60)(q, tcp)
	})
	c := conf(s)
	c.EDNS0 = true
	if got := lookup(NewResolver(c), "x.test"); got != "2001:db8::1 192.0.2.1" || s.total() != 4 {
		t.Errorf("got %q, after %d questions", got, s.total())
	}
}

// TestFamilies: one family is enough.
func TestFamilies(t *testing.T) {
	for _, test := range []struct {
		name    string
		v4, v6  replies
		want    string
		expires time.Duration
	}{
		{"only IPv4", always(nil, record("x.test.", "192.0.2.1", 60)), always(nil), "192.0.2.1", time.Minute},
		{"only IPv6", always(nil), always(nil, record("x.test.", "2001:db8::1", 60)), "2001:db8::1", time.Minute},
		{"IPv6 fails", always(nil, record("x.test.", "192.0.2.1", 60)), always(code(dnsmessage.RCodeServerFailure)), "192.0.2.1", time.Second},
		{"IPv6 has no such name", always(nil, record("x.test.", "192.0.2.1", 60)), always(code(dnsmessage.RCodeNameError)), "192.0.2.1", time.Minute},
		{"one fails, and the other has none", always(nil), always(code(dnsmessage.RCodeServerFailure)), "failed", time.Second},
		{"one has no such name, and the other has none", always(nil), always(code(dnsmessage.RCodeNameError)), "no data", time.Second},
		{"different times", always(nil, record("x.test.", "192.0.2.1", 20)), always(nil, record("x.test.", "2001:db8::1", 60)), "2001:db8::1 192.0.2.1", 20 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, single := range []bool{false, true} {
				c := conf(newNameServer(t, func(q dnsmessage.Message, tcp bool) [][]byte {
					if q.Questions[0].Type == dnsmessage.TypeA {
						return test.v4(q, tcp)
					}
					return test.v6(q, tcp)
				}))
				c.SingleRequest = single
				r := NewResolver(c)
				if got := lookup(r, "x.test"); got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
				e := r.cache.entries["x.test"]
				if left := time.Until(e.until); left > test.expires {
					t.Errorf("kept for %s, more than %s", left, test.expires)
				}
			}
		})
	}
}

// TestW6Rebinding: a server that changes its answer for each question is asked once as long
// as the first answer holds, and then again.
func TestW6Rebinding(t *testing.T) {
	var times atomic.Int32
	rebinding := func(ttl uint32) replies {
		return onlyA(func(q dnsmessage.Message, _ bool) [][]byte {
			return one(answerTo(q, nil, record("x.test.", fmt.Sprintf("10.0.0.%d", times.Add(1)), ttl)))
		})
	}
	s := newNameServer(t, rebinding(300))
	r := NewResolver(conf(s))
	for range 10 {
		if got := lookup(r, "x.test"); got != "10.0.0.1" {
			t.Errorf("got %q", got)
		}
	}
	if s.total() != 2 {
		t.Errorf("asked %d times", s.total())
	}
	times.Store(0)
	r = NewResolver(conf(newNameServer(t, rebinding(0))))
	if first := lookup(r, "x.test"); first != "10.0.0.1" {
		t.Errorf("got %q", first)
	}
	for deadline := time.Now().Add(20 * time.Second); lookup(r, "x.test") != "10.0.0.2"; {
		if time.Now().After(deadline) {
			t.Fatal("negative control: an answer that does not hold is never asked for again")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestOneQuestionForMany: who asks at the same time waits for the same answer.
func TestOneQuestionForMany(t *testing.T) {
	release := make(chan struct{})
	good := addressesOf("192.0.2.1", "2001:db8::1", 60)
	s := newNameServer(t, func(q dnsmessage.Message, tcp bool) [][]byte { <-release; return good(q, tcp) })
	r := NewResolver(conf(s))
	impatient, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Lookup(impatient, "x.test"); !errors.Is(err, context.Canceled) {
		t.Errorf("who waits no longer: %v", err)
	}
	var asking sync.WaitGroup
	for range 50 {
		asking.Go(func() {
			if got := lookup(r, "x.test"); got != "2001:db8::1 192.0.2.1" {
				t.Errorf("got %q", got)
			}
		})
	}
	close(release)
	asking.Wait()
	if s.total() != 2 {
		t.Errorf("asked %d times", s.total())
	}
}

// TestW20LookupsAreBounded: above the bound, who asks waits.
func TestW20LookupsAreBounded(t *testing.T) {
	s := newNameServer(t, func(dnsmessage.Message, bool) [][]byte { return nil })
	r := NewResolver(conf(s))
	ctx, cancel := context.WithCancel(context.Background())
	var asking sync.WaitGroup
	for i := range 3 * mostLookups {
		asking.Go(func() {
			if _, err := r.Lookup(ctx, fmt.Sprintf("n%d.test", i)); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	for deadline := time.Now().Add(20 * time.Second); s.total() < 2*mostLookups && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	if n := s.total(); n != 2*mostLookups {
		t.Errorf("%d questions at a time", n)
	}
	cancel()
	asking.Wait()
}

// TestFilesAndFixedNames: in the order of the sources, and fixed names before all.
func TestFilesAndFixedNames(t *testing.T) {
	s := newNameServer(t, func(q dnsmessage.Message, tcp bool) [][]byte {
		if strings.EqualFold(q.Questions[0].Name.String(), "onlyfile.test.") {
			return one(answerTo(q, code(dnsmessage.RCodeNameError)))
		}
		return addressesOf("192.0.2.1", "2001:db8::1", 60)(q, tcp)
	})
	c := conf(s)
	c.Fixed = map[string][]netip.Addr{"host.jail": {netip.MustParseAddr("127.0.0.1")}}
	file := []netip.Addr{netip.MustParseAddr("192.0.2.9")}
	c.Hosts = map[string][]netip.Addr{"both.test": file, "onlyfile.test": file, "host.jail": file, "blocked.test": {netip.IPv4Unspecified()}}
	const dns = "2001:db8::1 192.0.2.1"
	for _, test := range []struct {
		name  string
		order []Source
		want  string
		asked int
	}{
		{"host.jail", []Source{Files, DNS}, "127.0.0.1", 0},
		{"host.jail", nil, "127.0.0.1", 0},
		{"both.test", []Source{Files, DNS}, "192.0.2.9", 0},
		{"both.test", []Source{DNS, Files}, dns, 2},
		{"both.test", []Source{DNS}, dns, 2},
		{"onlyfile.test", []Source{DNS, Files}, "192.0.2.9", 2},
		{"onlyfile.test", []Source{DNS}, "no name", 2},
		{"blocked.test", []Source{Files, DNS}, "no data", 0},
		{"onlydns.test", []Source{Files, DNS}, dns, 2},
		{"onlydns.test", []Source{Files}, "no name", 0},
		{"onlydns.test", nil, "no name", 0},
		{"x.localhost", []Source{DNS}, "no name", 0},
		{"x.onion", []Source{DNS}, "no name", 0},
		{"Upper.test", []Source{DNS}, "failed", 0},
		{"dot.test.", []Source{DNS}, "failed", 0},
		{"two..dots", []Source{DNS}, "failed", 0},
		{"", []Source{DNS}, "failed", 0},
		{"nul\x00.test", []Source{DNS}, "failed", 0},
		{strings.Repeat("x", 64) + ".test", []Source{DNS}, "failed", 0},
		{strings.Repeat("x.", 126) + "xx", []Source{DNS}, "failed", 0},
		{strings.Repeat("x.", 126) + "x", []Source{DNS}, dns, 2},
	} {
		c.Order = test.order
		before := s.total()
		if got := lookup(NewResolver(c), test.name); got != test.want {
			t.Errorf("%q in %v: got %q, want %q", test.name, test.order, got, test.want)
		}
		if asked := s.total() - before; asked != test.asked {
			t.Errorf("%q in %v: asked %d times, not %d", test.name, test.order, asked, test.asked)
		}
	}
}
