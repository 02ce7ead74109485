package policy

import (
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/yaml"
)

// generator makes random valid profiles over a small vocabulary, so that
// layers often speak about the same things.
type generator struct {
	r *rand.Rand
	b strings.Builder
}

func randomProfile(r *rand.Rand) string {
	g := generator{r: r}
	g.exclusive("filesystem", []string{"read", "write", "hide", "tmpfs", "overlay"},
		[]string{"/a", "/a/b", "~/x", "/usr", "${CWD}/y", "/long name", `/q\"`}, g.pathEntry)
	g.exclusive("capabilities", []string{"drop", "keep"}, []string{"all", "chown", "kill", "net_raw"}, nil)
	g.exclusive("syscalls", []string{"allow", "deny"}, []string{
		"ptrace", "@default", "@debug", "@system-service", "socket", "personality",
		"{name: socket, when: [{arg: 0, value: AF_UNIX}]}",
		`{name: socket, when: [{arg: 0, op: "&", value: 1, mask: 3}]}`,
	}, nil)
	g.exclusive("network", []string{"allow", "deny"}, []string{"a.org", "*.b.org:443", "10.0.0.0/8", "@local:22", "{host: c.org}"}, nil)
	g.exclusive("dbus: {session: {talk: [org.x]}, system", []string{"talk", "own", "see"}, []string{"org.a", "org.b.*"}, nil)
	g.scalar("namespaces", "pid", "true", "false")
	g.scalar("identity", "user", "keep", "root", "12")
	g.scalar("limits", "memory", "1G", "77", "3K")
	g.scalar("environment", "set", "{A: x}", "{B: 'y z', A: '0'}", "!replace {C: \"\\x01\\u00e9\"}", "{}")
	g.scalar("display", "x11", "none", "host")
	if g.r.Intn(2) == 0 {
		fmt.Fprintf(&g.b, "audio: %s\n", []string{"pulse", "none"}[g.r.Intn(2)])
	}
	return g.b.String()
}

func (g *generator) scalar(section, key string, values ...string) {
	if g.r.Intn(2) == 0 {
		fmt.Fprintf(&g.b, "%s: {%s: %s}\n", section, key, values[g.r.Intn(len(values))])
	}
}

// exclusive writes lists that share a vocabulary, each word at most once.
func (g *generator) exclusive(section string, lists, words []string, entry func(list, word string) string) {
	chosen := make([][]string, len(lists))
	for _, w := range words {
		if i := g.r.Intn(2 * len(lists)); i < len(lists) {
			if w[0] != '{' && w[0] != '"' {
				w = `"` + w + `"`
			}
			if entry != nil {
				w = entry(lists[i], w)
			}
			chosen[i] = append(chosen[i], w)
		}
	}
	var parts []string
	for i, list := range lists {
		g.r.Shuffle(len(chosen[i]), func(a, b int) { chosen[i][a], chosen[i][b] = chosen[i][b], chosen[i][a] })
		tag := ""
		if g.r.Intn(5) == 0 {
			tag = "!replace "
		}
		if len(chosen[i]) > 0 || g.r.Intn(4) == 0 {
			parts = append(parts, list+": "+tag+"["+strings.Join(chosen[i], ", ")+"]")
		}
	}
	tail := ""
	if strings.Contains(section, "{") {
		tail = "}"
	}
	fmt.Fprintf(&g.b, "%s: {%s}%s\n", section, strings.Join(parts, ", "), tail)
}

func (g *generator) pathEntry(list, word string) string {
	extra := map[string][]string{
		"read": {"required: true"}, "write": {"create: directory", "create: file"},
		"tmpfs": {"size: 1M", "mode: \"1777\"", "inodes: 5"}, "overlay": {"keep: ~/k", "changes: discard"},
	}[list]
	if extra == nil || g.r.Intn(2) == 0 {
		return word
	}
	return "{path: " + word + ", " + extra[g.r.Intn(len(extra))] + "}"
}

// parsed checks a profile and returns its document as layer n.
func parsed(t *testing.T, text string, n int) *document {
	t.Helper()
	root, list := yaml.Parse(fmt.Sprintf("%d.yaml", n), []byte(text))
	var c checker
	c.document(root)
	if list = append(list, c.list...); len(list) > 0 {
		t.Fatalf("%v in\n%s", list, text)
	}
	c.doc.setLayer(n)
	return c.doc
}

// copyOf is an independent copy, since a merge changes its left side.
func copyOf(d *document) *document {
	out := &document{leaves: slices.Clone(d.leaves)}
	for i := range out.leaves {
		out.leaves[i].items = slices.Clone(d.leaves[i].items)
		out.leaves[i].index = nil
	}
	return out
}

func merge(a, b *document) *document {
	out := copyOf(a)
	out.add(b)
	return out
}

// said is all that a document says, in a form that can be compared.
func said(d *document) [][]item {
	out := make([][]item, len(d.leaves))
	for i := range d.leaves {
		l := &d.leaves[i]
		out[i] = []item{{key: fmt.Sprint(l.given, l.replace)}}
		for it := range l.live {
			one := *it
			if len(one.over) == 0 {
				one.over = nil
			}
			out[i] = append(out[i], one)
		}
	}
	return out
}

// meaning is a policy without the places that decided it.
func meaning(p *Policy) *Policy {
	out := *p
	out.Layers = nil
	wipe(reflect.ValueOf(&out).Elem())
	return &out
}

// wipe clears every Origin and Set in v, copying slices on the way, and
// makes empty slices nil.
func wipe(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		if v.Len() == 0 {
			v.SetZero()
			return
		}
		fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(fresh, v)
		for i := range fresh.Len() {
			wipe(fresh.Index(i))
		}
		v.Set(fresh)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Origin]() {
			v.SetZero()
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Name == "Set" && v.Field(i).Kind() == reflect.Bool {
				v.Field(i).SetBool(false)
				continue
			}
			wipe(v.Field(i))
		}
	}
}

func TestMergeLaws(t *testing.T) {
	for seed := range int64(400) {
		r := rand.New(rand.NewSource(seed))
		texts := []string{randomProfile(r), randomProfile(r), randomProfile(r)}
		a, b, c := parsed(t, texts[0], 0), parsed(t, texts[1], 1), parsed(t, texts[2], 2)
		left, right := merge(merge(a, b), c), merge(a, merge(b, c))
		if !reflect.DeepEqual(said(left), said(right)) {
			t.Fatalf("seed %d: not associative for\n%s", seed, strings.Join(texts, "---\n"))
		}
		if !reflect.DeepEqual(build(left, nil), build(right, nil)) {
			t.Fatalf("seed %d: policies differ for\n%s", seed, strings.Join(texts, "---\n"))
		}
		empty := newDocument()
		if !reflect.DeepEqual(said(merge(empty, a)), said(a)) || !reflect.DeepEqual(said(merge(a, empty)), said(a)) {
			t.Fatalf("seed %d: the empty profile is no identity for\n%s", seed, texts[0])
		}
		again := parsed(t, texts[0], 1)
		if once, twice := build(copyOf(a), nil), build(merge(a, again), nil); !reflect.DeepEqual(meaning(once), meaning(twice)) {
			t.Fatalf("seed %d: not idempotent for\n%s\n%+v\n%+v", seed, texts[0], meaning(once), meaning(twice))
		}
	}
}

func loadLayers(texts []string) (*Policy, *diag.Sources, diag.List) {
	return loadText("extends: [a, b]\n"+texts[2], map[string]string{"a.yaml": texts[0], "b.yaml": texts[1]})
}

func TestShowRoundTrip(t *testing.T) {
	for seed := range int64(400) {
		r := rand.New(rand.NewSource(1000 + seed))
		texts := []string{randomProfile(r), randomProfile(r), randomProfile(r)}
		p, sources, list := loadLayers(texts)
		if p == nil {
			t.Fatal(rendered(t, list, sources))
		}
		shown := Show(p)
		q, sources, list := loadText(shown, nil)
		if q == nil {
			t.Fatalf("seed %d: %s\n%s", seed, rendered(t, list, sources), shown)
		}
		// The order of entries across the lists of filesystem is that of
		// the layers, and one document has one layer.
		sortRules := func(p *Policy) {
			slices.SortStableFunc(p.Filesystem.Rules, func(a, b PathRule) int { return strings.Compare(a.Path, b.Path) })
		}
		sortRules(p)
		sortRules(q)
		if x, y := meaning(p), meaning(q); !reflect.DeepEqual(x, y) {
			t.Fatalf("seed %d: printed\n%s\nand read back as another policy:\n%+v\n%+v", seed, shown, x, y)
		}
		p, _, _ = loadLayers(texts)
		if Show(p) != shown {
			t.Fatalf("seed %d: two loads print differently", seed)
		}
	}
}

// TestProvenance checks that every path rule points at the text it was made
// from, and that each path that a layer names is either a rule or overridden.
func TestProvenance(t *testing.T) {
	for seed := range int64(100) {
		r := rand.New(rand.NewSource(2000 + seed))
		texts := []string{randomProfile(r), randomProfile(r), randomProfile(r)}
		p, sources, _ := loadLayers(texts)
		for _, rule := range p.Filesystem.Rules {
			for _, at := range append([]diag.Range{rule.At}, rule.Over...) {
				line, ok := sources.Line(at.File, at.Start.Line)
				if !ok || line[at.Start.Column-1:at.End.Column-1] != quoteText(rule.Path) {
					t.Fatalf("%q does not stand at %v", rule.Path, at)
				}
			}
			for i, over := range rule.Over {
				if over.File == rule.At.File || i > 0 && over.File == rule.Over[i-1].File {
					t.Fatalf("%q overrides its own layer: %v", rule.Path, rule.Over)
				}
			}
			if p.Layers[rule.Layer].File != rule.At.File {
				t.Fatalf("%q says it is of layer %d", rule.Path, rule.Layer)
			}
		}
	}
}
