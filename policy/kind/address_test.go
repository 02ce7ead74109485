package kind

import (
	"net/netip"
	"strconv"
	"testing"
)

func addresses() []string {
	return []string{
		"10.0.0.1", "0.0.0.0", "255.255.255.255", "256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4.", ".1.2.3.4", "1..2.3", "1.2.3.+4",
		"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "1:2:3:4:5:6:7", "1::2::3", ":::", ":",
		"1:", ":1", "1:2:", "fe80::1%eth0", "2001:DB8::a", "00001::", "12345::", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4",
		"::1.2.3.4", "1.2.3.4::", "::1.2.3", "1::1.2.3.4:5", "1:2:3:4:5:6:7:8:9", "+1::", "0x1::", "1_0::", "", " ::1", "::1 ", "g::", "::g",
	}
}

// FuzzAddress compares what is an address, and what is a network, with what
// the standard library says.
func FuzzAddress(f *testing.F) {
	for _, a := range addresses() {
		for _, length := range []int{0, 1, 7, 8, 24, 31, 32, 33, 64, 127, 128, 129} {
			f.Add(a, strconv.Itoa(length))
		}
		f.Add(a, "08")
		f.Add(a, "")
		f.Add(a, "+8")
	}
	f.Fuzz(func(t *testing.T, text, length string) {
		want, err := netip.ParseAddr(text)
		isAddress := err == nil && want.Zone() == ""
		got, ok := parseAddress(text)
		if ok != isAddress {
			t.Fatalf("%q is an address: %v, want %v", text, ok, isAddress)
		}
		if ok && netipOf(got) != want {
			t.Errorf("%q is %v, want %v", text, netipOf(got), want)
		}
		text += "/" + length
		prefix, err := netip.ParsePrefix(text)
		given, masked, bits, ok := parseNetwork(text)
		if ok != (err == nil) {
			t.Fatalf("%q is a network: %v, want %v", text, ok, err)
		}
		if !ok {
			return
		}
		if netipOf(given) != prefix.Addr() || netipOf(masked) != prefix.Masked().Addr() || bits != prefix.Bits() {
			t.Errorf("%q is %v, %v, %d, want %v, %v", text, given, masked, bits, prefix, prefix.Masked())
		}
		if back, err := netip.ParseAddr(masked.String()); err != nil || back != netipOf(masked) {
			t.Errorf("%v is printed as %s", netipOf(masked), masked)
		}
	})
}

func netipOf(a address) netip.Addr {
	if a.bits == 32 {
		return netip.AddrFrom4([4]byte(a.bytes[:4]))
	}
	return netip.AddrFrom16(a.bytes)
}
