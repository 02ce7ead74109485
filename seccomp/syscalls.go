package seccomp

import (
	"slices"
	"strings"
)

//go:generate go run ./internal/mktables
//go:generate go run ./internal/mkfilters ../profiles/filters

// syscallRow is a name and its number in every ABI, -1 where the ABI does not
// have the call. Numbers of x32 are without bit 30.
type syscallRow struct {
	name    string
	numbers [abiCount]int32
}

func (r syscallRow) key() string { return r.name }

// find returns the row of a name in a table that is sorted by name, nil for an
// unknown one.
func find[T interface{ key() string }](table []T, name string) *T {
	i, found := slices.BinarySearchFunc(table, name, func(row T, name string) int {
		return strings.Compare(row.key(), name)
	})
	if !found {
		return nil
	}
	return &table[i]
}

// namesOf returns the names of all rows of a table.
func namesOf[T interface{ key() string }](table []T) []string {
	names := make([]string, len(table))
	for i := range table {
		names[i] = table[i].key()
	}
	return names
}

// findSyscall returns the row of a name, nil for an unknown one.
func findSyscall(name string) *syscallRow { return find(syscallTable[:], name) }

// IsSyscall reports whether name is a syscall of any supported architecture.
// A call that the native architecture lacks ("open" on arm64) is a valid name
// that no program can reach.
func IsSyscall(name string) bool { return findSyscall(name) != nil }

// SyscallNames returns every known syscall name, sorted.
func SyscallNames() []string { return namesOf(syscallTable[:]) }

// SyscallNumber returns the number of a call in the native ABI.
func SyscallNumber(name string) (int, bool) {
	row := findSyscall(name)
	if row == nil || row.numbers[nativeABI] < 0 {
		return 0, false
	}
	return int(row.numbers[nativeABI]), true
}

// SyscallName returns the name of a number of the native ABI.
func SyscallName(nr int) (string, bool) {
	row := rowOf(nativeABI, uint32(nr))
	if nr < 0 || row == nil {
		return "", false
	}
	return row.name, true
}

// rowOf returns the call that a number means in an ABI, nil for a number that
// has no name. Two names of one number do not occur; a test says so.
func rowOf(a abi, nr uint32) *syscallRow {
	if nr > 1<<20 {
		return nil
	}
	for i := range syscallTable {
		if syscallTable[i].numbers[a] == int32(nr) {
			return &syscallTable[i]
		}
	}
	return nil
}
