package launch

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/confine"
	"github.com/jail-project/jail/unixsock"
)

// notifications makes the syscalls of seccomp_unotify(2), and connect(2) with the bytes
// of an address. Two of them may block, and the runtime is told, so that it runs other
// goroutines and can stop them all: connect(2), and Receive, if the thread that asked was
// killed since poll(2).
type notifications struct {
	user int // the outer id of a jail of root; 0 for the caller's own
}

// Requests of ioctl(2), include/uapi/linux/seccomp.h.
const (
	notifReceive = 0xc0502100 // SECCOMP_IOCTL_NOTIF_RECV
	notifAnswer  = 0xc0182101 // SECCOMP_IOCTL_NOTIF_SEND
	notifWaits   = 0x40082102 // SECCOMP_IOCTL_NOTIF_ID_VALID
)

// notifResponse is struct seccomp_notif_resp.
type notifResponse struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

func (notifications) Receive(listener int, buf *[unixsock.NotificationSize]byte) syscall.Errno {
	_, _, errno := syscall.Syscall(unix.SYS_IOCTL, uintptr(listener), notifReceive, uintptr(unsafe.Pointer(buf)))
	return errno
}

func (notifications) Answer(listener int, id uint64, result syscall.Errno) syscall.Errno {
	response := notifResponse{id: id, errno: -int32(result)}
	_, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(listener), notifAnswer, uintptr(unsafe.Pointer(&response)))
	return errno
}

func (notifications) Waits(listener int, id uint64) bool {
	_, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(listener), notifWaits, uintptr(unsafe.Pointer(&id)))
	return errno == 0
}

func (notifications) Connect(socket int, address []byte) syscall.Errno {
	var at unsafe.Pointer
	if len(address) > 0 {
		at = unsafe.Pointer(&address[0])
	}
	_, _, errno := syscall.Syscall(unix.SYS_CONNECT, uintptr(socket), uintptr(at), uintptr(len(address)))
	return errno
}

func (notifications) OpenInRoot(root int, name string) (int, syscall.Errno) {
	return confine.OpenInRoot(root, name)
}

func (notifications) OpenStatus(process int) (int, syscall.Errno) {
	return confine.OpenStatus(process)
}

// Become gives the calling thread of root's launcher the jail's user and group, and
// leaves it one capability, for reading the memory of another user's process. The raw
// syscalls setresuid(2) and its kin change the calling thread alone.
func (n notifications) Become() error {
	if n.user <= 0 {
		return nil
	}
	id, keep := uintptr(n.user), ^uintptr(0)
	for _, call := range [...][4]uintptr{
		{unix.SYS_SETGROUPS, 0, 0, 0},
		{unix.SYS_SETRESGID, keep, id, keep},
		{unix.SYS_SETRESUID, keep, id, keep},
	} {
		if _, _, errno := syscall.RawSyscall(call[0], call[1], call[2], call[3]); errno != 0 {
			return errno
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	const needed = 1 << unix.CAP_SYS_PTRACE
	data := [2]unix.CapUserData{{Effective: needed, Permitted: needed}}
	return unix.Capset(&header, &data[0])
}
