package unixsock

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDecodeAddress(t *testing.T) {
	family := func(f uint16, rest string) []byte {
		return append(binary.NativeEndian.AppendUint16(nil, f), rest...)
	}
	long := strings.Repeat("x", 108)
	for _, test := range []struct {
		name    string
		address []byte
		form    Form
		want    string
	}{
		{"nothing", nil, Foreign, ""},
		{"half a family", []byte{1}, Foreign, ""},
		{"a family alone", family(unix.AF_UNIX, ""), Foreign, ""},
		{"unspecified", family(unix.AF_UNSPEC, "/path"), Foreign, ""},
		{"another family", family(unix.AF_INET, "/path\x00"), Foreign, ""},
		{"a path", family(unix.AF_UNIX, "/a/b"), Path, "/a/b"},
		{"a path with its end", family(unix.AF_UNIX, "/a/b\x00"), Path, "/a/b"},
		{"a path and more", family(unix.AF_UNIX, "/a\x00/b"), Path, "/a"},
		{"a relative path", family(unix.AF_UNIX, "a"), Path, "a"},
		{"the longest path", family(unix.AF_UNIX, long), Path, long},
		{"too long", family(unix.AF_UNIX, long+"x"), Malformed, ""},
		{"too long and abstract", family(unix.AF_UNIX, "\x00"+long), Malformed, ""},
		{"an abstract name", family(unix.AF_UNIX, "\x00name"), Abstract, "name"},
		{"the empty abstract name", family(unix.AF_UNIX, "\x00"), Abstract, ""},
		{"an abstract name with zeros", family(unix.AF_UNIX, "\x00a\x00\x00"), Abstract, "a\x00\x00"},
	} {
		form, name := DecodeAddress(test.address)
		if form != test.form || string(name) != test.want {
			t.Errorf("%s: %d %q, want %d %q", test.name, form, name, test.form, test.want)
		}
	}
}

// FuzzDecodeAddress: whatever a program writes, a path has no zero byte and
// is what the kernel would look up, and what is no path names no file.
func FuzzDecodeAddress(f *testing.F) {
	f.Add([]byte{1, 0, '/', 'a', 0, 'b'})
	f.Add([]byte{1, 0, 0, 'a'})
	f.Add([]byte{2, 0, 0, 80, 127, 0, 0, 1})
	f.Add(append([]byte{1, 0}, strings.Repeat("/x", 60)...))
	f.Fuzz(func(t *testing.T, address []byte) {
		form, name := DecodeAddress(address)
		isUnix := len(address) >= 2 && binary.NativeEndian.Uint16(address) == unix.AF_UNIX
		switch form {
		case Path:
			if !isUnix || len(name) == 0 || len(name) > 108 || bytes.IndexByte(name, 0) >= 0 || !bytes.HasPrefix(address[2:], name) {
				t.Fatalf("path %q", name)
			}
			if end := 2 + len(name); end < len(address) && address[end] != 0 {
				t.Fatalf("path %q ends early", name)
			}
		case Abstract:
			if !isUnix || address[2] != 0 || !bytes.Equal(name, address[3:]) || len(name) > 107 {
				t.Fatalf("abstract name %q", name)
			}
		case Foreign:
			if isUnix && len(address) > 2 {
				t.Fatal("an address of a Unix socket is passed on unseen")
			}
		case Malformed:
			if !isUnix || len(address) <= 110 {
				t.Fatal("refused without need")
			}
		}
	})
}

// FuzzDecodeCall: a notification can hold anything; the numbers are those that
// the kernel would take.
func FuzzDecodeCall(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0xff}, NotificationSize))
	f.Fuzz(func(t *testing.T, data []byte) {
		var buf [NotificationSize]byte
		copy(buf[:], data)
		call := DecodeCall(&buf)
		if call.Socket != int(int32(binary.LittleEndian.Uint32(buf[32:]))) || call.Length != int32(binary.LittleEndian.Uint32(buf[48:])) {
			t.Fatalf("%+v", call)
		}
		if call.Length < 0 || call.Length > maxLength {
			if _, errno := readAddress(&call); errno != unix.EINVAL {
				t.Fatalf("an address of %d bytes is read: %v", call.Length, errno)
			}
		}
	})
}
