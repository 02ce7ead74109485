package jail

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What headstart_unsafe.go and beginning_unsafe.go are made of; their rules are
// true here. A text is the address of a string that ends with a NUL.

// atCwd is AT_FDCWD of openat(2).
const atCwd = ^uintptr(99)

//go:nosplit
//go:norace
//go:nocheckptr
func word(at uintptr) uintptr { return *(*uintptr)(unsafe.Add(unsafe.Pointer(nil), at)) }

//go:nosplit
//go:norace
//go:nocheckptr
func byteAt(at uintptr) byte { return *(*byte)(unsafe.Add(unsafe.Pointer(nil), at)) }

//go:nosplit
//go:norace
//go:nocheckptr
func setWord(at, v uintptr) { *(*uintptr)(unsafe.Add(unsafe.Pointer(nil), at)) = v }

//go:nosplit
//go:norace
//go:nocheckptr
func setByte(at uintptr, v byte) { *(*byte)(unsafe.Add(unsafe.Pointer(nil), at)) = v }

// textAt is the address of a constant, which has to end with a NUL.
//
//go:nosplit
//go:norace
//go:nocheckptr
func textAt(s string) uintptr { return uintptr(unsafe.Pointer(unsafe.StringData(s))) }

//go:nosplit
//go:norace
//go:nocheckptr
func hexDigit(d byte) byte {
	if d < 10 {
		return '0' + d
	}
	return 'a' - 10 + d
}

//go:nosplit
//go:norace
//go:nocheckptr
func mix(sum, next uint64) uint64 {
	sum = (sum ^ next) * 0x9e3779b97f4a7c15
	return sum ^ sum>>29
}

//go:nosplit
//go:norace
//go:nocheckptr
func nanoseconds(t *unix.StatxTimestamp) uint64 { return uint64(t.Sec)*1e9 + uint64(t.Nsec) }

// textLen is the length of a text without its NUL.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func textLen(text uintptr) uintptr {
	var n uintptr

	for byteAt(text+n) != 0 {
		n++
	}
	return n
}

// hasPrefix compares a text with a constant that ends with nothing.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func hasPrefix(text uintptr, prefix string) bool {
	var i uintptr

	for ; i < uintptr(len(prefix)); i++ {
		if byteAt(text+i) != byteAt(textAt(prefix)+i) { // no byte behind a NUL is read: it is not equal
			return false
		}
	}
	return true
}

// hashText adds a text with its NUL to a key.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func hashText(key uint64, text uintptr) uint64 {
	for byteAt(text) != 0 {
		key = mix(key, uint64(byteAt(text)))
		text++
	}
	return mix(key, 0)
}

// setPath puts a text and a constant that ends with a NUL into ahead.path. It
// returns false if they are too long.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func setPath(text uintptr, end string) bool {
	var n, i, to uintptr

	to = uintptr(unsafe.Pointer(&ahead.path))
	n = textLen(text)
	if n+uintptr(len(end)) > maxPath {
		return false
	}
	for i = 0; i < n; i++ {
		setByte(to+i, byteAt(text+i))
	}
	for i = 0; i < uintptr(len(end)); i++ {
		setByte(to+n+i, byteAt(textAt(end)+i))
	}
	return true
}

// nameRecord puts the name of a key's file into ahead.path; see recordName.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func nameRecord(key uint64) {
	var i, to uintptr

	to = uintptr(unsafe.Pointer(&ahead.path))
	for i = 0; i < 16; i++ {
		setByte(to+i, hexDigit(byte(key>>(60-4*i)&15)))
	}
	for i = 0; i <= uintptr(len(recordSuffix)); i++ {
		setByte(to+16+i, byteAt(textAt(recordSuffix+"\x00")+i))
	}
}

// recordSuffix ends the names of records.
const recordSuffix = ".begin"

// examine tells whether a descriptor is one of a file of this type that belongs
// to this user and on which nobody has one of these permissions.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func examine(fd uintptr, kind, forbidden uint16) bool {
	var errno syscall.Errno

	_, _, errno = syscall.RawSyscall6(unix.SYS_STATX, fd, textAt("\x00"), unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS, uintptr(unsafe.Pointer(&ahead.stat)), 0)
	return errno == 0 && ahead.stat.Mode&unix.S_IFMT == kind && ahead.stat.Mode&forbidden == 0 && uintptr(ahead.stat.Uid) == ahead.uid
}
