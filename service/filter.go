package service

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/allowlist"
)

// usual is room for the rules of a filter.
const usual = 80

// families are kinds of sockets that a service makes.
type families byte

const (
	internet families = 1 << iota // of the network
	local                         // of Unix sockets
)

// filter is that of a service: the Go runtime, and what can be done with descriptors
// that are sockets. It makes no process, and no sockets but of the families that it may have. Until it serves, it is a program that starts: it is executed and loaded.
func filter(makes families, serves bool) []byte {
	p := allowlist.New(usual)
	p.Allow(allowlist.Runtime()...)
	p.Allow(nativeCalls()...)
	p.Allow(
		unix.SYS_READV, unix.SYS_RECVFROM, unix.SYS_SENDTO, unix.SYS_RECVMSG, unix.SYS_SENDMSG, unix.SYS_ACCEPT4, unix.SYS_SHUTDOWN,
		unix.SYS_GETSOCKNAME, unix.SYS_GETPEERNAME, unix.SYS_GETSOCKOPT, unix.SYS_SETSOCKOPT, unix.SYS_SPLICE, unix.SYS_PIPE2,
		unix.SYS_FSTAT, unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID, unix.SYS_UNAME,
	)
	p.AllowThreads()
	p.AllowValues(unix.SYS_FCNTL, 1, unix.F_GETFL, unix.F_SETFL, unix.F_GETFD, unix.F_SETFD, unix.F_DUPFD_CLOEXEC, unix.F_GETPIPE_SZ, unix.F_SETPIPE_SZ)
	p.AllowValues(unix.SYS_PRCTL, 0, unix.PR_SET_VMA, unix.PR_SET_NO_NEW_PRIVS, unix.PR_SET_DUMPABLE)
	p.AllowIf(unix.SYS_TGKILL, allowlist.Is(0, first)) // the service is the only program there is
	var domains []uint32
	if makes&internet != 0 {
		domains = append(domains, unix.AF_INET, unix.AF_INET6)
		p.Allow(unix.SYS_BIND)
	}
	if makes&local != 0 {
		domains = append(domains, unix.AF_UNIX)
	}
	if len(domains) > 0 {
		p.AllowValues(unix.SYS_SOCKET, 0, domains...)
		p.Allow(unix.SYS_CONNECT)
	}
	if serves {
		p.AllowIf(unix.SYS_MMAP, allowlist.Lacks(2, unix.PROT_EXEC))
		p.AllowIf(unix.SYS_MPROTECT, allowlist.Lacks(2, unix.PROT_EXEC))
		return p.Otherwise()
	}
	p.Allow(
		unix.SYS_EXECVE, unix.SYS_SECCOMP, unix.SYS_MMAP, unix.SYS_MPROTECT, unix.SYS_OPENAT, unix.SYS_PREAD64, statCall, unix.SYS_READLINKAT,
		unix.SYS_FACCESSAT, unix.SYS_SET_TID_ADDRESS, unix.SYS_LSEEK, unix.SYS_GETDENTS64, unix.SYS_GETCWD,
	)
	p.AllowIf(unix.SYS_PRLIMIT64, allowlist.Is(0, 0))
	return p.Otherwise()
}

// first is the number of the service's process: that of a jail's program.
const first = 2
