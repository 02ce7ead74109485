package seccomp

import (
	"crypto/sha256"
	"encoding/hex"
)

// vocabularyVersion stands for the groups and the syscall table in the key of
// a program, and compilerVersion for our own way from a filter to rules, in
// Tables and in package libseccomp: hashing their contents at every start would
// cost more than the rest. Tests compare the vocabulary, and what filters are
// compiled to, with digests and say when a number has to go up.
const (
	vocabularyVersion = 2
	compilerVersion   = 1
)

// key is what a program is found by: a digest of everything that decides about
// its instructions.
type key [sha256.Size]byte

// String is the key in hexadecimal.
func (k key) String() string { return hex.EncodeToString(k[:]) }

// filterKey is the key of a filter's program by any compiler. It leaves the release of
// libseccomp out: programs of different releases differ in length and not in what they do.
func filterKey(f Filter) key {
	return sha256.Sum256(EncodeFilter(f))
}

// cacheKey is the key of a program compiled on this machine. It names the
// compiler, so that an upgrade that mends the library reaches the programs.
func cacheKey(f Filter, compiler string) key {
	return sha256.Sum256(appendText(EncodeFilter(f), compiler))
}
