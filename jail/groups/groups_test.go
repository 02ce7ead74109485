package groups

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/jail-project/jail/jail/host"
)

// Whoever may change a file may set its list, which the launcher reads.
func FuzzACL(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 8, 0, 4, 0, 42, 0, 0, 0})
	f.Add([]byte{1, 0, 0, 0})
	f.Add([]byte{2, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, value []byte) {
		acl := parseACL(value)
		if acl == nil {
			return
		}
		again := []byte{2, 0, 0, 0}
		for _, e := range acl {
			again = binary.LittleEndian.AppendUint16(again, e.tag)
			again = binary.LittleEndian.AppendUint16(again, uint16(e.perm))
			again = binary.LittleEndian.AppendUint32(again, uint32(e.id))
		}
		if !slices.Equal(again, value[:len(again)]) || len(value)-len(again) >= 8 {
			t.Errorf("%x is read as %+v", value, acl)
		}
		// A right that nobody is given is nobody's.
		none := slices.DeleteFunc(slices.Clone(acl), func(e aclEntry) bool { return e.perm&mayWrite != 0 })
		if len(none) > 0 && allowed(host.Owner{UID: 1, GID: 2, Mode: 0o775}, none, 3, []int{2, 42}, mayWrite) {
			t.Errorf("%+v lets write", none)
		}
	})
}
