package seccomp

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
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

func TestFiltersSurviveEncoding(t *testing.T) {
	for seed := range uint64(2000) {
		f := randomFilter(rand.New(rand.NewPCG(seed, 3)))
		got, err := DecodeFilter(EncodeFilter(f))
		if err != nil || !reflect.DeepEqual(got, f) {
			t.Fatalf("seed %d: %v\n%+v\n%+v", seed, err, f, got)
		}
	}
	got, err := DecodeFilter(EncodeFilter(small()))
	if err != nil || !slices.Equal(got.Arches, []string{nativeABI.String()}) {
		t.Errorf("native comes back as %q (%v)", got.Arches, err)
	}
}

func TestDecodeFilterRefuses(t *testing.T) {
	good := EncodeFilter(Filter{Allow: []Rule{{Name: "read", When: []Cond{{Op: "=="}}}}, Arches: []string{"native"}})
	at := len(heading) // of the first version, one byte each
	with := func(i int, replacement ...byte) []byte { return slices.Concat(good[:i], replacement, good[i+1:]) }
	tests := []struct {
		name string
		text []byte
		want string
	}{
		{"nothing", nil, "no encoded filter"},
		{"another text", []byte("jail mountain"), "no encoded filter"},
		{"another compiler", with(at, compilerVersion+1), "another release"},
		{"another vocabulary", with(at+1, vocabularyVersion+1), "another release"},
		{"another processor", with(at+2, byte(abiCount)), "another release"},
		{"a long spelling of a number", with(at+3, 0x80, 0), "one form"},
		{"a number beyond 64 bits", with(at+3, bytes.Repeat([]byte{0xff}, 11)...), "cut off"},
		{"an ABI that does not exist", with(at+5, byte(abiCount)), "one form"},
		{"an ABI twice", with(at+4, 2, good[at+5]), "one form"},
		{"a byte too many", append(slices.Clone(good), 0), "one form"},
		{"a list that is not there", with(at+6, binary.AppendUvarint(nil, 1<<62)...), "cut off"},
		{"a name that is not there", with(at+7, 0xff, 0xff, 3), "cut off"},
		{"too long", append(slices.Clone(good), make([]byte, MaxFilter)...), "more than"},
	}
	for i := range len(good) {
		want := "cut off"
		if i < len(heading) {
			want = "no encoded filter"
		}
		tests = append(tests, struct {
			name string
			text []byte
			want string
		}{"the beginning", good[:i], want})
	}
	for _, tt := range tests {
		if f, err := DecodeFilter(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s (%q): %+v, %v, want %q", tt.name, tt.text, f, err, tt.want)
		}
	}
}

func FuzzDecodeFilter(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte(heading))
	f.Add(EncodeFilter(small()))
	f.Add(EncodeFilter(ordinary(Rule{Name: "@sandbox", Action: Log, When: []Cond{{Arg: 5, Op: "&", Mask: 1 << 63}}})))
	f.Add(EncodeFilter(randomFilter(rand.New(rand.NewPCG(1, 3)))))
	f.Fuzz(func(t *testing.T, text []byte) {
		filter, err := DecodeFilter(text)
		if err != nil {
			return
		}
		if !bytes.Equal(EncodeFilter(filter), text) {
			t.Errorf("%q is another spelling of %+v", text, filter)
		}
		if _, err := Tables(filter); (err == nil) != (Check(filter) == nil) {
			t.Errorf("%+v: %v", filter, err)
		}
	})
}
