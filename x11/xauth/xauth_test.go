package xauth

import (
	"encoding/binary"
	"errors"
	"testing"
)

func entry(family uint16, fields ...string) []byte {
	b := binary.BigEndian.AppendUint16(nil, family)
	for _, s := range fields {
		b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
		b = append(b, s...)
	}
	return b
}

func TestCookie(t *testing.T) {
	join := func(entries ...[]byte) (b []byte) {
		for _, e := range entries {
			b = append(b, e...)
		}
		return b
	}
	here := entry(FamilyLocal, "box", "0", MagicCookie, "here")
	for _, test := range []struct {
		name, display string
		file          []byte
		want          string
	}{
		{"this host", "0", here, "here"},
		{"another display", "1", here, ""},
		{"another host", "0", entry(FamilyLocal, "other", "0", MagicCookie, "x"), ""},
		{"a host by its name's beginning", "0", entry(FamilyLocal, "bo", "0", MagicCookie, "x"), ""},
		{"any host", "0", entry(FamilyWild, "", "0", MagicCookie, "wild"), "wild"},
		{"any display", "7", entry(FamilyLocal, "box", "", MagicCookie, "any"), "any"},
		{"the first counts", "0", join(entry(FamilyWild, "", "", MagicCookie, "first"), here), "first"},
		{"another protocol before", "0", join(entry(FamilyLocal, "box", "0", "XDM-AUTHORIZATION-1", "no"), here), "here"},
		{"an address of the network", "0", entry(FamilyInternet, "box", "0", MagicCookie, "x"), ""},
		{"an empty cookie", "0", entry(FamilyLocal, "box", "0", MagicCookie, ""), ""},
		{"an empty file", "0", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Cookie(test.file, "box", test.display)
			if string(got) != test.want {
				t.Errorf("got %q, %v", got, err)
			}
			if test.want == "" && !errors.Is(err, ErrNone) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	whole := entry(FamilyLocal, "box", "0", MagicCookie, "0123456789abcdef")
	for n := 1; n < len(whole); n++ {
		if _, err := Cookie(whole[:n], "box", "0"); !errors.Is(err, ErrMalformed) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
		// What is cut off makes what is before it no better.
		if _, err := Cookie(append(entry(FamilyWild, "", "", MagicCookie, "x"), whole[:n]...), "box", "0"); !errors.Is(err, ErrMalformed) {
			t.Errorf("an entry and %d bytes: %v", n, err)
		}
	}
	if _, err := Cookie(whole, "box", "0"); err != nil {
		t.Errorf("the control fails: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(entry(FamilyLocal, "box", "0", MagicCookie, "0123456789abcdef"))
	f.Add(entry(FamilyWild, "", "", "", ""))
	f.Add([]byte{1, 0, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, file []byte) {
		entries, err := Parse(file)
		if err != nil {
			return
		}
		n := 0
		for _, e := range entries {
			n += 10 + len(e.Address) + len(e.Display) + len(e.Name) + len(e.Data)
		}
		if n != len(file) {
			t.Errorf("%d of %d bytes are in entries", n, len(file))
		}
	})
}
