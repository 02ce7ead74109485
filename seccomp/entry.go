package seccomp

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// A program is kept in a cache entry: a fixed heading, the key it was stored under,
// its length in bytes, the digest of the program, and the program. All of it
// is verified when the entry is read, so that a file that was cut off, mixed
// up or damaged is never loaded into the kernel.
const (
	entryHeading = "jail-bpf"
	entrySize    = len(entryHeading) + sha256.Size + 4 + sha256.Size // without the program

	// MaxEntry is the most bytes of a cache entry.
	MaxEntry = entrySize + maxInstructions*instructionSize
)

// errDamaged is the reason why a cache entry is not used.
var errDamaged = errors.New("the stored syscall filter is damaged")

// encodeEntry makes the cache entry of a program.
func encodeEntry(k key, p Program) []byte {
	entry := make([]byte, 0, entrySize+len(p))
	entry = append(entry, entryHeading...)
	entry = append(entry, k[:]...)
	entry = binary.LittleEndian.AppendUint32(entry, uint32(len(p)))
	digest := sha256.Sum256(p)
	entry = append(entry, digest[:]...)
	return append(entry, p...)
}

// decodeEntry returns the program of a cache entry that was stored under a key.
func decodeEntry(k key, entry []byte) (Program, error) {
	rest, ok := bytes.CutPrefix(entry, []byte(entryHeading))
	if !ok || len(rest) < entrySize-len(entryHeading) {
		return nil, errDamaged
	}
	storedKey, rest := rest[:sha256.Size], rest[sha256.Size:]
	length, rest := binary.LittleEndian.Uint32(rest), rest[4:]
	digest, program := rest[:sha256.Size], Program(rest[sha256.Size:])
	if !bytes.Equal(storedKey, k[:]) || uint64(length) != uint64(len(program)) {
		return nil, errDamaged
	}
	if actual := sha256.Sum256(program); !bytes.Equal(digest, actual[:]) {
		return nil, errDamaged
	}
	return program, program.Check()
}
