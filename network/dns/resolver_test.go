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
