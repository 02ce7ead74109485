package seccomp

import (
	"slices"

	"golang.org/x/sys/unix"
)

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
	if f.TCPPorts {
		entries = append(entries, fastOpenEntries()...)
	}
	return entries
}

// fastOpenEntries refuse to connect by sending, and multipath TCP: Landlock looks at
// neither (hook_socket_connect in security/landlock/net.c of the kernel). Programs connect
// by connect(2) then, as on a kernel without these.
func fastOpenEntries() []Entry {
	var entries []Entry
	for _, call := range [...]struct {
		name  string
		flags uint
	}{{"sendto", 3}, {"sendmsg", 2}, {"sendmmsg", 3}} {
		opens := Cond{Arg: call.flags, Op: "&", Mask: unix.MSG_FASTOPEN, Value: unix.MSG_FASTOPEN, Width: 32}
		entries = append(entries, guardEntry(ByPorts, call.name, int(unix.EOPNOTSUPP), opens))
	}
	for _, family := range [...]Cond{isInet, isInet6} {
		entries = append(entries, guardEntry(ByPorts, "socket", int(unix.EPROTONOSUPPORT), family, isStream, isMPTCP))
	}
	return entries
}

func guardEntry(list List, name string, errno int, when ...Cond) Entry {
	return Entry{Name: name, When: when, Answer: Answer{Action: Errno, Errno: errno}, List: list, Index: -1, Path: []string{name}}
}

// isGuard tells whether an entry is one of guardEntries.
func (e Entry) isGuard() bool { return e.List == BySetID || e.List == ByPIDs || e.List == ByPorts }

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
