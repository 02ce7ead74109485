package rules

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

// TestCanonical is rows W2, W4 and W12 of the classes of weakness: one spelling for
// each name, and none for what is read in several ways.
func TestCanonical(t *testing.T) {
	label := strings.Repeat("a", 63)
	good := []struct{ name, want string }{
		{"example.org", "example.org"},
		{"Example.ORG", "example.org"},
		{"example.org.", "example.org"},
		{"a_b.example.org", "a_b.example.org"},
		{"r3---sn-4g5e.example.org", "r3---sn-4g5e.example.org"},
		{"localhost", "localhost"},
		{"1e100.net", "1e100.net"},
		{"127.0.0.1.example.org", "127.0.0.1.example.org"},
		{"0xg.0xg", "0xg.0xg"},
		{"bücher.example", "xn--bcher-kva.example"},
		{"BÜCHER.example.", "xn--bcher-kva.example"},
		{"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
		{"straße.de", "xn--strae-oqa.de"},
		{"ｅｘａｍｐｌｅ.org", "example.org"},
		{"example。org", "example.org"},
		{"example．org", "example.org"},
		{"a\u00adb\u200b.org", "ab.org"},
		{"\u212aelvin.org", "kelvin.org"},
		{label + "." + label + "." + label + "." + label[:61], label + "." + label + "." + label + "." + label[:61]},
	}
	for _, tt := range good {
		if got, err := Canonical(tt.name); got != tt.want || err != nil {
			t.Errorf("%q is %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
	bad := []string{
		"", ".", "..", "example..org", ".example.org", "example.org..", "a b.org", " example.org", "example.org ",
		"example.org\x00", "example.org\x00.evil.org", "example.org%00", "example.org\r\n", "a\nb.org", "a\tb.org", "a\x7fb.org",
		"user@example.org", "example.org#x", "example.org?x", "example.org/x", "example.org:80", `example.org\x`, "*.example.org",
		"-a.org", "a-.org", "a\xff.org", "a\ufffd.org", "example.org。", "xn--", "xn--a", "xn--example-.org", "xn--ｘ.org", "a\u2024b.org",
		label + "a.org", label + "." + label + "." + label + "." + label[:62], strings.Repeat("ü", 600), strings.Repeat("ü", 60) + ".org",
		"[::1]", "::1", "fe80::1%eth0", "::ffff:1.2.3.4", "example.org%eth0",
		"127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "017700000001", "0x7f000001", "0X7F.1", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.01",
		"0", "00", "0x", "0.0x", "1.2.3.4.5", "256.256.256.256", "example.0x1f", "example.12", "１２７.0.0.1", "127。0。0。1", "127.0.0.１", "0ｘ7f.1", "①.1",
	}
	for _, name := range bad {
		if got, err := Canonical(name); err == nil {
			t.Errorf("%q is taken for the name %q", name, got)
		}
	}
}

func TestParseAddr(t *testing.T) {
	for text, want := range map[string]string{
		"1.2.3.4": "1.2.3.4", "::1": "::1", "2001:DB8::1": "2001:db8::1", "::ffff:10.0.0.1": "10.0.0.1", "::ffff:a00:1": "10.0.0.1",
		"1.2.3": "", "127.1": "", "0177.0.0.1": "", "1.2.3.04": "", "fe80::1%eth0": "", "::ffff:1.2.3.4%1": "", "::1%": "", "[::1]": "", "": "", "1.2.3.4\x00": "",
	} {
		addr, err := ParseAddr(text)
		if got := addr.String(); (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q is %s, %v; want %q", text, got, err, want)
		}
	}
}

// inetAton tells whether inet_aton(3) reads a text as an address: one to four numbers,
// each decimal, octal or hexadecimal, the last of which fills what is left.
func inetAton(text string) bool {
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return false
	}
	for i, part := range parts {
		most := uint64(255)
		if i == len(parts)-1 {
			most = 1<<(8*(5-len(parts))) - 1
		}
		digits, base := part, 10
		switch rest, isHex := strings.CutPrefix(strings.ToLower(part), "0x"); {
		case isHex:
			if digits, base = rest, 16; rest == "" {
				digits = "0" // as strtoul(3) and the URL Standard read it
			}
		case len(part) > 1 && part[0] == '0':
			base = 8
		}
		if n, err := strconv.ParseUint(digits, base, 64); err != nil || n > most {
			return false
		}
	}
	return true
}

// TestInetAton is the control of FuzzCanonical: its reader of addresses knows their
// odd spellings.
func TestInetAton(t *testing.T) {
	for _, text := range []string{"127.0.0.1", "127.1", "2130706433", "0177.1", "0x7f.0.0.01", "0X7f000001", "0", "0x"} {
		if !inetAton(text) {
			t.Errorf("%q is an address", text)
		}
	}
	for _, text := range []string{"", "1.2.3.4.5", "a", "256.0.0.1", "1e100.net", "08", "1..2", "4294967296"} {
		if inetAton(text) {
			t.Errorf("%q is no address", text)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, name := range []string{
		"example.org", "Bücher.example.", "xn--bcher-kva.example", "127.1", "0x7f.1", "1.2.3.4", "a_b-c.d", "１２７.1", "a。b", "xn--a", "ａ.ß", "K.org", "\u0130.org",
		"xn--strae-oqa", "faß.de", "\u05d0.org", "a\u200db.org",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		canonical, err := Canonical(name)
		if err != nil {
			return
		}
		if again, err := Canonical(canonical); again != canonical || err != nil {
			t.Errorf("%q is %q, which is %q, %v", name, canonical, again, err)
		}
		if inetAton(canonical) {
			t.Errorf("%q is %q, an address for C programs", name, canonical)
		}
		if _, err := netip.ParseAddr(canonical); err == nil {
			t.Errorf("%q is %q, an address", name, canonical)
		}
		if len(canonical) > 253 || strings.Trim(canonical, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			t.Errorf("%q is %q", name, canonical)
		}
		for label := range strings.SplitSeq(canonical, ".") {
			if label == "" || len(label) > 63 {
				t.Errorf("%q is %q", name, canonical)
			}
		}
	})
}
