package policy

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

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

func (f *filler) policy() *Policy {
	p := new(Policy)
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
			if words := f.words(field); words != nil && v.Field(i).Type() == reflect.TypeFor[Value[string]]() {
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
	case v.Type() == reflect.TypeFor[Access]():
		n = int64(f.below(int(Overlay) + 1))
	case v.Type() == reflect.TypeFor[Create]():
		n = int64(f.below(int(CreateFile) + 1))
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
	case "Home", "Absent", "Arguments":
		return Schema().sub("filesystem").sub(strings.ToLower(name)).Enum
	case "X11":
		return Schema().sub("display").sub("x11").Enum
	case "Use":
		return Schema().sub("landlock").sub("use").Enum
	case "Groups":
		return Schema().sub("identity").sub("groups").Enum
	case "Audio":
		return Schema().sub("audio").Enum
	case "Expect":
		return Schema().sub("tests").Elem.sub("expect").Enum
	case "Op":
		return Schema().sub("syscalls").sub("allow").Elem.sub("when").Elem.sub("op").Enum
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
	modes := Schema().sub("network").sub("mode").Enum
	for seed := range uint64(500) {
		f := filler{t: t, r: rand.New(rand.NewPCG(seed, 3))}
		p := f.policy()
		p.Network.Mode.V = modes[seed%uint64(len(modes))]
		roundTrip(t, p)
	}
}

// roundTrip encodes and decodes a policy, which must not change it.
func roundTrip(t *testing.T, p *Policy) []byte {
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

func shipped() Store {
	return Store{Parse: yaml.Parse, Dirs: []Dir{{FS: profiles.FS, Embedded: true}}}
}

func TestCodecShipped(t *testing.T) {
	names, err := fs.Glob(profiles.FS, "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal("no profiles", err)
	}
	for _, name := range names {
		p, sources, list := Load(shipped(), Request{Name: strings.TrimSuffix(name, ".yaml")})
		if p == nil {
			t.Fatal(rendered(t, list, sources))
		}
		roundTrip(t, p)
	}
}

func TestCodecFlags(t *testing.T) {
	p, sources, list := loadFlags("network.mode=none filesystem.read=/a filesystem.tmpfs=/t environment.set.A=b limits.time=1h syscalls.deny=ptrace")
	if p == nil {
		t.Fatal(rendered(t, list, sources))
	}
	roundTrip(t, p)
}

func TestEncodeRefusesWords(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Policy)
	}{
		{"audio", func(p *Policy) { p.Audio.V = "loud" }},
		{"network", func(p *Policy) { p.Network.Mode.V = "" }},
		{"layer", func(p *Policy) { p.Audio.Layer = 2 }},
		{"no layer", func(p *Policy) { p.Audio.Layer = -2 }},
		{"access", func(p *Policy) { p.Filesystem.Rules[0].Access = 6 }},
		{"action", func(p *Policy) { p.Syscalls.Default.V = 4 }},
		{"mode", func(p *Policy) { p.Filesystem.Rules[0].Mode = 0o10000 }},
		{"argument", func(p *Policy) { p.Syscalls.Allow[0].Rule.When[0].Arg = 6 }},
		{"width", func(p *Policy) { p.Syscalls.Allow[0].Rule.When[0].Width = 16 }},
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

// TestDecodeDamaged cuts a policy off, makes it longer, and changes each byte
// of it: what is accepted then is another policy, never the same.
func TestDecodeDamaged(t *testing.T) {
	p, _, _ := Load(shipped(), Request{Name: "curl"})
	data := roundTrip(t, p)
	for n := range data {
		if _, err := Decode(data[:n]); err == nil {
			t.Fatalf("cut off after %d bytes it is accepted", n)
		}
	}
	if _, err := Decode(append(slices.Clone(data), 0)); err == nil {
		t.Error("a byte more is accepted")
	}
	if _, err := Decode(make([]byte, maxEncoded+1)); err == nil {
		t.Error("a large one is accepted")
	}
	for i := range data {
		for _, flip := range []byte{1, 0x80, 0xff} {
			other := slices.Clone(data)
			other[i] ^= flip
			if q, err := Decode(other); err == nil {
				if reflect.DeepEqual(p, q) || !bytes.Equal(Encode(q), other) {
					t.Fatalf("byte %d changed by %#x is read as something else", i, flip)
				}
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"curl", "firefox", "default"} {
		p, _, list := Load(shipped(), Request{Name: name})
		if p == nil {
			f.Fatal(list)
		}
		f.Add(Encode(p))
	}
	f.Add([]byte{codecVersion, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Decode(data)
		if (p == nil) == (err == nil) {
			t.Fatal(p, err)
		}
		if err == nil && !bytes.Equal(Encode(p), data) {
			t.Errorf("%x is decoded, and encoded as %x", data, Encode(p))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	p, _, list := Load(Store{Parse: yaml.Parse, Dirs: []Dir{{Path: "/etc/jail/profiles", FS: os.DirFS("../profiles")}}}, Request{Name: "firefox"})
	if p == nil {
		b.Fatal(list)
	}
	data := Encode(p)
	b.ReportMetric(float64(len(data)), "bytes")
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decode(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Encode(p)
		}
	})
}
