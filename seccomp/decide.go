package seccomp

import (
	"slices"

	"golang.org/x/sys/unix"
)

// ArgCount is the number of arguments of a syscall that a filter sees.
const ArgCount = 6

// defaultErrno is what a refused call fails with when the rule does not say.
const defaultErrno = int(unix.EPERM)

// answerOf completes an action errno that has no number of its own, which is 0.
func answerOf(a Action, errno int) Answer {
	if a == Errno && errno == 0 {
		errno = defaultErrno
	}
	return Answer{a, errno}
}

// unnamed is what happens to a number that has no name: the answer of a
// kernel without the call, by which libraries find an older way. A filter that
// lets through what it does not list lets these through as well.
func unnamed(f Filter) Answer {
	if f.Default == Allow || f.Default == Log {
		return answerOf(f.Default, 0)
	}
	return Answer{Errno, int(unix.ENOSYS)}
}

// Verdict evaluates a filter for one call as the kernel presents it to a
// seccomp program: the AUDIT_ARCH_* value, the number and the arguments
// (struct seccomp_data, seccomp(2)). It is the definition of what a compiled
// Program does. The entry that decides has no name where the call has none.
//
// On x86-64 every number from bit 30 up belongs to x32, except 0xffffffff,
// which is no call in either. On 32-bit x86 the calls behind socketcall and
// ipc take their arguments from memory: a call whose verdict depends on its
// arguments gets the strictest of its verdicts there, by either way.
func Verdict(f Filter, arch, nr uint32, args [ArgCount]uint64) Entry {
	a, ok := abiOf(f, arch, nr)
	if !ok {
		return Entry{Answer: Answer{Action: Kill}, List: Foreign, Index: -1}
	}
	if a == abiX32 {
		nr &^= x32Bit
	}
	var name string
	if row := rowOf(a, nr); row != nil {
		name = row.name
	}
	if a == abiX86 && isMultiplexer(name) {
		name = behind(name, uint32(args[0]))
	}
	if name == "" {
		return Entry{Answer: unnamed(f), List: Unknown, Index: -1}
	}
	entries := Explain(f, name)
	if a == abiX86 && isMultiplexed(name) {
		return strictest(entries)
	}
	for i := range entries {
		if entries[i].Matches(args) {
			return entries[i]
		}
	}
	panic("seccomp: the last entry of Explain has conditions")
}

// Matches reports whether all conditions hold.
func (e Entry) Matches(args [ArgCount]uint64) bool {
	return !slices.ContainsFunc(e.When, func(c Cond) bool { return !c.Holds(args) })
}

// Holds evaluates the condition for the arguments of a call.
func (c Cond) Holds(args [ArgCount]uint64) bool {
	arg := args[c.Arg]
	if c.Width == 32 {
		arg &= 1<<32 - 1
	}
	switch c.Op {
	case "==":
		return arg == c.Value
	case "!=":
		return arg != c.Value
	case "<":
		return arg < c.Value
	case "<=":
		return arg <= c.Value
	case ">":
		return arg > c.Value
	case ">=":
		return arg >= c.Value
	}
	return arg&c.Mask == c.Value
}

// strictest picks the entry with the most severe action, the later and so the
// more general one among equals.
func strictest(entries []Entry) Entry {
	severity := func(a Action) int { return [...]int{Allow: 0, Log: 1, Errno: 2, Kill: 3}[a] }
	pick := entries[0]
	for _, entry := range entries[1:] {
		if severity(entry.Action) >= severity(pick.Action) {
			pick = entry
		}
	}
	return pick
}
