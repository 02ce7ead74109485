package seccomp

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/seccomp/libseccomp-golang"
)

// vocabularyVersion stands for the groups and the syscall table in the key of
// a program, and compilerVersion for the way from a filter to rules: hashing
// their contents at every start would cost more than the rest. A test compares
// the vocabulary with a digest and says when the number has to go up.
const (
	vocabularyVersion = 1
	compilerVersion   = 1
)

// key is what a program is found by: a digest of everything that decides about
// its instructions.
type key [sha256.Size]byte

// String is the key in hexadecimal.
func (k key) String() string { return hex.EncodeToString(k[:]) }

// shippedKey is the key of a program that comes with jail. It leaves the
// release of libseccomp out: programs of different releases differ in length
// and not in what they do.
func shippedKey(f Filter) key {
	return sha256.Sum256(encode(f))
}

// cacheKey is the key of a program compiled on this machine. It names the
// library, so that an upgrade that mends the library reaches the programs.
func cacheKey(f Filter) key {
	major, minor, micro := seccomp.GetLibraryVersion()
	text := encode(f)
	for _, part := range [...]uint{major, minor, micro} {
		text = binary.AppendUvarint(text, uint64(part))
	}
	return sha256.Sum256(text)
}

// encode writes a filter so that different filters give different bytes:
// every list and text is preceded by its length. Of the architectures only the
// set counts that this machine can run.
func encode(f Filter) []byte {
	text := make([]byte, 0, 4096)
	text = append(text, "jail seccomp"...)
	for _, n := range [...]uint64{compilerVersion, vocabularyVersion, uint64(nativeABI), uint64(f.Default)} {
		text = binary.AppendUvarint(text, n)
	}
	abis := abisOf(f)
	text = binary.AppendUvarint(text, uint64(len(abis)))
	for _, a := range abis {
		text = binary.AppendUvarint(text, uint64(a))
	}
	text = appendRuleList(text, f.Allow)
	return appendRuleList(text, f.Deny)
}

// appendRuleList encodes one list of a filter.
func appendRuleList(text []byte, rules []Rule) []byte {
	text = binary.AppendUvarint(text, uint64(len(rules)))
	for i := range rules {
		text = appendText(text, rules[i].Name)
		text = binary.AppendVarint(text, int64(rules[i].Action))
		text = binary.AppendVarint(text, int64(rules[i].Errno))
		text = binary.AppendUvarint(text, uint64(len(rules[i].When)))
		for _, c := range rules[i].When {
			text = binary.AppendUvarint(text, uint64(c.Arg))
			text = appendText(text, c.Op)
			text = binary.AppendUvarint(text, c.Mask)
			text = binary.AppendUvarint(text, c.Value)
			text = binary.AppendVarint(text, int64(c.Width))
		}
	}
	return text
}

// appendText encodes a string.
func appendText(text []byte, s string) []byte {
	text = binary.AppendUvarint(text, uint64(len(s)))
	return append(text, s...)
}
