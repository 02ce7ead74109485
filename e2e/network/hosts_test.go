package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// ask is the command for questions of testdata/ask.py.
func ask(t *testing.T, questions ...string) []string {
	t.Helper()
	testenv.Need(t, "python3")
	return append([]string{"python3", helper(t, "ask.py")}, questions...)
}

// W2: a name is what it looks like to the rules, and whoever resolves it sees the same.
func TestW2Spellings(t *testing.T) {
	t.Parallel()
	w, good, evil := world(t), out.site("good"), out.site("evil")
	spellings := []string{
		evil.name + "%00." + good.name, good.name + "%00." + evil.name, good.name + "%00", evil.name + "%20" + good.name,
		evil.name + "%0d%0a" + good.name, good.name + "%0d%0aX:" + evil.name, good.name + "%2500." + evil.name,
		good.name + "@" + evil.name, evil.name + "#." + good.name, evil.name + "?." + good.name, evil.name + ":80#" + good.name,
		good.name + ".." + evil.name, "." + good.name, evil.name + "%2f." + good.name, evil.name + "%5c." + good.name,
		strings.ReplaceAll(evil.name, ".", "%ef%bc%8e"), strings.ReplaceAll(evil.name, ".", "%e3%80%82"), "%ef%bd%85" + evil.name[1:],
		"[" + evil.v6.String() + "]", evil.v6.String() + "%25eth0", evil.v4.String() + "%00" + good.name,
		strings.Repeat("a.", 120) + good.name + "." + evil.name, "xn--" + evil.name, "_." + evil.name, "%2a." + evil.name,
	}
	var questions []string
	all := func(name string) []string {
		return []string{"socks/" + name + "/80", "connect/" + name + "/80", "dns/" + name + "/1", "libc/" + name + "/80"}
	}
	for _, s := range append(spellings, evil.name) {
		questions = append(questions, all(s)...)
	}
	for _, s := range []string{good.name, strings.ToUpper(good.name), good.name + "."} { // which are all the same
		questions = append(questions, all(s)...)
	}
	var r *testenv.Result
	counts := out.packets.during(t, func() { r = w.Host(append(jailed(w, []string{good.name + ":80"}), ask(t, questions...)...)...) })
	if found := only(counts, evil.v4.String(), evil.v6.String()); len(found) > 0 {
		t.Errorf("%v\n%s", found, r.Output())
	}
	for _, q := range out.zone.questions("org") {
		if name, _, _ := strings.Cut(q, " "); strings.Contains(q, evil.name) || strings.Contains(q, good.name) && name != good.name {
			t.Errorf("the name server was asked for %s", q)
		}
	}
	proxied := 0
	for line := range strings.Lines(r.Stdout) {
		// The C library itself ends a name at a zero byte.
		if !strings.HasPrefix(line, "libc/") && strings.Contains(line, "through, got") {
			proxied++
		}
	}
	if n := strings.Count(r.Stdout, "through, got"); proxied != 6 || n < 9 || r.Status != 0 {
		t.Errorf("%d connections were made, %d by the proxy, which are not three by each way\n%s", n, proxied, r.Output())
	}
	// The other name can be asked for in each of these ways.
	r = w.Host(append(jailed(w, []string{evil.name}), ask(t, all(evil.name)...)...)...)
	if strings.Count(r.Stdout, "through, got") != 3 || !strings.Contains(r.Stdout, "rcode 0, 1 answers") {
		t.Errorf("with the name allowed: %s", r.Output())
	}
}

// W3: *.NAME is what lies below NAME.
func TestW3Below(t *testing.T) {
	t.Parallel()
	w, good, other := world(t), out.site("w3"), out.site("w3")
	below := "sub." + good.name
	outsideOf := []string{good.name, "evil" + good.name, good.name + ".evil.org", good.name + "." + other.name}
	for _, name := range append(slices.Clone(outsideOf), below, "a.b."+good.name) {
		out.zone.set(name, good.v4, good.v6)
	}
	acts := func(names ...string) (acts []act) {
		for _, name := range names {
			acts = append(acts, act("tcp/"+name+"/80"))
		}
		return acts
	}
	run := func(rules []string, names ...string) int {
		argv := send(t, acts(names...)...)
		if rules != nil {
			argv = append(jailed(w, rules), argv...)
		}
		n := 0
		for _, count := range good.arrived(t, func() { w.Host(argv...) }) {
			n += count
		}
		return n
	}
	if n := run(nil, outsideOf...); n != len(outsideOf) {
		t.Fatalf("without a jail %d of %d names are reached", n, len(outsideOf))
	}
	before := len(out.zone.questions(good.name))
	if n := run([]string{"*." + good.name}, outsideOf...); n != 0 || len(out.zone.questions(good.name)) != before {
		t.Errorf("%d connections; the name server was asked for %q", n, out.zone.questions(good.name)[before:])
	}
	if n := run([]string{"*." + good.name}, below, "a.b."+good.name); n != 2 {
		t.Errorf("%d of 2 names below are reached", n)
	}
	if n := run(outsideOf, outsideOf...); n != len(outsideOf) {
		t.Errorf("with a rule for each, %d of %d names are reached", n, len(outsideOf))
	}
}

// W4: an address that is denied is so in every spelling, wherever it is asked for.
func TestW4AddressSpellings(t *testing.T) {
	t.Parallel()
	w, s := world(t), out.site("w4")
	a := s.v4.As4()
	spellings := []string{
		s.v4.String(), fmt.Sprintf("%d", uint32(a[0])<<24|uint32(a[1])<<16|uint32(a[2])<<8|uint32(a[3])), fmt.Sprintf("0x%02x%02x%02x%02x", a[0], a[1], a[2], a[3]),
		fmt.Sprintf("0x%x.0x%x.0x%x.0x%x", a[0], a[1], a[2], a[3]), fmt.Sprintf("0%o.0%o.0%o.0%o", a[0], a[1], a[2], a[3]),
		fmt.Sprintf("%d.%d.%d", a[0], a[1], uint16(a[2])<<8|uint16(a[3])), fmt.Sprintf("%d.%d", a[0], uint32(a[1])<<16|uint32(a[2])<<8|uint32(a[3])),
		fmt.Sprintf("%03d.%03d.%03d.%03d", a[0], a[1], a[2], a[3]), s.v4.String() + ".", fmt.Sprintf("::ffff:%s", s.v4), fmt.Sprintf("::ffff:%x:%x", uint16(a[0])<<8|uint16(a[1]), uint16(a[2])<<8|uint16(a[3])),
		"[::ffff:" + s.v4.String() + "]",
	}
	var questions []string
	for _, text := range spellings {
		questions = append(questions, "socks/"+text+"/80", "connect/"+text+"/80", "libc/"+text+"/80", "dns/"+text+"/1", "sni/"+s.v4.String()+"/443/"+text+"/whole")
	}
	run := func(before []string) (*testenv.Result, map[string]int) {
		var r *testenv.Result
		return r, s.arrived(t, func() { r = w.Host(append(before, ask(t, questions...)...)...) })
	}
	if _, counts := run(nil); counts["tcp "+s.v4.String()+":80"] < 8 {
		t.Fatalf("without a jail: %v", counts)
	}
	was := len(out.zone.questions(""))
	if r, counts := run(jailed(w, []string{"*"}, "--deny", s.v4.String())); len(counts) > 0 {
		t.Errorf("%v\n%s", counts, r.Output())
	}
	for _, q := range out.zone.questions("")[was:] {
		if name, _, _ := strings.Cut(q, " "); slices.Contains(spellings, name) {
			t.Errorf("the name server was asked for %s", q)
		}
	}
	if r, counts := run(jailed(w, []string{s.v4.String()})); counts["tcp "+s.v4.String()+":80"] < 8 {
		t.Errorf("with the address allowed: %v\n%s", counts, r.Output())
	}
}

// W8: a connection to a name is for that name, by TLS as well.
func TestW8ServerName(t *testing.T) {
	t.Parallel()
	w, front, evil := world(t), out.site("front"), out.site("w8evil")
	at := "sni/" + front.name + "/443/"
	byAddress := "sni/" + front.v4.String() + "/443/"
	for _, c := range []struct {
		name, question string
		rules          []string // nil is without a jail
		want           []string
	}{
		{"without a jail", at + evil.name + "/whole", nil, []string{evil.name}},
		{"its own name", at + front.name + "/whole", []string{front.name}, []string{front.name}},
		{"in capitals", at + strings.ToUpper(front.name) + "/whole", []string{front.name}, []string{strings.ToUpper(front.name)}},
		{"in bytes", at + front.name + "/bytes", []string{front.name}, []string{front.name}},
		{"in records", at + front.name + "/records", []string{front.name}, []string{front.name}},
		{"another name", at + evil.name + "/whole", []string{front.name}, nil},
		{"another name in bytes", at + evil.name + "/bytes", []string{front.name}, nil},
		{"another name in records", at + evil.name + "/records", []string{front.name}, nil},
		{"another name that is allowed", at + evil.name + "/whole", []string{front.name, evil.name, "*"}, nil},
		{"a name below", at + "sub." + front.name + "/whole", []string{front.name, "*." + front.name}, nil},
		{"no name", at + "/whole", []string{front.name, "*"}, nil},
		{"no name in bytes", at + "/bytes", []string{front.name, "*"}, nil},
		{"no name, by an address", byAddress + "/whole", []string{front.v4.String()}, []string{""}},
		{"a name that is denied, by an address", byAddress + evil.name + "/whole", []string{front.v4.String(), "!" + evil.name}, nil},
		{"any name, by an address", byAddress + evil.name + "/whole", []string{front.v4.String()}, []string{evil.name}},
	} {
		var before []string
		if c.rules != nil {
			var allowed, further []string
			for _, rule := range c.rules {
				if name, denied := strings.CutPrefix(rule, "!"); denied {
					further = append(further, "--deny", name)
				} else {
					allowed = append(allowed, rule)
				}
			}
			before = jailed(w, allowed, further...)
		}
		r := w.Host(append(before, ask(t, c.question)...)...)
		if got := front.hellos(); !slices.Equal(got, c.want) {
			t.Errorf("%s: the server was greeted as %q, want %q\n%s", c.name, got, c.want, r.Output())
		}
		if answered := strings.Contains(r.Stdout, "answered by TLS"); answered != (c.want != nil) {
			t.Errorf("%s: %s", c.name, r.Output())
		}
		if c.want == nil && !strings.Contains(r.Stderr, "TLS") {
			t.Errorf("%s: nothing is said of it: %s", c.name, r.Stderr)
		}
	}
}

// W13: what nothing allows is not asked for, and of an allowed domain not much.
func TestW13Tunnel(t *testing.T) {
	t.Parallel()
	const a, txt, https, null, mx = 1, 16, 65, 10, 15
	w := world(t)
	out.zone.set("known.w13.org", netip.MustParseAddr("45.140.13.13"))
	asked := func(before []string, questions ...string) (*testenv.Result, int) {
		was := len(out.zone.questions("w13"))
		r := w.Host(append(slices.Clone(before), ask(t, questions...)...)...)
		if r.Status != 0 {
			t.Errorf("exit status %d\n%s", r.Status, r.Output())
		}
		return r, len(out.zone.questions("w13")) - was
	}
	var secret []string
	for _, kind := range []int{a, txt, https, null, mx} {
		secret = append(secret, fmt.Sprintf("dns/c2VjcmV0.w13evil.org/%d", kind))
	}
	if _, n := asked(nil, secret...); n != len(secret) {
		t.Fatalf("without a jail %d questions arrive, want %d", n, len(secret))
	}
	if r, n := asked(jailed(w, []string{"*.w13.org", "*.known.org:443"}), secret...); n != 0 || strings.Count(r.Stdout, "rcode 3") != len(secret) {
		t.Errorf("%d questions arrive\n%s", n, r.Output())
	}
	if _, n := asked(jailed(w, []string{"*.w13evil.org"}), secret[:1]...); n != 2 { // both families
		t.Errorf("with the domain allowed %d questions arrive, want 2", n)
	}
	// Questions for other types of an allowed name stay inside as well.
	if r, n := asked(jailed(w, []string{"known.w13.org"}), "dns/known.w13.org/16", "dns/known.w13.org/10", "dns/known.w13.org/65"); n != 0 {
		t.Errorf("%d questions for other types arrive\n%s", n, r.Output())
	}
	var many []string
	for i := range 500 {
		many = append(many, fmt.Sprintf("dns/%04d%s.w13.org/1", i, strings.Repeat("x", 20)))
	}
	names := map[string]bool{}
	was := len(out.zone.questions(".w13.org"))
	asked(jailed(w, []string{"*.w13.org"}), many...)
	for _, q := range out.zone.questions(".w13.org")[was:] {
		name, _, _ := strings.Cut(q, " ")
		names[name] = true
	}
	if len(names) < 100 || len(names) > 300 {
		t.Errorf("%d of %d names of an allowed domain were asked for, want 300 at most", len(names), len(many))
	}
}
