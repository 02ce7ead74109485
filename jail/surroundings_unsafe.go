package jail

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What a key of a record has beside the command line. The rules of headstart_unsafe.go are true here.

// terminalOf adds to a key what the jail's own terminal takes over from the
// caller's: settings, size, and whether this process is in its foreground.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func terminalOf(fd uintptr, key uint64) uint64 {
	var i, group uintptr
	var errno syscall.Errno

	group, _, errno = syscall.RawSyscall6(syscall.SYS_GETPGID, 0, 0, 0, 0, 0, 0)
	if errno == 0 && group == uintptr(ahead.pair[0]) {
		key = mix(key, 1)
	}
	for i = 0; i < terminalWords; i++ {
		setWord(uintptr(unsafe.Pointer(&ahead.terminal))+8*i, 0)
	}
	syscall.RawSyscall6(syscall.SYS_IOCTL, fd, unix.TCGETS, uintptr(unsafe.Pointer(&ahead.terminal)), 0, 0, 0)
	syscall.RawSyscall6(syscall.SYS_IOCTL, fd, unix.TIOCGWINSZ, uintptr(unsafe.Pointer(&ahead.terminal))+8*(terminalWords-1), 0, 0, 0)
	//nolint:modernize // as in child
	for i = 0; i < terminalWords; i++ {
		key = mix(key, uint64(word(uintptr(unsafe.Pointer(&ahead.terminal))+8*i)))
	}
	return key
}

// surroundings begins a key with what else a plan often differs in: the working
// directory, and what standard input, output and error are. It is 0 when one of those is closed.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func surroundings() uint64 {
	var fd, flags, length uintptr
	var key uint64
	var errno syscall.Errno

	key = 1
	//nolint:modernize // a range would declare a second fd
	for fd = 0; fd < 3; fd++ {
		flags, _, errno = syscall.RawSyscall6(syscall.SYS_FCNTL, fd, unix.F_GETFL, 0, 0, 0, 0)
		if errno != 0 {
			return 0
		}
		_, _, errno = syscall.RawSyscall6(unix.SYS_STATX, fd, textAt("\x00"), unix.AT_EMPTY_PATH, unix.STATX_TYPE, uintptr(unsafe.Pointer(&ahead.stat)), 0)
		if errno != 0 {
			return 0
		}
		key = mix(key, uint64(flags&(unix.O_ACCMODE|unix.O_PATH)))
		key = mix(key, uint64(ahead.stat.Mode&unix.S_IFMT))
		if ahead.stat.Mode&unix.S_IFMT == unix.S_IFCHR {
			_, _, errno = syscall.RawSyscall6(syscall.SYS_IOCTL, fd, unix.TIOCGPGRP, uintptr(unsafe.Pointer(&ahead.pair)), 0, 0, 0)
			key = mix(key, uint64(errno))
			if errno == 0 {
				key = terminalOf(fd, key)
			}
		}
	}
	length, _, errno = syscall.RawSyscall6(syscall.SYS_GETCWD, uintptr(unsafe.Pointer(&ahead.path)), maxPath, 0, 0, 0, 0)
	if errno != 0 || length == 0 {
		return 0
	}
	return hashText(key, uintptr(unsafe.Pointer(&ahead.path)))
}
