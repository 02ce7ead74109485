package launchcache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// A record is a file: the heading, the key it was stored under, the digest of
// the body, and the body: the stamps, the policy and the program, each with its
// length before it. Numbers are varints.
const (
	// heading names the form, and changes with it.
	heading    = "jail launch 1\n"
	headSize   = len(heading) + sha256.Size + sha256.Size
	suffix     = ".launch"
	maxRecord  = 8 << 20 // bytes
	keep       = 256     // records, some 20 KiB each
	stampBytes = 2       // that a stamp takes at least
)

// errDamaged is why a record is not used.
var errDamaged = errors.New("the record is damaged")

// record is a file that was read, in parts.
type record struct {
	stamps          []Stamp
	policy, program []byte
}

// encode makes the file of a record.
func (r *record) encode(k Key) []byte {
	file := make([]byte, headSize, headSize+len(r.policy)+len(r.program)+128*len(r.stamps))
	file = binary.AppendUvarint(file, uint64(len(r.stamps)))
	for i := range r.stamps {
		s := &r.stamps[i]
		file = append(file, byte(s.Kind))
		file = appendBytes(file, s.Path)
		if !s.Kind.compared() {
			continue
		}
		for _, n := range [...]uint64{s.Dev, s.Ino, uint64(s.Mode), uint64(s.UID), uint64(s.GID)} {
			file = binary.AppendUvarint(file, n)
		}
		for _, n := range [...]int64{s.Size, s.Mtime, s.Ctime} {
			file = binary.AppendVarint(file, n)
		}
	}
	file = appendBytes(file, r.policy)
	file = appendBytes(file, r.program)
	n := copy(file, heading)
	n += copy(file[n:], k[:])
	digest := sha256.Sum256(file[headSize:])
	copy(file[n:], digest[:])
	return file
}

func appendBytes[T ~string | ~[]byte](file []byte, part T) []byte {
	file = binary.AppendUvarint(file, uint64(len(part)))
	return append(file, part...)
}

// decode takes the file of a record apart.
func decode(k Key, file []byte) (*record, error) {
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

func decodeBody(body []byte) (*record, error) {
	r, d := &record{}, decoder{data: body}
	n := d.unsigned()
	if n > uint64(len(d.data)/stampBytes) {
		return nil, errDamaged
	}
	r.stamps = make([]Stamp, n)
	for i := range r.stamps {
		d.stamp(&r.stamps[i])
	}
	r.policy, r.program = d.bytes(), d.bytes()
	if d.bad || len(d.data) > 0 {
		return nil, errDamaged
	}
	return r, nil
}

// decoder reads the body of a record. After a fault everything is zero.
type decoder struct {
	data []byte
	bad  bool
}

func (d *decoder) stamp(s *Stamp) {
	if len(d.data) == 0 || d.data[0] > byte(lastKind) {
		d.fail()
		return
	}
	s.Kind = Kind(d.data[0])
	d.data = d.data[1:]
	s.Path = string(d.bytes())
	if !s.Kind.compared() {
		return
	}
	s.Dev, s.Ino = d.unsigned(), d.unsigned()
	s.Mode, s.UID, s.GID = d.small(), d.small(), d.small()
	s.Size, s.Mtime, s.Ctime = d.signed(), d.signed(), d.signed()
}

func (d *decoder) unsigned() uint64 {
	v, n := binary.Uvarint(d.data)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.data = d.data[n:]
	return v
}

func (d *decoder) small() uint32 {
	v := d.unsigned()
	if v>>32 != 0 {
		d.fail()
	}
	return uint32(v)
}

func (d *decoder) signed() int64 {
	v, n := binary.Varint(d.data)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.data = d.data[n:]
	return v
}

func (d *decoder) bytes() []byte {
	n := d.unsigned()
	if n > uint64(len(d.data)) {
		d.fail()
		return nil
	}
	part := d.data[:n:n]
	d.data = d.data[n:]
	return part
}

func (d *decoder) fail() { d.data, d.bad = nil, true }
