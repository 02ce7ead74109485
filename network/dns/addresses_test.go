package dns

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestAddressesAreOneToOne(t *testing.T) {
	a := NewAddresses(1<<30, time.Minute)
	seen := map[netip.Addr]string{}
	for i := range 70_000 {
		name := fmt.Sprintf("n%d.example.org", i)
		v4, v6, err := a.Of(name)
		must(t, err)
		if !v4Range().Contains(v4) || !v6Range().Contains(v6) {
			t.Fatalf("%s has %s and %s, which are not of the ranges", name, v4, v6)
		}
		for _, addr := range []netip.Addr{v4, v6} {
			if other, taken := seen[addr]; taken {
				t.Fatalf("%s has %s, as has %s", name, addr, other)
			}
			seen[addr] = name
		}
	}
	for addr, name := range seen {
		if got, ok := a.Name(addr); !ok || got != name {
			t.Fatalf("%s is %q, not %q", addr, got, name)
		}
	}
	v4, v6, err := a.Of("n7.example.org")
	must(t, err)
	if seen[v4] != "n7.example.org" || seen[v6] != "n7.example.org" {
		t.Error("a name got other addresses when it was asked for again")
	}
	if name, ok := a.Name(netip.AddrFrom16(v4.As16())); !ok || name != "n7.example.org" {
		t.Errorf("the IPv4 address as a socket for both families has it: %q", name)
	}
}

func TestAddressesOfNobody(t *testing.T) {
	a := NewAddresses(10, time.Minute)
	if _, _, err := a.Of("example.org"); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"198.18.0.0", "198.18.0.2", "198.17.255.255", "198.20.0.1", "198.19.255.255", "127.0.0.1", "0.0.0.1",
		"fd6a:6169:6c00::", "fd6a:6169:6c00::2", "fd6a:6169:6c00:0:1::1", "fd6a:6169:6c00:1::1", "::1", "::",
	} {
		if name, ok := a.Name(netip.MustParseAddr(text)); ok {
			t.Errorf("%s is %s", text, name)
		}
	}
	for _, text := range []string{"198.18.0.1", "fd6a:6169:6c00::1"} {
		if name, _ := a.Name(netip.MustParseAddr(text)); name != "example.org" {
			t.Errorf("%s is %q", text, name)
		}
	}
	if _, ok := a.Name(netip.Addr{}); ok {
		t.Error("no address has a name")
	}
}

func TestAddressesAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAddresses(2, 10*time.Minute)
		first, _, err := a.Of("first")
		must(t, err)
		time.Sleep(time.Minute)
		second, _, err := a.Of("second")
		must(t, err)
		if _, _, err := a.Of("third"); !errors.Is(err, ErrFull) {
			t.Fatalf("an address was taken from a name that was used a minute ago: %v", err)
		}
		time.Sleep(9 * time.Minute)
		if name, _ := a.Name(first); name != "first" { // which uses it
			t.Fatalf("%s is %q", first, name)
		}
		time.Sleep(time.Minute)
		third, _, err := a.Of("third")
		must(t, err)
		if third != second {
			t.Errorf("third has %s, not that of the name which was not used for longest", third)
		}
		if name, _ := a.Name(second); name != "third" {
			t.Errorf("%s is %q", second, name)
		}
		if name, _ := a.Name(first); name != "first" {
			t.Errorf("%s is %q", first, name)
		}
	})
	if _, _, err := NewAddresses(0, 0).Of("any"); !errors.Is(err, ErrFull) {
		t.Errorf("a table for no name: %v", err)
	}
}
