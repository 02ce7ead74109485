package launchcache

import (
	"bytes"
	"crypto/sha256"
	"errors"

	"github.com/jail-project/jail/wire"
)

// A cache entry is a file: the heading, the key it was stored under, the digest of
// the body, and the body: the stamps, the policy and the program, as package
// wire writes them. A signed number is written as the unsigned one of the same bits.
const (
	// heading names the form, and changes with it.
	heading    = "jail launch 2\n"
	headSize   = len(heading) + sha256.Size + sha256.Size
	suffix     = ".launch"
	maxEntry   = 8 << 20 // bytes
	keep       = 256     // entries, some 20 KiB each
	stampBytes = 2       // that a stamp takes at least
)

// errDamaged is why a cache entry is not used.
var errDamaged = errors.New("the cache entry is damaged")

// entry is the decoded file of a cache entry.
type entry struct {
	stamps          []Stamp
	policy, program []byte
}

// encode makes the file of an entry.
func (e *entry) encode(k Key) []byte {
	file := make([]byte, headSize, headSize+len(e.policy)+len(e.program)+128*len(e.stamps))
	file = wire.AppendNumber(file, uint64(len(e.stamps)))
	for i := range e.stamps {
		file = e.stamps[i].appendTo(file)
	}
	file = wire.AppendBytes(file, e.policy)
	file = wire.AppendBytes(file, e.program)
	n := copy(file, heading)
	n += copy(file[n:], k[:])
	digest := sha256.Sum256(file[headSize:])
	copy(file[n:], digest[:])
	return file
}

// appendTo writes what decodeStamp reads.
func (s *Stamp) appendTo(file []byte) []byte {
	file = wire.AppendNumber(file, uint64(s.Kind))
	file = wire.AppendBytes(file, s.Path)
	if !s.Kind.compared() {
		return file
	}
	for _, n := range [...]uint64{
		s.Dev, s.Ino, uint64(s.Mode), uint64(s.UID), uint64(s.GID), uint64(s.Size), uint64(s.Mtime), uint64(s.Ctime),
	} {
		file = wire.AppendNumber(file, n)
	}
	return file
}

// decode takes the file of an entry apart.
func decode(k Key, file []byte) (*entry, error) {
	if len(file) < headSize || !bytes.HasPrefix(file, []byte(heading)) {
		return nil, errDamaged
	}
	storedKey, digest := file[len(heading):][:len(k)], file[len(heading)+len(k):][:sha256.Size]
	body := file[headSize:]
	if actual := sha256.Sum256(body); !bytes.Equal(storedKey, k[:]) || !bytes.Equal(digest, actual[:]) {
		return nil, errDamaged
	}
	return decodeBody(body)
}

func decodeBody(body []byte) (*entry, error) {
	d := wire.NewDecoder(body)
	e := &entry{stamps: make([]Stamp, d.Count(stampBytes))}
	for i := range e.stamps {
		e.stamps[i] = decodeStamp(d)
	}
	e.policy, e.program = d.Bytes(), d.Bytes()
	if !d.Done() {
		return nil, errDamaged
	}
	return e, nil
}

func decodeStamp(d *wire.Decoder) Stamp {
	s := Stamp{Kind: Kind(d.Below(uint64(lastKind) + 1)), Path: d.Text()}
	if !s.Kind.compared() {
		return s
	}
	const words = 1 << 32
	s.Dev, s.Ino = d.Number(), d.Number()
	s.Mode, s.UID, s.GID = uint32(d.Below(words)), uint32(d.Below(words)), uint32(d.Below(words))
	s.Size, s.Mtime, s.Ctime = int64(d.Number()), int64(d.Number()), int64(d.Number())
	return s
}
