package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inject tries ioctl(2) with a request on every terminal that it can reach:
// its standard descriptors, /dev/tty, and what /dev/pts lists. It prints the outcome
// of each. With "i386:" before the request, it calls as a 32-bit program would.
func inject(text string) error {
	call := ioctl
	if rest, ok := cutPrefix(text, "i386:"); ok {
		text, call = rest, ioctl32
	}
	request, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return err
	}
	names, _ := filepath.Glob("/dev/pts/[0-9]*")
	for _, name := range append([]string{"/dev/tty"}, names...) {
		fd, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			fmt.Println(name, "not opened:", err)
			continue
		}
		fmt.Println(name, outcome(call(fd, uintptr(request))))
	}
	for fd := range 3 {
		fmt.Println(fd, outcome(call(fd, uintptr(request))))
	}
	return nil
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || s[:len(prefix)] != prefix {
		return s, false
	}
	return s[len(prefix):], true
}

func outcome(errno unix.Errno) string {
	if errno == 0 {
		return "OK"
	}
	return unix.ErrnoName(errno)
}

// bait is what is typed.
const bait = 'x'

func ioctl(fd int, request uintptr) unix.Errno {
	c := byte(bait)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&c)))
	return errno
}

// ioctl32 is ioctl(2) by the interface of 32-bit programs.
func ioctl32(fd int, request uintptr) unix.Errno {
	low, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|map32)
	if err != nil {
		return unix.ENOMEM
	}
	low[0] = bait
	const number = 54
	r := int80(number, uint32(fd), uint32(request), uint32(uintptr(unsafe.Pointer(&low[0]))))
	return unix.Errno(-min(r, 0))
}

// map32 is MAP_32BIT of mmap(2), which arm64 does not have.
const map32 = 0x40

// int80 makes a 32-bit system call.
func int80(number, a, b, c uint32) (r int32)
