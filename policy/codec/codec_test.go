package codec

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/profiles"
	"github.com/jail-project/jail/seccomp"
)

// filler makes policies of all values that the codec takes. With all set no
// field is zero, no list empty.
type filler struct {
	t      *testing.T
	r      *rand.Rand
	all    bool
	layers int
}

func (f *filler) policy() *policy.Policy {
	p := new(policy.Policy)
	f.fill(reflect.ValueOf(p).Elem(), "Policy")
	return p
}

// fill sets v, which is the field of that name.
func (f *filler) fill(v reflect.Value, name string) {
	if words := f.words(name); words != nil && v.Kind() == reflect.String {
		v.SetString(words[f.below(len(words))])
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i).Name
			if words := f.words(field); words != nil && v.Field(i).Type() == reflect.TypeFor[policy.Value[string]]() {
				f.fill(v.Field(i), field)
				f.fill(v.Field(i).Field(0), field)
				continue
			}
			f.fill(v.Field(i), field)
			if field == "Layers" {
				f.layers = v.Field(i).Len()
			}
		}
	case reflect.Slice:
		n := f.r.IntN(4) - 1
		if f.all {
			n = 2
		}
		if n < 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i), name+"[]")
		}
	case reflect.String:
		texts := []string{"a", "", "/usr/share/x", "näme", "\x00\xff", strings.Repeat("x", 300)}
		v.SetString(texts[len(texts)-1-f.below(len(texts))])
	case reflect.Bool:
		v.SetBool(f.below(2) == 1)
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint32, reflect.Uint64:
		f.number(v, name)
	default:
		f.t.Fatalf("%s is a %s: teach the codec and this test about it", name, v.Type())
	}
}

// below is a number below n: the last with all set.
func (f *filler) below(n int) int {
	if f.all {
		return n - 1
	}
	return f.r.IntN(n)
}

func (f *filler) number(v reflect.Value, name string) {
	var n int64
	switch {
	case name == "Layer":
		n = int64(f.below(f.layers+1)) - 1
	case name == "Width":
		n = int64(32 * (1 + f.below(2)))
	case name == "Mode":
		n = int64(f.below(0o10000))
	case name == "Arg":
		n = int64(f.below(6))
	case v.Type() == reflect.TypeFor[policy.Access]():
		n = int64(f.below(int(policy.Overlay) + 1))
	case v.Type() == reflect.TypeFor[policy.Create]():
		n = int64(f.below(int(policy.CreateFile) + 1))
	case v.Type() == reflect.TypeFor[seccomp.Action]():
		n = int64(f.below(int(seccomp.Log) + 1))
	case f.all:
		n = 7 + f.r.Int64N(1000)
	default:
		n = int64(f.r.Uint64()) >> f.r.IntN(64)
	}
	if v.CanUint() {
		v.SetUint(uint64(n))
	} else {
		v.SetInt(n)
	}
}

// words are the values of a field that takes words, from the table of keys
// where it stands there.
func (f *filler) words(name string) []string {
	switch name {
	case "Automatic", "Tools":
		return policy.Schema().Sub("filesystem").Sub("startup").Sub(strings.ToLower(name)).Enum
	case "Home", "Arguments":
		return policy.Schema().Sub("filesystem").Sub(strings.ToLower(name)).Enum
	case "X11", "Wayland":
		return policy.Schema().Sub("display").Sub(strings.ToLower(name)).Enum
	case "In", "Out":
		return policy.Schema().Sub("display").Sub("clipboard").Sub(strings.ToLower(name)).Enum
	case "Use":
		return policy.Schema().Sub("landlock").Sub("use").Enum
	case "Groups":
		return policy.Schema().Sub("identity").Sub("groups").Enum
	case "Audio":
		return policy.Schema().Sub("audio").Enum
	case "Expect":
		return policy.Schema().Sub("tests").Elem.Sub("expect").Enum
	case "Op":
		return policy.Schema().Sub("syscalls").Sub("allow").Elem.Sub("when").Elem.Sub("op").Enum
	case "Probe":
		return []string{"read", "write", "connect", "run"}
	case "Reason":
		return []string{"profile", "extends", "drop-in", "flags"}
	}
	return nil
}

// TestCodecForgetsNoField fails when a field of Policy is not encoded: it
// would come back as zero.
func TestCodecForgetsNoField(t *testing.T) {
	f := filler{t: t, r: rand.New(rand.NewPCG(1, 2)), all: true}
	p := f.policy()
	p.Network.Mode.V = "namespace"
	noZero(t, reflect.ValueOf(p).Elem(), "Policy")
	got, err := Decode(Encode(p))
	if err != nil {
		t.Fatal(err)
	}
	noZero(t, reflect.ValueOf(got).Elem(), "Policy")
	if !reflect.DeepEqual(got, p) {
		t.Errorf("got %+v\nwant %+v", got, p)
	}
}

func noZero(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch {
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			noZero(t, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case v.Kind() == reflect.Slice:
		if v.Len() == 0 {
			t.Errorf("%s is empty", path)
		}
		for i := range v.Len() {
			noZero(t, v.Index(i), path+"[]")
		}
	case v.IsZero():
		t.Errorf("%s is zero", path)
	}
}

func TestCodecRandom(t *testing.T) {
	modes := policy.Schema().Sub("network").Sub("mode").Enum
	for seed := range uint64(500) {
		f := filler{t: t, r: rand.New(rand.NewPCG(seed, 3))}
		p := f.policy()
		p.Network.Mode.V = modes[seed%uint64(len(modes))]
		roundTrip(t, p)
	}
}

// roundTrip encodes and decodes a policy, which must not change it.
func roundTrip(t *testing.T, p *policy.Policy) []byte {
	t.Helper()
	data := Encode(p)
	got, err := Decode(data)
	if err != nil {
		t.Fatalf("%v: %+v", err, p)
	}
	if !reflect.DeepEqual(got, p) {
		t.Fatalf("got %+v\nwant %+v", got, p)
	}
	if !bytes.Equal(Encode(got), data) {
		t.Fatal("encoded again, it differs")
	}
	return data
}

func shipped() policy.Store {
	return policy.Store{Parse: yaml.Parse, Dirs: []policy.Dir{{FS: profiles.FS, Embedded: true}}}
}

func TestCodecShipped(t *testing.T) {
	names, err := fs.Glob(profiles.FS, "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal("no profiles", err)
	}
	for _, name := range names {
		p, _, list := policy.Load(shipped(), policy.Request{Name: strings.TrimSuffix(name, ".yaml")})
		if p == nil {
			t.Fatal(list)
		}
		roundTrip(t, p)
	}
}

func TestCodecFlags(t *testing.T) {
	var flags []policy.Setting
	for _, flag := range [][]string{
		{"/a", "filesystem", "read"},
		{"/t", "filesystem", "tmpfs"},
		{"none", "network", "mode"},
		{"b", "environment", "set", "A"},
		{"1h", "limits", "time"},
		{"ptrace", "syscalls", "deny"},
	} {
		at := diag.Range{File: policy.CommandLine, Start: diag.Pos{Line: 1, Column: 1 + len(flags)}, End: diag.Pos{Line: 1, Column: 2 + len(flags)}}
		flags = append(flags, policy.Setting{Text: flag[0], Path: flag[1:], At: at})
	}
	p, _, list := policy.Load(shipped(), policy.Request{Name: "curl", CommandLine: "abcdef", Flags: flags})
	if p == nil {
		t.Fatal(list)
	}
	roundTrip(t, p)
}

func TestEncodeRefusesWords(t *testing.T) {
	tests := []struct {
		name   string
		change func(*policy.Policy)
	}{
		{"audio", func(p *policy.Policy) { p.Audio.V = "loud" }},
		{"network", func(p *policy.Policy) { p.Network.Mode.V = "" }},
		{"layer", func(p *policy.Policy) { p.Audio.Layer = 2 }},
		{"no layer", func(p *policy.Policy) { p.Audio.Layer = -2 }},
		{"access", func(p *policy.Policy) { p.Filesystem.Rules[0].Access = 6 }},
		{"action", func(p *policy.Policy) { p.Syscalls.Default.V = 4 }},
		{"mode", func(p *policy.Policy) { p.Filesystem.Rules[0].Mode = 0o10000 }},
		{"argument", func(p *policy.Policy) { p.Syscalls.Allow[0].Rule.When[0].Arg = 6 }},
		{"width", func(p *policy.Policy) { p.Syscalls.Allow[0].Rule.When[0].Width = 16 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := filler{t: t, r: rand.New(rand.NewPCG(1, 2)), all: true}
			p := f.policy()
			p.Network.Mode.V = "none"
			if _, err := Decode(Encode(p)); err != nil {
				t.Fatal(err)
			}
			tt.change(p)
			if q, err := Decode(Encode(p)); err == nil || q != nil {
				t.Errorf("decoded: %+v", q)
			}
		})
	}
}
