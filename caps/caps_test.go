package caps

import "testing"

func TestNumber(t *testing.T) {
	tests := []struct {
		name string
		want int
		ok   bool
	}{
		{"chown", 0, true},
		{"CAP_CHOWN", 0, true},
		{"Cap_Sys_Admin", 21, true},
		{"net_raw", 13, true},
		{"checkpoint_restore", Last, true},
		{"", 0, false},
		{"cap_", 0, false},
		{"cap_cap_chown", 0, false},
		{"all", 0, false},
		{"sys_admin ", 0, false},
		{"21", 0, false},
	}
	for _, tt := range tests {
		if got, ok := Number(tt.name); got != tt.want || ok != tt.ok {
			t.Errorf("Number(%q) = %d, %v; want %d, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestNamesAndNumbersAgree(t *testing.T) {
	if len(Names()) != Last+1 {
		t.Fatalf("%d names for %d capabilities", len(Names()), Last+1)
	}
	for want, name := range Names() {
		if got, ok := Number(name); !ok || got != want || Name(want) != name {
			t.Errorf("%q: number %d, %v; name %q; want %d", name, got, ok, Name(want), want)
		}
	}
	if Name(41) != "41" || Name(-1) != "-1" {
		t.Errorf("numbers without a name: %q, %q", Name(41), Name(-1))
	}
}

func TestSet(t *testing.T) {
	set := Set(0).Add(21).Add(0).Add(63).Add(64).Add(-1)
	for number, want := range map[int]bool{0: true, 1: false, 21: true, 63: true, 64: false, -1: false} {
		if set.Has(number) != want {
			t.Errorf("has %d: %v", number, set.Has(number))
		}
	}
	if got := set.String(); got != "chown,sys_admin,63" {
		t.Errorf("String: %q", got)
	}
	if got := Set(0).String(); got != "none" {
		t.Errorf("empty set: %q", got)
	}
}

func TestAll(t *testing.T) {
	if All != 0x1ffffffffff || !All.Has(Last) || All.Has(Last+1) {
		t.Errorf("All = %x", uint64(All))
	}
}
