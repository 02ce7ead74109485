package unixsock

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// NotificationSize is that of struct seccomp_notif (seccomp_unotify(2)).
const NotificationSize = 80

// Call is a connect(2) that waits for an answer.
type Call struct {
	ID     uint64 // of the notification
	Thread int    // that makes the call, as numbered outside; 0 if it cannot be named
	Socket int    // its first argument, a descriptor of that thread
	At     uint64 // its second, where the address lies in that thread's memory
	Length int32  // its third
}

// DecodeCall reads a struct seccomp_notif.
func DecodeCall(b *[NotificationSize]byte) Call {
	const args = 32 // seccomp_data begins at 16 and its arguments 16 bytes later
	return Call{
		ID:     binary.NativeEndian.Uint64(b[0:]),
		Thread: int(int32(binary.NativeEndian.Uint32(b[8:]))),
		// The kernel takes int from the low halves.
		Socket: int(int32(binary.NativeEndian.Uint64(b[args:]))),
		At:     binary.NativeEndian.Uint64(b[args+8:]),
		Length: int32(binary.NativeEndian.Uint64(b[args+16:])),
	}
}

// Form is what an address of a Unix socket is.
type Form uint8

// The forms of unix(7).
const (
	// Foreign is what names no Unix socket: another family, AF_UNSPEC, which
	// ends an association, or nothing behind the family. The kernel may have it.
	Foreign   Form = iota
	Path           // a file
	Abstract       // a name in the network namespace of the socket
	Malformed      // the kernel refuses it with EINVAL
)

// pathOffset and maxAddress are those of struct sockaddr_un.
const (
	pathOffset = 2
	maxAddress = pathOffset + 108
)

// DecodeAddress tells what the bytes of an address mean to a Unix socket, as
// unix_validate_addr and unix_mkname_bsd of net/unix/af_unix.c read them. The
// name is that of a path, without the zero byte, or an abstract one without
// the zero byte in front, which may be empty.
func DecodeAddress(address []byte) (form Form, name []byte) {
	if len(address) < pathOffset || binary.NativeEndian.Uint16(address) != unix.AF_UNIX {
		return Foreign, nil
	}
	name = address[pathOffset:]
	switch {
	case len(name) == 0:
		return Foreign, nil
	case len(address) > maxAddress:
		return Malformed, nil
	case name[0] != 0:
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		return Path, name
	}
	return Abstract, name[1:]
}
