package seccomp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// randomFilter makes a filter that need not have a meaning.
func randomFilter(r *rand.Rand) Filter {
	number := func() uint64 { return r.Uint64() >> r.IntN(64) }
	list := func() []Rule {
		var rules []Rule
		for range r.IntN(4) {
			rule := Rule{Name: syscallTable[r.IntN(len(syscallTable))].name, Action: Action(r.IntN(4)), Errno: int(number())}
			if r.IntN(4) == 0 {
				rule.Name = strings.Repeat("@", r.IntN(300))
			}
			for range r.IntN(3) {
				rule.When = append(rule.When, Cond{
					Arg: uint(r.IntN(6)), Op: [...]string{"==", "", "&"}[r.IntN(3)], Mask: number(), Value: number(), Width: int(number()),
				})
			}
			rules = append(rules, rule)
		}
		return rules
	}
	f := Filter{Default: Action(r.IntN(4)), Allow: list(), Deny: list()}
	for a := range abiCount {
		if a.runs() && r.IntN(2) == 0 {
			f.Arches = append(f.Arches, a.String())
		}
	}
	return f
}

// TestEncodingsDiffer: one text for two filters would give one the other's
// program.
func TestEncodingsDiffer(t *testing.T) {
	seen := map[string]string{}
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 7))
		f := randomFilter(r)
		filter, text := fmt.Sprintf("%+v", f), string(EncodeFilter(f))
		if other, twice := seen[text]; twice && other != filter {
			t.Errorf("two filters have one text:\n%s\n%s", other, filter)
		}
		seen[text] = filter
	}
	f := small()
	own := slices.Clone(f.Arches)
	f.Arches = []string{nativeABI.String()}
	if !bytes.Equal(EncodeFilter(f), EncodeFilter(small())) {
		t.Errorf("%q is another filter than %q", f.Arches, own)
	}
}
