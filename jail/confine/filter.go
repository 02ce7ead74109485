package confine

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/allowlist"
)

// Needs are the tasks that the launcher still has.
type Needs struct {
	Init, Program int // the processes that it may signal, and the program's group
	// Connects: it makes the jail's connections. They are made as User where that is
	// not 0.
	Connects bool
	User     int
	Terminal bool // it relays one
	// Frees: it takes away what is made in names that are kept free, in or below the
	// directories Renames.
	Frees   bool
	Renames []string
	// Reports are directories in which it looks for what has changed.
	Reports []string
	// Lists: it lists directories that are open already.
	Lists bool
	// Removes are the directories beneath which it removes files. Where the launcher
	// connects they mean nothing: see Enter.
	Removes []string
}

// usual is room for the rules of a filter.
const usual = 72

// filter is the launcher's. It allows what the Go runtime needs in a process that
// starts no further one, and what is left to do. The file system can be looked at
// (O_PATH, readlink, stat) where that is needed, but nothing can be opened for reading
// or writing, made or executed. No socket can be made.
func filter(n *Needs, self int, fixed uint32, names []uint32) []byte {
	p := allowlist.New(usual)
	p.Allow(nativeCalls()...)
	p.Allow(allowlist.Runtime()...)
	p.Allow(unix.SYS_WAIT4, unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_GETPGID, unix.SYS_UNLINKAT, unix.SYS_FLOCK)
	memory(p, fixed)
	p.AllowThreads()
	p.AllowValues(unix.SYS_KILL, 0, 0, uint32(n.Init), uint32(-n.Program), uint32(self))
	p.AllowValues(unix.SYS_TGKILL, 0, uint32(self))
	p.AllowIf(unix.SYS_PRLIMIT64, allowlist.Is(0, 0)) // see Process.EndLikeProgram
	p.AllowValues(unix.SYS_PRCTL, 0, unix.PR_SET_VMA, unix.PR_SET_DUMPABLE)
	p.AllowValues(unix.SYS_FCNTL, 1, unix.F_GETFL, unix.F_SETFL, unix.F_OFD_SETLK, unix.F_OFD_GETLK, unix.F_NOTIFY)
	requests := []uint32{unix.TCGETS}
	if n.Terminal {
		requests = append(requests, unix.TCSETS, unix.TIOCGWINSZ, unix.TIOCSWINSZ, unix.TIOCGPGRP)
	}
	if n.Connects {
		requests = append(requests, notifReceive, notifAnswer, notifWaits)
		connecting(p, n.User, fixed)
	}
	p.AllowValues(unix.SYS_IOCTL, 1, requests...)
	if n.Connects || n.Frees || len(n.Reports) > 0 {
		looking(p)
	}
	if n.Lists {
		p.Allow(unix.SYS_GETDENTS64)
	}
	if n.Frees || len(n.Reports) > 0 {
		listing(p, n.Lists)
	}
	if n.Frees {
		p.Allow(unix.SYS_RENAMEAT2)
	}
	if len(names) > 0 {
		naming(p, fixed, names)
	}
	return p.Otherwise()
}

// Requests of ioctl(2) by which calls of the jail are received and answered
// (include/uapi/linux/seccomp.h).
const (
	notifReceive = 0xc0502100 // SECCOMP_IOCTL_NOTIF_RECV
	notifAnswer  = 0xc0182101 // SECCOMP_IOCTL_NOTIF_SEND
	notifWaits   = 0x40082102 // SECCOMP_IOCTL_NOTIF_ID_VALID
)

// memory allows what an allocator needs: no code, and nothing in the place of the
// fixed page. Whatever is shorter than 4 GiB and begins neither in its 4 GiB nor in
// those before does not reach it.
func memory(p *allowlist.Program, fixed uint32) {
	elsewhere := []allowlist.Condition{allowlist.HighIs(1, 0)}
	if fixed != 0 {
		elsewhere = append(elsewhere, allowlist.HighIsNot(0, fixed-1), allowlist.HighIsNot(0, fixed))
	}
	noCode := append(slices.Clip(elsewhere), allowlist.Lacks(2, unix.PROT_EXEC))
	p.AllowIf(unix.SYS_MMAP, noCode...)
	p.AllowIf(unix.SYS_MPROTECT, noCode...)
	p.AllowIf(unix.SYS_MUNMAP, elsewhere...)
	p.AllowIf(unix.SYS_MADVISE, elsewhere...)
}

// looking allows to find a file, without being able to read it.
func looking(p *allowlist.Program) {
	p.Allow(statCall, unix.SYS_READLINKAT, unix.SYS_PIDFD_OPEN)
	p.AllowIf(unix.SYS_OPENAT, allowlist.Has(2, unix.O_PATH))
}

// listing allows to read directories, and nothing else: such a flag of openat(2) makes
// no file and opens none.
func listing(p *allowlist.Program, lists bool) {
	p.AllowIf(unix.SYS_OPENAT, allowlist.Has(2, unix.O_DIRECTORY), allowlist.Lacks(2, unix.O_CREAT|unix.O_TMPFILE&^unix.O_DIRECTORY|unix.O_WRONLY|unix.O_RDWR))
	if !lists {
		p.Allow(unix.SYS_GETDENTS64)
	}
}

// naming allows to open files for reading that have one of a few names, which are in the
// fixed page, and to hand them to a service (SCM_RIGHTS of unix(7)).
func naming(p *allowlist.Program, fixed uint32, names []uint32) {
	p.Allow(unix.SYS_FSTAT, unix.SYS_SENDMSG)
	for _, name := range names {
		p.AllowIf(unix.SYS_OPENAT, allowlist.HighIs(1, fixed), allowlist.Is(1, name), allowlist.Is(2, readFlags))
	}
}

// connecting allows what package unixsock does. Where openat2(2) takes its flags from
// is memory, which no filter sees; they count when that memory is the fixed page.
func connecting(p *allowlist.Program, user int, fixed uint32) {
	p.Allow(unix.SYS_CONNECT, unix.SYS_PIDFD_GETFD, unix.SYS_PROCESS_VM_READV, unix.SYS_GETSOCKOPT, unix.SYS_STATX)
	p.AllowIf(unix.SYS_OPENAT2, allowlist.HighIs(2, fixed), allowlist.Is(2, howAt), allowlist.Is(3, howSize))
	p.AllowIf(unix.SYS_OPENAT, allowlist.HighIs(1, fixed), allowlist.Is(1, statusAt), allowlist.Is(2, statusFlags))
	if user > 0 {
		p.Allow(unix.SYS_SETGROUPS, unix.SYS_SETRESGID, unix.SYS_SETRESUID, unix.SYS_CAPSET)
	}
}
