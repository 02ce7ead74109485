package kind

import (
	"strings"
	"testing"
)

func TestParseHost(t *testing.T) {
	for text, want := range map[string]Host{
		"Example.org":            {Name: "example.org"},
		"example.org:443":        {Name: "example.org", First: 443, Last: 443},
		"example.org:8000-8999":  {Name: "example.org", First: 8000, Last: 8999},
		"example.org:https":      {Name: "example.org", Service: "https"},
		"example.org:http-alt":   {Name: "example.org", Service: "http-alt"},
		"example.org:9p":         {Name: "example.org", Service: "9p"},
		"*.Example.org:1-65535":  {Name: "example.org", Below: true, First: 1, Last: 65535},
		"*":                      {Any: true},
		"*:443":                  {Any: true, First: 443, Last: 443},
		"1.2.3.4:80":             {Net: "1.2.3.4", First: 80, Last: 80},
		"10.0.0.0/8":             {Net: "10.0.0.0/8"},
		"2001:DB8::1":            {Net: "2001:db8::1"},
		"[2001:db8::1]":          {Net: "2001:db8::1"},
		"[2001:db8::1]:53":       {Net: "2001:db8::1", First: 53, Last: 53},
		"[2001:db8::/32]:domain": {Net: "2001:db8::/32", Service: "domain"},
		"@local":                 {Group: "@local"},
		"@Host:5432":             {Group: "@host", First: 5432, Last: 5432},
	} {
		got, p := ParseHost(text)
		if got.key = ""; got != want || p != nil {
			t.Errorf("%q is %+v, %v; want %+v", text, got, p, want)
		}
	}
	for text, remedy := range map[string]string{
		"":                      "hosts are names",
		"example.org:0":         "ports are",
		"example.org:65536":     "ports are",
		"example.org:080":       "ports are",
		"example.org:8-":        "ports are",
		"example.org:9-8":       "ports are",
		"example.org:-http":     "ports are",
		"example.org:___":       "ports are",
		"example.org:ht tp":     "ports are",
		"example.org:é":         "ports are",
		"@lan":                  "the groups of hosts are",
		"host.jail:5432":        "opened by @host",
		"10.0.0.1/8":            "the network is 10.0.0.0/8",
		"10/8":                  "networks are written",
		"::ffff:10.0.0.1":       "of IPv4 by itself",
		"[::ffff:0:0/96]:80":    "of IPv4 by itself",
		"[example.org]:80":      "brackets",
		"bücher.example":        "xn--",
		"example.org.":          "hosts are names",
		"*.":                    "hosts are names",
		"*.*.example":           "hosts are names",
		"127.1":                 "hosts are names",
		"1.2.3.4.5":             "hosts are names",
		"*.0":                   "hosts are names",
		"0x7f000001":            "hosts are names",
		"a.0X1f":                "hosts are names",
		"fe80::1%eth0":          "hosts are names",
		"example.org#x":         "hosts are names",
		strings.Repeat("a", 64): "hosts are names",
	} {
		if got, p := ParseHost(text); p == nil || !strings.Contains(p.Remedy, remedy) {
			t.Errorf("%q is %+v, %+v", text, got, p)
		}
	}
	for text, numeric := range map[string]bool{"1e100.net": false, "a.0xg": false, "a.08": true, "a.0x": true, "0": true, "a.": false, "a1": false} {
		if IsNumeric(text) != numeric {
			t.Errorf("%q ends in a number: %v", text, !numeric)
		}
	}
}

// TestHostKeys: spellings of one entry have one key, others have others.
func TestHostKeys(t *testing.T) {
	seen := map[string]int{}
	for i, spellings := range []string{
		"example.org Example.ORG", "example.org:443 EXAMPLE.org:443-443", "example.org:https", "example.org:HTTPS", "*.example.org", "*", "*:443",
		"1.2.3.4 [1.2.3.4] 1.2.3.4/32", "1.2.3.4:80 [1.2.3.4]:80", "1.2.3.0/24", "2001:db8::1 [2001:0DB8:0::1] 2001:db8::1/128", "2001:db8::/32 2001:db8:0::/32", "2001:db8::/33",
		"@local @LOCAL", "@host", "@host:5432",
	} {
		for text := range strings.FieldsSeq(spellings) {
			key, p := checkHostPattern(text)
			if p != nil {
				t.Fatal(text, p)
			}
			if j, ok := seen[key]; ok && j != i {
				t.Errorf("%q has the key of another entry, %q", text, key)
			} else if !ok && strings.Fields(spellings)[0] != text {
				t.Errorf("%q has a key of its own, %q", text, key)
			}
			seen[key] = i
		}
	}
}

func TestConnectSpec(t *testing.T) {
	for text, ok := range map[string]bool{"example.org:443": true, "host.jail:5432": true, "[::1]:80": true, "@host:80": false, "@local:80": false, "*:80": false, "example.org:https": false, "example.org": false, "10.0.0.0/8:80": false} {
		if p := checkConnect(text); (p == nil) != ok {
			t.Errorf("%q: %v", text, p)
		}
	}
}
