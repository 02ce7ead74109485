package seccomp

import "slices"

// guardEntries are the entries of what a filter refuses beside its lists.
func guardEntries(f Filter) []Entry {
	var entries []Entry
	if f.NoSetID {
		entries = setIDEntries()
	}
	if f.OthersInSight {
		// The limits of another process, of the same user: with one on processor time
		// it ends. 0 is the caller itself.
		other := Cond{Arg: 0, Op: "!=", Value: 0, Width: 32}
		entries = append(entries, guardEntry(ByPIDs, "prlimit64", defaultErrno, other))
	}
	return entries
}

func guardEntry(list List, name string, errno int, when ...Cond) Entry {
	return Entry{Name: name, When: when, Answer: Answer{Action: Errno, Errno: errno}, List: list, Index: -1, Path: []string{name}}
}

// isGuard tells whether an entry is one of guardEntries.
func (e Entry) isGuard() bool { return e.List == BySetID || e.List == ByPIDs }

// insertGuards puts these entries among those of Deny, which are sorted by precedence:
// behind what refuses, which is as strict or stricter, and before the first that only
// logs.
func insertGuards(denied, entries []Entry, name string) []Entry {
	at := slices.IndexFunc(denied, func(e Entry) bool { return e.Action == Log })
	if at < 0 {
		at = len(denied)
	}
	for i := range entries {
		if entries[i].isGuard() && entries[i].Name == name {
			denied = slices.Insert(denied, at, entries[i])
			at++
		}
	}
	return denied
}
