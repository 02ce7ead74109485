package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// junk are bits of an argument that the kernel does not look at: the upper half
// of an int.
const junk = 0xa5a5a5a5 << 32

// wide makes calls that a filter judges by their arguments, with junk in those,
// and prints the name of each that the kernel made.
func wide() error {
	for _, c := range []struct {
		name       string
		number     uintptr
		a, b, c, d uintptr
	}{
		{"a netlink socket", unix.SYS_SOCKET, unix.AF_NETLINK | junk, unix.SOCK_RAW | junk, junk, 0},
		{"a multipath socket", unix.SYS_SOCKET, unix.AF_INET | junk, unix.SOCK_STREAM | junk, unix.IPPROTO_MPTCP | junk, 0},
		{"a personality", unix.SYS_PERSONALITY, addrNoRandomize | junk, 0, 0, 0},
		{"a user namespace", unix.SYS_CLONE, unix.CLONE_NEWUSER | uintptr(unix.SIGCHLD) | junk, 0, 0, 0},
	} {
		r, _, errno := unix.RawSyscall6(c.number, c.a, c.b, c.c, c.d, 0, 0)
		if c.number == unix.SYS_CLONE && r == 0 && errno == 0 {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0) // the child
		}
		if errno == 0 {
			fmt.Println(c.name)
		}
	}
	return nil
}

// addrNoRandomize is ADDR_NO_RANDOMIZE of personality(2).
const addrNoRandomize = 0x0040000
