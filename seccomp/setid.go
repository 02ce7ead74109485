package seccomp

import (
	"slices"

	"golang.org/x/sys/unix"
)

// What Filter.NoSetID refuses. A file with a set-user-ID or set-group-ID bit in a
// granted directory is one outside as well, where nothing is mounted nosuid: whoever
// executes it there gets the rights of its owner, and that of a file that a jail of
// root made is root.

// modeCalls are the calls that give a file its mode, with the argument that holds it.
// Those with flags look at the mode only when the flags say that a file is made;
// otherwise it may be anything. mkdir(2) is missing: the kernel makes no directory with
// these bits by it, and cp -a, which copies the mode to there, would copy no directory.
var modeCalls = [...]struct {
	name        string
	mode, flags uint // flags: 0 for none
}{
	{name: "chmod", mode: 1},
	{name: "creat", mode: 1},
	{name: "fchmod", mode: 1},
	{name: "fchmodat", mode: 2},
	{name: "fchmodat2", mode: 2},
	{name: "mknod", mode: 1},
	{name: "mknodat", mode: 2},
	{name: "open", mode: 2, flags: 1},
	{name: "openat", mode: 3, flags: 2},
}

// unseenModeCalls do the same with a mode in memory, where no filter sees it. They fail
// as on a kernel without them, so that programs and libraries use the others.
var unseenModeCalls = [...]string{"io_uring_enter", "io_uring_register", "io_uring_setup", "openat2"}

// makingFlags are the flags of open(2) with which it makes a file: O_CREAT, and the bit of
// O_TMPFILE that is not O_DIRECTORY.
var makingFlags = [...]uint64{unix.O_CREAT, unix.O_TMPFILE &^ unix.O_DIRECTORY}

// RefusedWithSetID reports whether Filter.NoSetID refuses a call, or every call of a group,
// whatever the arguments are.
func RefusedWithSetID(name string) bool {
	for _, member := range Group(name) {
		if !RefusedWithSetID(member.Name) {
			return false
		}
	}
	return IsGroup(name) || slices.Contains(unseenModeCalls[:], name)
}

// setIDEntries are the entries of Filter.NoSetID.
func setIDEntries() []Entry {
	var entries []Entry
	for _, call := range modeCalls {
		for _, bit := range [...]uint64{unix.S_ISUID, unix.S_ISGID} {
			mode := has(call.mode, bit)
			if call.flags == 0 {
				entries = append(entries, guardEntry(BySetID, call.name, defaultErrno, mode))
				continue
			}
			for _, flag := range makingFlags {
				entries = append(entries, guardEntry(BySetID, call.name, defaultErrno, has(call.flags, flag), mode))
			}
		}
	}
	for _, name := range unseenModeCalls {
		entries = append(entries, guardEntry(BySetID, name, int(unix.ENOSYS)))
	}
	return entries
}

// has is the condition that an argument has a bit.
func has(arg uint, bit uint64) Cond { return Cond{Arg: arg, Op: "&", Mask: bit, Value: bit, Width: 32} }
