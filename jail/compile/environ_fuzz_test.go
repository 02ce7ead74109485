package compile

import (
	"slices"
	"strings"
	"testing"
)

// FuzzEnvironment: whatever the caller's environment holds, only what is kept
// by name comes of it, each variable once and as it was, and what is set wins.
func FuzzEnvironment(f *testing.F) {
	f.Add("LANG=C\x00LANGCHAIN_API_KEY=x\x00=odd\x00LANG=D\x00NOVALUE", "LANG", "LC_*", "X", "A=b")
	f.Add("LC_ALL=\xff\x00LC_=\n\x00A=1", "", "LC_*", "LC_", "LC_ALL=C")
	f.Fuzz(func(t *testing.T, callers, exact, pattern, drop, set string) {
		if name, _, ok := strings.Cut(set, "="); !ok || name == "" {
			set = "A=b"
		}
		keeps := func(pattern, name string) bool {
			prefix, star := strings.CutSuffix(pattern, "*")
			return name == pattern || star && strings.HasPrefix(name, prefix)
		}
		in := strings.Split(callers, "\x00")
		got := environmentOf(in, &environmentRules{[]string{exact, pattern}, []string{drop}, []string{set}})
		seen := map[string]bool{}
		for _, e := range got {
			name, _, ok := strings.Cut(e, "=")
			switch {
			case e == set && !seen[name]:
			case !ok || name == "" || seen[name] || !slices.Contains(in, e):
				t.Errorf("%q from %q", e, in)
			case name == drop:
				t.Errorf("%q is not dropped", e)
			case !keeps(exact, name) && !keeps(pattern, name):
				t.Errorf("%q is kept by neither %q nor %q", e, exact, pattern)
			}
			seen[name] = true
		}
		if !slices.Contains(got, set) {
			t.Errorf("%q is not set in %q", set, got)
		}
	})
}
