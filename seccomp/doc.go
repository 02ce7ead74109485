// Package seccomp knows what a list of syscall rules means, and where to find
// the program for the kernel's seccomp filter (seccomp(2)) that does it.
//
// A Filter names syscalls and groups, with conditions on their arguments.
// Expand opens the groups, Explain and Verdict say what the filter does with a
// syscall or a call, and that is the definition. Tables spells a filter out for
// a compiler, which makes the Program: package libseccomp below this one. Cache
// spares that work when it was done before.
//
// The package installs no filter and judges no policy: what a program should
// be granted is said by profiles, in the words that the package knows
// (IsSyscall, IsGroup, Constant, ErrnoNumber, ParseAction, ArchNames).
package seccomp
