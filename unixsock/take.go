package unixsock

import (
	"bytes"
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// pidfdThread has pidfd_open(2) take a thread (PIDFD_THREAD, Linux 6.9).
const pidfdThread = unix.O_EXCL

// takeSocket copies the descriptor that a thread named. An older kernel gives
// only those of the thread's process, which are the same but for a thread that
// was made without CLONE_FILES: it gets what its process has under the number.
//
// It does not matter which descriptor was copied: the copy is judged, and connected.
func (s *Server) takeSocket(call *Call) (int, unix.Errno) {
	if call.Thread <= 0 {
		return -1, unix.EPERM // it is in no PID namespace below ours
	}
	process, err := unix.PidfdOpen(call.Thread, pidfdThread)
	if errors.Is(err, unix.EINVAL) {
		process, err = unix.PidfdOpen(processOf(s.kernel, call.Thread), 0)
	}
	if err != nil {
		return -1, errnoOf(err)
	}
	defer func() { _ = unix.Close(process) }()
	if !s.kernel.Waits(s.listener, call.ID) {
		return -1, unix.ESRCH // it ended; see begin
	}
	fd, err := unix.PidfdGetfd(process, call.Socket, 0)
	if err != nil {
		return -1, errnoOf(err)
	}
	return fd, 0
}

// processOf is the process of a thread, 0 when it is gone (proc_pid_status(5)).
func processOf(k Kernel, thread int) int {
	dir, err := unix.Open("/proc/"+strconv.Itoa(thread), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer func() { _ = unix.Close(dir) }()
	fd, errno := k.OpenStatus(dir)
	if errno != 0 {
		return 0
	}
	defer func() { _ = unix.Close(fd) }()
	var buf [1024]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(buf[:n], []byte("\nTgid:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	pid, _ := strconv.Atoi(string(bytes.TrimSpace(line)))
	return pid
}

// maxLength is the longest address that the kernel takes, of any family
// (struct sockaddr_storage).
const maxLength = 128

// readAddress copies the address out of a thread's memory, once.
func readAddress(call *Call) ([]byte, unix.Errno) {
	if call.Length < 0 || call.Length > maxLength {
		return nil, unix.EINVAL
	}
	if call.Length == 0 {
		return nil, 0
	}
	address := make([]byte, call.Length)
	local := []unix.Iovec{{Base: &address[0]}}
	local[0].SetLen(len(address))
	remote := []unix.RemoteIovec{{Base: uintptr(call.At), Len: len(address)}}
	n, err := unix.ProcessVMReadv(call.Thread, local, remote, 0)
	if err != nil {
		return nil, errnoOf(err)
	}
	if n != len(address) {
		return nil, unix.EFAULT
	}
	return address, 0
}

// networkOf identifies the network namespace of a socket. A kernel that can't
// tell (before Linux 5.14) gives 0.
func networkOf(socket int) uint64 {
	cookie, _ := unix.GetsockoptUint64(socket, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	return cookie
}

// ownNetwork identifies the network namespace of this process, 0 when it
// cannot be told.
func ownNetwork() uint64 {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer func() { _ = unix.Close(fd) }()
	return networkOf(fd)
}
