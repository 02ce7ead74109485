package dns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// world is a server whose host knows some names.
type world struct {
	*Server
	looked  []string
	refused []string
}

func newWorld(newNames int) *world {
	w := &world{}
	w.Server = NewServer(Options{
		Ask: func(name string) (string, bool) {
			if isWithin(name, "wild.test") {
				return "*.wild.test", true
			}
			return "", slices.Contains([]string{"here.test", "gone.test", "empty.test", "broken.test"}, name)
		},
		Lookup: func(_ context.Context, name string) (Answer, error) {
			w.looked = append(w.looked, name)
			switch name {
			case "gone.test":
				return Answer{}, ErrNoName
			case "empty.test":
				return Answer{}, ErrNoData
			case "broken.test":
				return Answer{}, errors.New("nobody answers")
			}
			return Answer{Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, TTL: 30 * time.Second}, nil
		},
		Addresses: NewAddresses(100, time.Minute),
		Refused:   func(name string, why Refusal) { w.refused = append(w.refused, fmt.Sprint(name, " ", int(why))) },
		NewNames:  newNames,
	})
	return w
}

// option adds an OPT record to a query.
func option(size, version int, options ...dnsmessage.Option) func(m *dnsmessage.Message) {
	return func(m *dnsmessage.Message) {
		r := dnsmessage.Resource{Body: &dnsmessage.OPTResource{Options: options}}
		_ = r.Header.SetEDNS0(size, 0, true)
		r.Header.TTL |= uint32(version) << 16
		m.Additionals = append(m.Additionals, r)
	}
}

func TestAnswers(t *testing.T) {
	const a, aaaa = dnsmessage.TypeA, dnsmessage.TypeAAAA
	tests := []struct {
		name   string
		packet []byte
		// want is the code and the data of the answers
		want    string
		looked  string
		refused string
	}{
		{"IPv4", ask("here.test.", a, nil), "Success 198.18.0.1", "here.test", ""},
		{"IPv6, of a name that has an IPv4 address", ask("here.test.", aaaa, nil), "Success fd6a:6169:6c00::1", "here.test", ""},
		{"case", ask("HeRe.TesT.", a, nil), "Success 198.18.0.1", "here.test", ""},
		{"a name that is not there", ask("gone.test.", a, nil), "NameError", "gone.test", ""},
		{"a name without addresses", ask("empty.test.", aaaa, nil), "Success", "empty.test", ""},
		{"nobody answers", ask("broken.test.", a, nil), "ServerFailure", "broken.test", ""},
		{"W13 a name that is not allowed", ask("secret.evil.test.", a, nil), "NameError", "", "secret.evil.test 0"},
		{"W13 the same with another type", ask("secret.evil.test.", dnsmessage.TypeTXT, nil), "NameError", "", "secret.evil.test 0"},
		{"a service of a host", ask("_http._tcp.here.test.", dnsmessage.TypeSRV, nil), "NameError", "", ""},
		{"a service of a host that is not allowed", ask("_http._tcp.evil.test.", dnsmessage.TypeSRV, nil), "NameError", "", "_http._tcp.evil.test 0"},
		{"an address of the same", ask("_http._tcp.here.test.", a, nil), "NameError", "", "_http._tcp.here.test 0"},
		{"nothing but a service", ask("_http._tcp.", dnsmessage.TypeSRV, nil), "NameError", "", "_http._tcp 0"},
		{"W13 TXT", ask("here.test.", dnsmessage.TypeTXT, nil), "Success", "", ""},
		{"MX", ask("here.test.", dnsmessage.TypeMX, nil), "Success", "", ""},
		{"CNAME", ask("here.test.", dnsmessage.TypeCNAME, nil), "Success", "", ""},
		{"W8 HTTPS", ask("here.test.", dnsmessage.TypeHTTPS, nil), "Success", "", ""},
		{"W8 SVCB", ask("here.test.", dnsmessage.TypeSVCB, nil), "Success", "", ""},
		{"ANY", ask("here.test.", dnsmessage.TypeALL, nil), "Success", "", ""},
		{"a zone", ask("here.test.", dnsmessage.TypeAXFR, nil), "Success", "", ""},
		{"an unknown type", ask("here.test.", 65432, nil), "Success", "", ""},
		{"W2 a space", ask("here test.", a, nil), "NameError", "", "here test 1"},
		{"W2 NUL", ask("here.test\x00.evil.", a, nil), "NameError", "", `here.test\x00.evil 1`},
		{"W2 line ends, W21", ask("here\r\n.test.", a, nil), "NameError", "", `here\r\n.test 1`},
		{"W2 UTF-8", ask("h\u00e9re.test.", a, nil), "NameError", "", `h\u00e9re.test 1`},
		{"W2 a full-width dot", ask("here\uff0etest.", a, nil), "NameError", "", `here\uff0etest 1`},
		{"W2 user", ask("user@here.test.", a, nil), "NameError", "", "user@here.test 1"},
		{"W2 an underscore", ask("_x.wild.test.", a, nil), "Success 198.18.0.1", "_x.wild.test", ""},
		{"the root", ask(".", dnsmessage.TypeNS, nil), "Success", "", ""},
		{"localhost", ask("localhost.", a, nil), "Success 127.0.0.1", "", ""},
		{"below localhost", ask("x.localhost.", aaaa, nil), "Success ::1", "", ""},
		{"not localhost", ask("xlocalhost.", a, nil), "NameError", "", "xlocalhost 0"},
		{"W14 whether to ask elsewhere", ask("use-application-dns.net.", a, nil), "NameError", "", ""},
		{"W14 where else to ask", ask("_dns.resolver.arpa.", dnsmessage.TypeSVCB, nil), "Success", "", ""},
		{"onion", ask("x.onion.", a, nil), "NameError", "", ""},
		{"name of a host's address", ask("1.2.0.192.in-addr.arpa.", dnsmessage.TypePTR, nil), "NameError", "", ""},
		{"name of nothing", ask("1.2.3.in-addr.arpa.", dnsmessage.TypePTR, nil), "NameError", "", ""},
		{"name of loopback", ask("1.0.0.127.in-addr.arpa.", dnsmessage.TypePTR, nil), "Success localhost.", "", ""},
		{"address of such a name", ask("1.0.18.198.in-addr.arpa.", a, nil), "NameError", "", "1.0.18.198.in-addr.arpa 0"},
		{"two questions", ask("here.test.", a, func(m *dnsmessage.Message) { m.Questions = append(m.Questions, m.Questions[0]) }), "FormatError", "", ""},
		{"no question", ask("here.test.", a, func(m *dnsmessage.Message) { m.Questions = nil }), "FormatError", "", ""},
		{"an answer in a query", ask("here.test.", a, func(m *dnsmessage.Message) { m.Answers = []dnsmessage.Resource{record("a.", "1.2.3.4", 1)} }), "FormatError", "", ""},
		{"an update", ask("here.test.", a, func(m *dnsmessage.Message) { m.OpCode = 5 }), "NotImplemented", "", ""},
		{"another class", ask("version.bind.", dnsmessage.TypeTXT, func(m *dnsmessage.Message) { m.Questions[0].Class = dnsmessage.ClassCHAOS }), "Refused", "", ""},
		{"trailing bytes", append(ask("here.test.", a, nil), 0), "FormatError", "", ""},
		{"truncated", ask("here.test.", a, nil)[:20], "FormatError", "", ""},
		{"a pointer to itself", []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"), "FormatError", "", ""},
		{"a dot in a label", []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09here.test\x00\x00\x01\x00\x01"), "FormatError", "", ""},
		{"an answer", ask("here.test.", a, func(m *dnsmessage.Message) { m.Response = true }), "", "", ""},
		{"too short", []byte("\x12\x34\x01\x00"), "", "", ""},
		{"nothing", nil, "", "", ""},
		{"EDNS", ask("here.test.", a, option(4096, 0)), "Success OPT1232 198.18.0.1", "here.test", ""},
		{"EDNS, with a client's subnet", ask("here.test.", a, option(100, 0, dnsmessage.Option{Code: 8, Data: []byte("secret")})), "Success OPT1232 198.18.0.1", "here.test", ""},
		{"another version of EDNS", ask("here.test.", a, option(4096, 1)), "BadVersion OPT1232", "", ""},
		{"EDNS twice", ask("here.test.", a, func(m *dnsmessage.Message) { option(4096, 0)(m); option(4096, 0)(m) }), "FormatError OPT1232", "", ""},
		{"many additional records", ask("here.test.", a, func(m *dnsmessage.Message) {
			m.Additionals = slices.Repeat([]dnsmessage.Resource{record("a.", "1.2.3.4", 1)}, 3)
		}), "FormatError", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(100)
			reply := w.answer(test.packet, plainUDP)
			if got := describe(t, test.packet, reply); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := strings.Join(w.looked, ", "); got != test.looked {
				t.Errorf("the host was asked for %q, not %q", got, test.looked)
			}
			if got := strings.Join(w.refused, ", "); got != test.refused {
				t.Errorf("refused was %q, not %q", got, test.refused)
			}
		})
	}
}

// describe says what is in an answer, after comparing it with its query.
func describe(t *testing.T, query, reply []byte) string {
	t.Helper()
	if reply == nil {
		return ""
	}
	m := unpack(t, reply)
	if m.ID != uint16(query[0])<<8|uint16(query[1]) || !m.Response || !m.RecursionAvailable {
		t.Errorf("the answer has the header %+v", m.Header)
	}
	code := m.RCode
	var said []string
	for _, r := range m.Additionals {
		code |= r.Header.ExtendedRCode(m.RCode)
		said = append(said, fmt.Sprint("OPT", int(r.Header.Class)))
	}
	for _, r := range m.Answers {
		if r.Header.TTL == 0 || r.Header.TTL > 60 || r.Header.Name != m.Questions[0].Name {
			t.Errorf("the answer has a record with the head %+v", r.Header)
		}
		switch body := r.Body.(type) {
		case *dnsmessage.AResource:
			said = append(said, netip.AddrFrom4(body.A).String())
		case *dnsmessage.AAAAResource:
			said = append(said, netip.AddrFrom16(body.AAAA).String())
		case *dnsmessage.PTRResource:
			said = append(said, body.PTR.String())
		default:
			t.Errorf("the answer has a record of type %s", r.Header.Type)
		}
	}
	text := strings.TrimPrefix(code.String(), "RCode")
	if code == rcodeBadVersion {
		text = "BadVersion"
	}
	return strings.Join(append([]string{text}, said...), " ")
}

// TestCaseIsKept: the question comes back to the letter.
func TestCaseIsKept(t *testing.T) {
	m := unpack(t, newWorld(1).answer(ask("hErE.TeSt.", dnsmessage.TypeA, nil), plainUDP))
	if got := m.Questions[0].Name.String(); got != "hErE.TeSt." {
		t.Errorf("the question came back as %s", got)
	}
}

func TestNamesOfAddresses(t *testing.T) {
	w := newWorld(1)
	v4, v6, err := w.o.Addresses.Of("here.test")
	must(t, err)
	if v4.String() != "198.18.0.1" {
		t.Fatal(v4)
	}
	reversed6 := "1." + strings.Repeat("0.", 21) + "c.6.9.6.1.6.a.6.d.f.ip6.arpa."
	for _, name := range []string{"1.0.18.198.in-addr.arpa.", reversed6} {
		query := ask(name, dnsmessage.TypePTR, nil)
		if got := describe(t, query, w.answer(query, plainUDP)); got != "Success here.test." {
			t.Errorf("%s: %s (the addresses are %s and %s)", name, got, v4, v6)
		}
	}
	if len(w.refused) > 0 || len(w.looked) > 0 {
		t.Error(w.refused, w.looked)
	}
}

// TestLongAnswers: what does not fit is said to be truncated, and has its question.
func TestLongAnswers(t *testing.T) {
	query := ask("here.test.", dnsmessage.TypeA, nil)
	q, _, _ := parseQuery(query, len(query))
	m := unpack(t, q.reply(dnsmessage.RCodeSuccess, q.address(netip.MustParseAddr("1.2.3.4"), time.Second)))
	if !m.Truncated || len(m.Answers) != 0 || len(m.Questions) != 1 {
		t.Errorf("the answer is %+v", m)
	}
	q.limit = plainUDP
	if m := unpack(t, q.reply(dnsmessage.RCodeSuccess, q.address(netip.MustParseAddr("1.2.3.4"), time.Second))); m.Truncated || len(m.Answers) != 1 {
		t.Errorf("negative control: the answer is %+v", m)
	}
}

// TestFullTable: without a free address there is a failure, not an answer without it.
func TestFullTable(t *testing.T) {
	w := newWorld(100)
	w.o.Addresses = NewAddresses(1, time.Hour)
	for _, test := range [][2]string{{"here.test.", "Success 198.18.0.1"}, {"x.wild.test.", "ServerFailure"}, {"here.test.", "Success 198.18.0.1"}} {
		query := ask(test[0], dnsmessage.TypeA, nil)
		if got := describe(t, query, w.answer(query, plainUDP)); got != test[1] {
			t.Errorf("%s: %s, not %s", test[0], got, test[1])
		}
	}
}

// TestW13BudgetOfWildcards: names carry data to the servers of a domain.
func TestW13BudgetOfWildcards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(5)
		asked := func(name string) string {
			query := ask(name, dnsmessage.TypeA, nil)
			return describe(t, query, w.answer(query, plainUDP))
		}
		for i := range 5 {
			if got := asked(fmt.Sprintf("n%d.wild.test.", i)); !strings.HasPrefix(got, "Success ") {
				t.Fatalf("name %d: %s", i, got)
			}
		}
		if got := asked("n5.wild.test."); got != "ServerFailure" {
			t.Errorf("name above the budget: %s", got)
		}
		if want := []string{"n5.wild.test 2"}; !slices.Equal(w.refused, want) {
			t.Errorf("refused was %q", w.refused)
		}
		if len(w.looked) != 5 {
			t.Errorf("the host was asked for %q", w.looked)
		}
		if got := asked("N3.wild.test."); got != "Success 198.18.0.4" {
			t.Errorf("a name of the same minute: %s", got)
		}
		if got := asked("here.test."); got != "Success 198.18.0.6" {
			t.Errorf("a name that is allowed by itself: %s", got)
		}
		time.Sleep(time.Minute)
		if got := asked("n5.wild.test."); !strings.HasPrefix(got, "Success ") {
			t.Errorf("a minute later: %s", got)
		}
		long := strings.Repeat("x", 63) + "." + strings.Repeat("y", 63) + ".wild.test."
		if got := asked(long); got != "ServerFailure" {
			t.Errorf("a name of %d bytes counted as one: %s", len(long), got)
		}
	})
}
