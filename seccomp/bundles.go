package seccomp

import "golang.org/x/sys/unix"

// The bundles @default, @netlink, @system-service and @sandbox: what kinds of programs
// need. Only they hold conditions.

// defaultMembers are the calls of @default that are harmless with any
// arguments. Absent on purpose, because they look into other processes, reach
// past every other guard, or have a history of holes out of proportion to
// their use: ptrace and its kin, bpf, perf_event_open, userfaultfd, io_uring,
// keyrings, everything about mounts, file handles, vmsplice, fanotify, setns,
// chroot, kexec, modules, clocks, the kernel log, and modify_ldt. A call that
// a later kernel adds is absent until it was looked at.
var defaultMembers = []string{
	"@aio", "@basic-io", "@chown", "@file-system", "@io-event", "@ipc", "@memlock", "@pkey", "@setuid", "@signal",
	"@sync", "@timer",

	// Memory and threads.
	"arch_prctl", "brk", "cacheflush", "futex", "futex_requeue", "futex_time64", "futex_wait", "futex_waitv",
	"futex_wake", "get_mempolicy", "get_robust_list", "get_thread_area", "get_tls", "getcpu", "madvise",
	"membarrier", "mincore", "mmap", "mmap2", "mprotect", "mremap", "mseal", "munmap", "rseq", "set_robust_list",
	"set_thread_area", "set_tid_address", "set_tls",

	// Processes: @process without what makes namespaces or changes the
	// execution domain.
	"capget", "capset", "execve", "execveat", "exit", "exit_group", "fork", "getpgid", "getpgrp", "getpid",
	"getppid", "getrusage", "getsid", "gettid", "kill", "pidfd_open", "pidfd_send_signal", "rt_sigqueueinfo",
	"rt_tgsigqueueinfo", "setpgid", "setsid", "tgkill", "times", "tkill", "vfork", "wait4", "waitid", "waitpid",

	// Identity, time and the machine, only asked for.
	"clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64", "clock_nanosleep",
	"clock_nanosleep_time64", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups",
	"getgroups32", "getrandom", "getresgid", "getresgid32", "getresuid", "getresuid32", "gettimeofday", "getuid",
	"getuid32", "nanosleep", "restart_syscall", "sysinfo", "time", "uname",

	// Priorities and limits: @resources without the placement of memory.
	"getpriority", "getrlimit", "ioprio_get", "ioprio_set", "nice", "prlimit64", "sched_get_priority_max",
	"sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler",
	"sched_rr_get_interval", "sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr",
	"sched_setparam", "sched_setscheduler", "sched_yield", "setpriority", "setrlimit", "ugetrlimit",

	// A program may confine itself further.
	"landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "seccomp",

	// Sockets: @network-io without the calls that choose what a socket is.
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recv",
	"recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "shutdown",
}

// cloneNamespaces are the flags of clone(2) that make namespaces. CLONE_NEWTIME
// is not among them: its bit is part of the exit signal there.
const cloneNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// The part of socket(2)'s second argument that is the type; SOCK_CLOEXEC and
// SOCK_NONBLOCK lie above it (SOCK_TYPE_MASK in the kernel).
const socketType = 0xf

// TIOCLINUX steers the virtual console, pasting into it included
// (ioctl_console(2)).
const tiocLinux = 0x541c

// firstTableOption is where the socket options of the packet filter's tables
// begin (IPT_BASE_CTL, IP6T_BASE_CTL in the kernel's netfilter headers).
const firstTableOption = 64

// The conditions on socket(2) and socketpair(2).
var (
	isUnix      = Cond{Arg: 0, Op: "==", Value: unix.AF_UNIX, Width: 32}
	isInet      = Cond{Arg: 0, Op: "==", Value: unix.AF_INET, Width: 32}
	isInet6     = Cond{Arg: 0, Op: "==", Value: unix.AF_INET6, Width: 32}
	isNetlink   = Cond{Arg: 0, Op: "==", Value: unix.AF_NETLINK, Width: 32}
	isStream    = Cond{Arg: 1, Op: "&", Mask: socketType, Value: unix.SOCK_STREAM, Width: 32}
	isDatagram  = Cond{Arg: 1, Op: "&", Mask: socketType, Value: unix.SOCK_DGRAM, Width: 32}
	isPacket    = Cond{Arg: 1, Op: "&", Mask: socketType, Value: unix.SOCK_SEQPACKET, Width: 32}
	isRaw       = Cond{Arg: 1, Op: "&", Mask: socketType, Value: unix.SOCK_RAW, Width: 32}
	isProtocol0 = Cond{Arg: 2, Op: "==", Value: 0, Width: 32}
	isTCP       = Cond{Arg: 2, Op: "==", Value: unix.IPPROTO_TCP, Width: 32}
	isMPTCP     = Cond{Arg: 2, Op: "==", Value: unix.IPPROTO_MPTCP, Width: 32}
	isUDP       = Cond{Arg: 2, Op: "==", Value: unix.IPPROTO_UDP, Width: 32}
)

// defaultRules are the calls of @default that depend on their arguments.
// Arguments that the kernel declares as int or unsigned int are compared in
// their low half.
var defaultRules = []Rule{
	// Threads and children, without namespaces. The flags of clone3 lie in
	// memory, where no filter sees them: ENOSYS makes libc use clone.
	{Name: "clone", When: []Cond{{Arg: 0, Op: "&", Mask: cloneNamespaces, Width: 32}}},
	{Name: "clone3", Action: Errno, Errno: int(unix.ENOSYS)},
	{Name: "unshare", When: []Cond{{Arg: 0, Op: "&", Mask: cloneNamespaces | unix.CLONE_NEWTIME, Width: 64}}},

	// Pushing input into the terminal outlives the jail.
	{Name: "ioctl", When: []Cond{
		{Arg: 1, Op: "!=", Value: unix.TIOCSTI, Width: 32},
		{Arg: 1, Op: "!=", Value: tiocLinux, Width: 32},
	}},

	// The execution domain of Linux, or asking for the present one. Others
	// turn protections of memory off.
	{Name: "personality", When: []Cond{{Arg: 0, Op: "==", Value: 0, Width: 32}}},
	{Name: "personality", When: []Cond{{Arg: 0, Op: "==", Value: 0xffffffff, Width: 32}}},

	// Moving the boundaries of the own memory map serves checkpointing only.
	{Name: "prctl", When: []Cond{{Arg: 0, Op: "!=", Value: unix.PR_SET_MM, Width: 32}}},

	// Sockets: local ones of every ordinary type, TCP and UDP. No netlink, see
	// netlinkRules; no raw sockets, no ping sockets, and of the protocols that a
	// type can have only the ordinary one: not MPTCP, SCTP, DCCP or UDP-Lite.
	{Name: "socket", When: []Cond{isUnix, isStream}},
	{Name: "socket", When: []Cond{isUnix, isDatagram}},
	{Name: "socket", When: []Cond{isUnix, isPacket}},
	{Name: "socket", When: []Cond{isInet, isStream, isProtocol0}},
	{Name: "socket", When: []Cond{isInet, isStream, isTCP}},
	{Name: "socket", When: []Cond{isInet, isDatagram, isProtocol0}},
	{Name: "socket", When: []Cond{isInet, isDatagram, isUDP}},
	{Name: "socket", When: []Cond{isInet6, isStream, isProtocol0}},
	{Name: "socket", When: []Cond{isInet6, isStream, isTCP}},
	{Name: "socket", When: []Cond{isInet6, isDatagram, isProtocol0}},
	{Name: "socket", When: []Cond{isInet6, isDatagram, isUDP}},
	// A refused family fails as on a kernel without it, so that programs fall back: Go
	// to TCP without MPTCP, PAM to working without an audit daemon.
	{Name: "socket", When: []Cond{isInet, isStream, isMPTCP}, Action: Errno, Errno: int(unix.EPROTONOSUPPORT)},
	{Name: "socket", When: []Cond{isInet6, isStream, isMPTCP}, Action: Errno, Errno: int(unix.EPROTONOSUPPORT)},
	{Name: "socket", Action: Errno, Errno: int(unix.EAFNOSUPPORT)},
	{Name: "socketpair", When: []Cond{isUnix, isStream}},
	{Name: "socketpair", When: []Cond{isUnix, isDatagram}},
	{Name: "socketpair", When: []Cond{isUnix, isPacket}},

	// Socket options, by level. Missing are those that load programs into the
	// kernel, hand a connection to a kernel protocol (TLS, IPsec in UDP), or
	// write packet filter and IPsec tables.
	{Name: "setsockopt", When: []Cond{
		{Arg: 1, Op: "==", Value: unix.SOL_SOCKET, Width: 32},
		{Arg: 2, Op: "!=", Value: unix.SO_ATTACH_FILTER, Width: 32},
		{Arg: 2, Op: "!=", Value: unix.SO_ATTACH_BPF, Width: 32},
		{Arg: 2, Op: "!=", Value: unix.SO_ATTACH_REUSEPORT_CBPF, Width: 32},
		{Arg: 2, Op: "!=", Value: unix.SO_ATTACH_REUSEPORT_EBPF, Width: 32},
	}},
	{Name: "setsockopt", When: []Cond{
		{Arg: 1, Op: "==", Value: unix.SOL_TCP, Width: 32},
		{Arg: 2, Op: "!=", Value: unix.TCP_ULP, Width: 32},
	}},
	{Name: "setsockopt", When: []Cond{
		{Arg: 1, Op: "==", Value: unix.SOL_UDP, Width: 32},
		{Arg: 2, Op: "!=", Value: unix.UDP_ENCAP, Width: 32},
	}},
	{Name: "setsockopt", When: []Cond{
		{Arg: 1, Op: "==", Value: unix.SOL_IP, Width: 32},
		{Arg: 2, Op: "<", Value: firstTableOption, Width: 32},
		{Arg: 2, Op: "!=", Value: unix.IP_IPSEC_POLICY, Width: 32},
		{Arg: 2, Op: "!=", Value: unix.IP_XFRM_POLICY, Width: 32},
	}},
	{Name: "setsockopt", When: []Cond{
		{Arg: 1, Op: "==", Value: unix.SOL_IPV6, Width: 32},
		{Arg: 2, Op: "!=", Value: unix.IPV6_IPSEC_POLICY, Width: 32},
		{Arg: 2, Op: "!=", Value: unix.IPV6_XFRM_POLICY, Width: 32},
		{Arg: 2, Op: "!=", Value: firstTableOption, Width: 32},
		{Arg: 2, Op: "!=", Value: firstTableOption + 1, Width: 32},
	}},
	{Name: "setsockopt", When: []Cond{{Arg: 1, Op: "==", Value: unix.SOL_NETLINK, Width: 32}}},
}

// netlinkRules grant routing netlink, by which libraries list the interfaces of
// the network namespace. It is the way to the kernel's packet schedulers too,
// so a program without a network of its own gets by without it: resolvers do.
var netlinkRules = []Rule{
	{Name: "socket", When: []Cond{isNetlink, isRaw, isProtocol0}},
	{Name: "socket", When: []Cond{isNetlink, isDatagram, isProtocol0}},
}

// systemServiceMembers are @default and the calls that some daemons need and
// that the rest can do without.
var systemServiceMembers = []string{
	"@default", "@keyring", "@resources", "name_to_handle_at", "process_madvise", "process_mrelease",
}

// sandboxMembers serve Chromium and Firefox, which put each of their child
// processes into a user namespace with nothing in it. Mounting is not part of
// it, nor is joining a namespace.
var sandboxMembers = []string{"chroot"}

// sandboxRules grant the namespaces that the browsers were seen to ask for, and
// no mount, UTS, cgroup or time namespace.
var sandboxRules = []Rule{
	{Name: "clone", When: []Cond{{
		Arg: 0, Op: "&", Mask: unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP, Width: 32,
	}}},
	{Name: "unshare", When: []Cond{{
		Arg: 0, Op: "&", Width: 64,
		Mask: cloneNamespaces&^(unix.CLONE_NEWUSER|unix.CLONE_NEWPID) | unix.CLONE_NEWTIME,
	}}},
}
