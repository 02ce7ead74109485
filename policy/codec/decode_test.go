package codec

import (
	"bytes"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
)

// TestDecodeDamaged cuts a policy off, makes it longer, and changes each byte
// of it: what is accepted then is another policy, never the same.
func TestDecodeDamaged(t *testing.T) {
	p, _, _ := policy.Load(shipped(), policy.Request{Name: "curl"})
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
		p, _, list := policy.Load(shipped(), policy.Request{Name: name})
		if p == nil {
			f.Fatal(list)
		}
		f.Add(Encode(p))
	}
	f.Add([]byte{version, 0})
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
	p, _, list := policy.Load(policy.Store{Parse: yaml.Parse, Dirs: []policy.Dir{{Path: "/etc/jail/profiles", FS: os.DirFS("../../profiles")}}}, policy.Request{Name: "firefox"})
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
