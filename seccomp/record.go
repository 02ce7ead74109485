package seccomp

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// A program is kept in a record: a fixed heading, the key it was stored under,
// its length in bytes, the digest of the program, and the program. All of it
// is verified when the record is read, so that a file that was cut off, mixed
// up or damaged is never loaded into the kernel.
const (
	recordHeading = "jail-bpf"
	recordSize    = len(recordHeading) + sha256.Size + 4 + sha256.Size // without the program

	// MaxRecord is the most bytes of a record.
	MaxRecord = recordSize + maxInstructions*instructionSize
)

// errDamaged is the reason why a record is not used.
var errDamaged = errors.New("the stored syscall filter is damaged")

// encodeRecord makes the record of a program.
func encodeRecord(k key, p Program) []byte {
	record := make([]byte, 0, recordSize+len(p))
	record = append(record, recordHeading...)
	record = append(record, k[:]...)
	record = binary.LittleEndian.AppendUint32(record, uint32(len(p)))
	digest := sha256.Sum256(p)
	record = append(record, digest[:]...)
	return append(record, p...)
}

// decodeRecord returns the program of a record that was stored under a key.
func decodeRecord(k key, record []byte) (Program, error) {
	rest, ok := bytes.CutPrefix(record, []byte(recordHeading))
	if !ok || len(rest) < recordSize-len(recordHeading) {
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
