// Package seccomp turns a list of syscall rules into a program for the
// kernel's seccomp filter (seccomp(2)).
//
// A Filter names syscalls and groups, with conditions on their arguments.
// Expand opens the groups, Explain and Verdict say what the filter does with a
// syscall or a call, and that is the definition. Compile makes the Program
// that does it: partition.go turns the entries of each syscall into a decision
// tree, rules.go reads rules off the tree, and compile.go hands them to
// libseccomp. Cache spares that work when it was done before.
//
// The package installs no filter and judges no policy: what a program should
// be granted is said by profiles, in the words that the package knows
// (IsSyscall, IsGroup, Constant, ErrnoNumber, ParseAction, ArchNames).
package seccomp
