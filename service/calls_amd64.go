package service

import "golang.org/x/sys/unix"

const statCall = unix.SYS_NEWFSTATAT

// nativeCalls are those that other machines do not have.
func nativeCalls() []uint32 {
	return []uint32{unix.SYS_POLL, unix.SYS_EPOLL_WAIT, unix.SYS_ARCH_PRCTL, unix.SYS_ACCESS, unix.SYS_READLINK}
}
