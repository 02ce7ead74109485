package probe

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// int80 makes a syscall without arguments by the 32-bit way into the kernel.
//
//go:noescape
func int80(number uintptr) (result uintptr)

// foreign makes a call by the 32-bit way. A jail that does not accept it ends
// the process.
func foreign(number int) string {
	result := int32(int80(uintptr(number)))
	if result < 0 && result > -4096 {
		return orError("", unix.Errno(-result))
	}
	return strconv.Itoa(int(result))
}
