package network

import (
	"reflect"
	"testing"
)

func setting() *Setting {
	return &Setting{
		Allow: []Rule{{"example.org:443", "a.yaml:3:4", 0}, {"*", "hosts.txt:1:1", 2}}, Deny: []Rule{{"10.0.0.0/8", "a.yaml:9:2", 0}},
		Files:    []File{{Shown: "a.txt", Deny: true}, {Shown: "hosts.txt", Open: true}},
		Resolver: "nameserver 192.0.2.1\n", Switch: "hosts: files dns\n", Hosts: "192.0.2.7 example.org\n",
		Services: map[string]uint16{"https": 443, "ssh": 22}, Log: true,
	}
}

func TestSetting(t *testing.T) {
	for _, want := range []*Setting{setting(), {Services: map[string]uint16{}}} {
		got, ok := DecodeSetting(want.Encode())
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("decoded as %+v, %v, want %+v", got, ok, want)
		}
	}
	whole := setting().Encode()
	for n := range whole {
		if _, ok := DecodeSetting(whole[:n]); ok {
			t.Errorf("the first %d bytes of %d are a setting", n, len(whole))
		}
	}
}

// FuzzDecodeSetting: what is decoded is encoded to something with the same meaning.
func FuzzDecodeSetting(f *testing.F) {
	f.Add(setting().Encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, ok := DecodeSetting(data)
		if !ok {
			return
		}
		if again, ok := DecodeSetting(s.Encode()); !ok || !reflect.DeepEqual(again, s) {
			t.Errorf("%+v is decoded as %+v", s, again)
		}
	})
}
