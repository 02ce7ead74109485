package seccomp

// Table is a filter spelled out for one ABI, which is what a compiler has to
// know: every call that the ABI has, and what decides about it.
type Table struct {
	Arch    string // one of ArchNames, never "native"
	Native  bool   // the ABI that this build of jail itself uses
	Narrow  bool   // registers have 32 bits: the upper half of every argument is zero
	Unnamed Answer // what numbers get that no call of Calls has
	Calls   []Call // sorted by name
}

// Answer is what happens to a call. Errno is the number that a call with the
// action Errno fails with, never 0 there and 0 elsewhere.
type Answer struct {
	Action Action
	Errno  int
}

// Call is one syscall of an ABI. The first of its entries whose conditions
// hold decides, and the last one has none, see Explain.
type Call struct {
	Name string
	// Number is -1 for a call of 32-bit x86 that is made through socketcall or
	// ipc only.
	Number int
	// Multiplexed marks the calls that these two can make. Such a call has one
	// entry, see Verdict.
	Multiplexed bool
	Entries     []Entry
}

// Tables returns the tables of a filter, one for each ABI of this machine that
// it accepts. The error is that of Check.
func Tables(f Filter) ([]Table, error) {
	if err := Check(f); err != nil {
		return nil, err
	}
	entries := byName(f)
	var tables []Table
	for _, a := range abisOf(f) {
		t := Table{Arch: a.String(), Native: a == nativeABI, Narrow: a.narrow(), Unnamed: unnamed(f)}
		for i := range syscallTable {
			row := &syscallTable[i]
			c := Call{Name: row.name, Number: int(row.numbers[a])}
			if a == abiX86 {
				if isMultiplexer(row.name) {
					continue
				}
				c.Multiplexed = isMultiplexed(row.name)
			}
			if c.Number < 0 && !c.Multiplexed {
				continue
			}
			c.Entries = decisive(f, entries[row.name], row.name)
			if c.Multiplexed {
				last := strictest(c.Entries)
				last.When = nil
				c.Entries = []Entry{last}
			}
			t.Calls = append(t.Calls, c)
		}
		tables = append(tables, t)
	}
	return tables, nil
}

// byName sorts the entries of a filter by syscall.
func byName(f Filter) map[string][]Entry {
	grouped := map[string][]Entry{}
	for _, entry := range Expand(f) {
		grouped[entry.Name] = append(grouped[entry.Name], entry)
	}
	return grouped
}
