package service

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/allowlist"
)

// programFilter is that of a program of the host, which may be an X server: it starts the
// compiler for keyboards by a shell, has files and memory, and talks by Unix sockets. It
// makes no namespaces, no other sockets, and loads nothing into the kernel.
func programFilter() []byte {
	p := allowlist.New(2 * usual)
	p.Allow(allowlist.Runtime()...)
	p.Allow(nativeCalls()...)
	p.Allow(programCalls()...)
	// Files and memory.
	p.Allow(
		unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MREMAP, unix.SYS_MADVISE, unix.SYS_MINCORE, unix.SYS_MSYNC, unix.SYS_MEMBARRIER,
		unix.SYS_MEMFD_CREATE, unix.SYS_FALLOCATE, unix.SYS_FTRUNCATE, unix.SYS_OPENAT, unix.SYS_LSEEK, unix.SYS_READV, unix.SYS_PREAD64, unix.SYS_PWRITE64,
		statCall, unix.SYS_FSTAT, unix.SYS_STATX, unix.SYS_STATFS, unix.SYS_FSTATFS, unix.SYS_GETDENTS64, unix.SYS_READLINKAT, unix.SYS_FACCESSAT, unix.SYS_FACCESSAT2,
		unix.SYS_UNLINKAT, unix.SYS_RENAMEAT2, unix.SYS_MKDIRAT, unix.SYS_LINKAT, unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_UTIMENSAT, unix.SYS_FSYNC, unix.SYS_FADVISE64, unix.SYS_FLOCK,
		unix.SYS_FCNTL, unix.SYS_DUP, unix.SYS_DUP3, unix.SYS_PIPE2, unix.SYS_CHDIR, unix.SYS_GETCWD, unix.SYS_UMASK,
	)
	// Time, and waiting.
	p.Allow(
		unix.SYS_SETITIMER, unix.SYS_GETITIMER, unix.SYS_PSELECT6, unix.SYS_CLOCK_GETRES, unix.SYS_TIMERFD_CREATE, unix.SYS_TIMERFD_SETTIME, unix.SYS_SIGNALFD4,
		unix.SYS_RT_SIGSUSPEND, unix.SYS_RT_SIGTIMEDWAIT, unix.SYS_INOTIFY_INIT1, unix.SYS_INOTIFY_ADD_WATCH, unix.SYS_INOTIFY_RM_WATCH,
	)
	// Processes. Signals do not leave the PID namespace, and ids have nothing to change to.
	p.Allow(
		unix.SYS_EXECVE, unix.SYS_WAIT4, unix.SYS_WAITID, unix.SYS_KILL, unix.SYS_TGKILL, unix.SYS_SETPGID, unix.SYS_GETPGID, unix.SYS_GETPPID, unix.SYS_SETSID, unix.SYS_GETSID,
		unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID, unix.SYS_GETRESUID, unix.SYS_GETRESGID, unix.SYS_GETGROUPS,
		unix.SYS_SETUID, unix.SYS_SETGID, unix.SYS_SETRESUID, unix.SYS_SETRESGID, unix.SYS_UNAME, unix.SYS_SYSINFO, unix.SYS_GETRUSAGE, unix.SYS_TIMES,
		unix.SYS_SET_TID_ADDRESS, unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_GETPARAM, unix.SYS_SCHED_GETSCHEDULER, unix.SYS_GETPRIORITY, unix.SYS_SECCOMP, unix.SYS_PRCTL,
	)
	p.AllowIf(unix.SYS_PRLIMIT64, allowlist.Is(0, 0))
	p.AllowIf(unix.SYS_CLONE, allowlist.Lacks(0, unix.CLONE_NEWNS|unix.CLONE_NEWCGROUP|unix.CLONE_NEWUTS|unix.CLONE_NEWIPC|unix.CLONE_NEWUSER|unix.CLONE_NEWPID|unix.CLONE_NEWNET))
	p.Refuse(unix.SYS_CLONE3, unix.ENOSYS) // flags in memory; callers fall back to clone
	// Unix sockets.
	p.AllowValues(unix.SYS_SOCKET, 0, unix.AF_UNIX)
	p.AllowValues(unix.SYS_SOCKETPAIR, 0, unix.AF_UNIX)
	p.Allow(
		unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT, unix.SYS_ACCEPT4, unix.SYS_SHUTDOWN, unix.SYS_RECVFROM, unix.SYS_SENDTO, unix.SYS_RECVMSG, unix.SYS_SENDMSG,
		unix.SYS_GETSOCKNAME, unix.SYS_GETPEERNAME, unix.SYS_GETSOCKOPT, unix.SYS_SETSOCKOPT,
	)
	return p.Otherwise()
}
