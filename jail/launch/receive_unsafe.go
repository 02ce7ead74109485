package launch

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// receiveMessage is recvmsg(2) into buf and oob, repeated after a signal.
func receiveMessage(fd int, buf, oob []byte) (n, oobn int, errno syscall.Errno) {
	iov := unix.Iovec{Base: &buf[0], Len: uint64(len(buf))}
	for {
		msg := unix.Msghdr{Iov: &iov, Iovlen: 1, Control: &oob[0], Controllen: uint64(len(oob))}
		r, _, e := syscall.Syscall(syscall.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), unix.MSG_CMSG_CLOEXEC)
		if e == syscall.EINTR {
			continue
		}
		return int(r), int(msg.Controllen), e
	}
}
