package seccomp

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTables follows Verdict: what the first entry that holds says in a table
// is what the filter does with the call.
func TestTables(t *testing.T) {
	f := ordinary(Rule{Name: "@sandbox"})
	f.Deny = []Rule{{Name: "semget", Action: Errno, Errno: int(unix.EACCES), When: []Cond{{Arg: 1, Op: "<", Value: 7}}}}
	f.Arches = ArchNames()
	tables, err := Tables(f)
	if err != nil {
		t.Fatal(err)
	}
	var arches []string
	for i := range tables {
		table := &tables[i]
		arches = append(arches, table.Arch)
		a, _ := parseABI(table.Arch)
		if table.Native != (a == nativeABI) || table.Narrow != a.narrow() || table.Unnamed != (Answer{Errno, int(unix.ENOSYS)}) {
			t.Errorf("%s: %v %v %v", table.Arch, table.Native, table.Narrow, table.Unnamed)
		}
		names := make([]string, len(table.Calls))
		for j := range table.Calls {
			c := &table.Calls[j]
			names[j] = c.Name
			if n := len(c.Entries); n == 0 || len(c.Entries[n-1].When) != 0 {
				t.Fatalf("%s, %s: the last entry has conditions", table.Arch, c.Name)
			}
			if c.Number < 0 {
				if !c.Multiplexed || a != abiX86 {
					t.Errorf("%s: %s has no number", table.Arch, c.Name)
				}
				continue
			}
			nr := uint32(c.Number)
			if a == abiX32 {
				nr |= x32Bit
			}
			args := [ArgCount]uint64{0, 1, 2, 3}
			decides := slices.IndexFunc(c.Entries, func(e Entry) bool { return e.Matches(args) })
			want := Verdict(f, a.audit(), nr, args)
			if got := c.Entries[decides].Answer; got != want.Answer || c.Name != want.Name {
				t.Errorf("%s, %s: %v, want %+v", table.Arch, c.Name, got, want)
			}
		}
		if !slices.IsSorted(names) || len(slices.Compact(names)) != len(table.Calls) || slices.ContainsFunc(names, isMultiplexer) && a == abiX86 {
			t.Errorf("%s: not sorted, a name twice, or a multiplexer", table.Arch)
		}
	}
	want := []string{"x86-64", "x86", "x32"}
	if nativeABI == abiARM64 {
		want = []string{"arm64", "arm"}
	}
	if !slices.Equal(arches, want) {
		t.Errorf("tables of %v, want %v", arches, want)
	}
}
