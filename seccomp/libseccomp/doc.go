// Package libseccomp compiles syscall filters with the C library of that name.
// It is the only package with cgo. Built without cgo it has the same functions,
// and Compile says what is missing.
//
// Compile takes the tables of a filter, turns the entries of each syscall into
// a decision tree (partition.go), reads rules off the tree (rules.go) and hands
// them to the library (compile.go). Nothing here decides what a filter means:
// seccomp.Verdict does, and the tests run the programs against it.
package libseccomp
