package service

import "golang.org/x/sys/unix"

const statCall = unix.SYS_NEWFSTATAT

// nativeCalls are those that other machines do not have.
func nativeCalls() []uint32 {
	return []uint32{unix.SYS_POLL, unix.SYS_EPOLL_WAIT, unix.SYS_ARCH_PRCTL, unix.SYS_ACCESS, unix.SYS_READLINK}
}

// programCalls are those of programs of the host that other machines do not have.
func programCalls() []uint32 {
	return []uint32{
		unix.SYS_OPEN, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_UNLINK, unix.SYS_LINK, unix.SYS_RENAME, unix.SYS_MKDIR, unix.SYS_CHMOD, unix.SYS_GETDENTS,
		unix.SYS_DUP2, unix.SYS_PIPE, unix.SYS_SELECT, unix.SYS_EPOLL_CREATE, unix.SYS_VFORK, unix.SYS_GETPGRP, unix.SYS_ALARM, unix.SYS_TIME,
	}
}
