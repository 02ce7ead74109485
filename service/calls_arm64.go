package service

import "golang.org/x/sys/unix"

const statCall = unix.SYS_FSTATAT

// nativeCalls are those that other machines do not have.
func nativeCalls() []uint32 { return nil }

// programCalls are those of programs of the host that other machines do not have: none.
func programCalls() []uint32 { return nil }
