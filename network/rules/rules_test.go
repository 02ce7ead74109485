package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, text := range []string{
		"example.org", "Example.org:443", "*.example.org:1-65535", "*", "*:443", "1.2.3.4", "1.2.3.4:https", "10.0.0.0/8:80", "2001:db8::1", "[2001:db8::1]:80",
		"[2001:db8::/32]:443", "@local", "@local:22", "@host", "@HOST:5432", "xn--bcher-kva.example", "a_b.example",
	} {
		if r, p := Parse(text, "here", services); p != nil || r.Text != text || r.Place != "here" {
			t.Errorf("%q: %+v, %v", text, r, p)
		}
	}
	for text, part := range map[string]string{
		"":                        "not a host",
		"example.org:htps":        `unknown service "htps"`,
		"example.org:0":           "not a host",
		"example.org:65536":       "not a host",
		"example.org:9-8":         "not a host",
		"example.org:":            "not a host",
		"host.jail":               "not a host",
		"@lan":                    "not a host",
		"10.0.0.1/8":              "not a host",
		"::ffff:1.2.3.4":          "not a host",
		"::ffff:0:0/96":           "not a host",
		"fe80::1%eth0":            "not a host",
		"127.1":                   "not a host",
		"0x7f.1":                  "not a host",
		"example.0x7f":            "not a host",
		"xn--a.example":           "not a host",
		"*.xn--a.example:443":     "not a host",
		"bücher.example":          "not a host",
		"*.*.example":             "not a host",
		"exam*ple.org":            "not a host",
		"[example.org]:443":       "not a host",
		"example.org\x00":         "not a host",
		"https://example.org":     "not a host",
		"user@example.org":        "not a host",
		strings.Repeat("a", 2000): "not a host",
	} {
		if r, p := Parse(text, "", services); p == nil || !strings.Contains(p.Summary, part) {
			t.Errorf("%q: %+v, %v", text, r, p)
		}
	}
}

// FuzzDecide holds the decision against its laws: nothing is allowed without a rule of
// allow; another rule of deny, and one of allow less, allow nothing more; and no
// address that is local is allowed by names.
func FuzzDecide(f *testing.F) {
	f.Add("*\nexample.org:443\n10.0.0.0/8", "*.evil\n@host", "example.org", []byte{10, 0, 0, 1}, uint16(443))
	f.Add("@local:1-99\n::/0", "1.2.3.0/24", "", []byte{0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, uint16(80))
	f.Add("@host:5432", "*:25", "host.jail", []byte{127, 0, 0, 1}, uint16(5432))
	f.Add("*.b\n2001:db8::/32", "", "a.b", []byte{}, uint16(1))
	f.Fuzz(func(t *testing.T, allowText, denyText, name string, raw []byte, port uint16) {
		allow, deny := fuzzed(allowText), fuzzed(denyText)
		to, _ := netip.AddrFromSlice(raw)
		own := []netip.Addr{addr("8.8.8.8")}
		s := New(allow, deny, own)
		d := s.Decide(name, to, port)
		if d.Allowed && (d.Rule == nil || !slices.ContainsFunc(allow, func(r Rule) bool { return r.Text == d.Rule.Text })) {
			t.Errorf("allowed by %+v", d.Rule)
		}
		for i := range deny {
			fewer := New(allow, slices.Delete(slices.Clone(deny), i, i+1), own)
			if d.Allowed && !fewer.Decide(name, to, port).Allowed {
				t.Errorf("to deny %q allows it", deny[i].Text)
			}
			if s.MayAsk(name).Allowed && !fewer.MayAsk(name).Allowed {
				t.Errorf("to deny %q allows to ask", deny[i].Text)
			}
		}
		names := true
		for i := range allow {
			fewer := New(slices.Delete(slices.Clone(allow), i, i+1), deny, own)
			if !d.Allowed && fewer.Decide(name, to, port).Allowed {
				t.Errorf("to allow %q denies it", allow[i].Text)
			}
			names = names && (allow[i].host.Any || allow[i].host.Name != "")
		}
		if what, _ := s.local(to); to.IsValid() && what != "" && names && d.Allowed {
			t.Errorf("%s is %s, and allowed by %s", to, what, d.Rule.Text)
		}
		open := slices.ContainsFunc(s.Ports(name, to), func(p Ports) bool { return p.has(port) })
		if open != d.Allowed {
			t.Errorf("%q %s %d: Decide says %v (%s), Ports says %v", name, to, port, d.Allowed, d.Reason, open)
		}
		if d.Allowed && name != "" && d.Rule.host.Name+d.Rule.host.Group != "" && !s.MayAsk(name).Allowed && what(s, to) == "" {
			t.Errorf("%q is allowed by a name and may not be asked for", name)
		}
	})
}

func what(s *Set, to netip.Addr) string {
	w, _ := s.local(to)
	return w
}

// fuzzed parses the lines that are rules.
func fuzzed(text string) (rules []Rule) {
	for line := range strings.SplitSeq(text, "\n") {
		if r, p := Parse(line, "", services); p == nil && len(rules) < 8 {
			rules = append(rules, r)
		}
	}
	return rules
}

// BenchmarkDecide is to take the same time with ten rules and with many.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 20_000} {
		var allow []Rule
		for i := range n {
			text := fmt.Sprintf("h%d.example.org:443 *.d%d.example 1.%d.%d.0/24", i, i, i/256%256, i%256)
			allow = append(allow, list(b, text)...)
		}
		s := New(allow, nil, nil)
		to := addr("8.8.8.8")
		b.Run(fmt.Sprint(3*n), func(b *testing.B) {
			for b.Loop() {
				s.Decide("a.b.d7.example", to, 443)
			}
		})
	}
}
