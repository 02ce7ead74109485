package seccomp

// groupTable is sorted by name. The families carry the names that systemd
// made common (systemd.exec(5), SystemCallFilter=); what is in them is our
// own choice. They hold plain names only, so that denying one removes its
// members whatever their arguments are. Calls of 32-bit ABIs stand beside
// their 64-bit twins. The multiplexers socketcall and ipc of 32-bit x86 are in
// no family: what they do is decided by the calls behind them.
var groupTable = [...]group{
	{name: "@aio", doc: "asynchronous i/o by io_setup and its kin", members: []string{
		"io_cancel", "io_destroy", "io_getevents", "io_pgetevents", "io_pgetevents_time64", "io_setup", "io_submit",
	}},
	{name: "@basic-io", doc: "reading, writing, seeking and duplicating open files", members: []string{
		"_llseek", "close", "close_range", "dup", "dup2", "dup3", "lseek", "pread64", "preadv", "preadv2", "pwrite64",
		"pwritev", "pwritev2", "read", "readv", "write", "writev",
	}},
	{name: "@chown", doc: "changing the owner of files", members: []string{
		"chown", "chown32", "fchown", "fchown32", "fchownat", "lchown", "lchown32",
	}},
	{name: "@clock", doc: "setting the system clocks", members: []string{
		"adjtimex", "clock_adjtime", "clock_adjtime64", "clock_settime", "clock_settime64", "settimeofday", "stime",
	}},
	{name: "@cpu-emulation", doc: "segments and modes of older processors", members: []string{
		"modify_ldt", "vm86", "vm86old",
	}},
	{name: "@debug", doc: "looking into other processes and measuring them", members: []string{
		"kcmp", "lookup_dcookie", "perf_event_open", "pidfd_getfd", "process_vm_readv", "process_vm_writev", "ptrace",
		"uprobe", "uretprobe",
	}},
	{name: "@default", doc: "what ordinary programs need", members: defaultMembers, rules: defaultRules},
	{name: "@file-system", doc: "files and directories by name, and their attributes", members: []string{
		"access", "arm_fadvise64_64", "cachestat", "chdir", "chmod", "copy_file_range", "creat", "faccessat",
		"faccessat2", "fadvise64", "fadvise64_64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fcntl",
		"fcntl64", "fgetxattr", "file_getattr", "file_setattr", "flistxattr", "flock", "fremovexattr", "fsetxattr",
		"fstat", "fstat64", "fstatat64", "fstatfs", "fstatfs64", "ftruncate", "ftruncate64", "futimesat", "getcwd",
		"getdents", "getdents64", "getxattr", "getxattrat", "inotify_add_watch", "inotify_init", "inotify_init1",
		"inotify_rm_watch", "lgetxattr", "link", "linkat", "listxattr", "listxattrat", "llistxattr", "lremovexattr",
		"lsetxattr", "lstat", "lstat64", "mkdir", "mkdirat", "mknod", "mknodat", "newfstatat", "oldfstat", "oldlstat",
		"oldstat", "open", "openat", "openat2", "readahead", "readdir", "readlink", "readlinkat", "removexattr",
		"removexattrat", "rename", "renameat", "renameat2", "rmdir", "sendfile", "sendfile64", "setxattr",
		"setxattrat", "splice", "stat", "stat64", "statfs", "statfs64", "statx", "symlink", "symlinkat", "tee",
		"truncate", "truncate64", "umask", "unlink", "unlinkat", "utime", "utimensat", "utimensat_time64", "utimes",
	}},
	{name: "@io-event", doc: "waiting for files to become ready", members: []string{
		"_newselect", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait",
		"eventfd", "eventfd2", "poll", "ppoll", "ppoll_time64", "pselect6", "pselect6_time64", "select",
	}},
	{name: "@io-uring", doc: "io_uring, whose operations no filter sees", members: []string{
		"io_uring_enter", "io_uring_register", "io_uring_setup",
	}},
	{name: "@ipc", doc: "pipes, shared memory, semaphores and message queues", members: []string{
		"memfd_create", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64",
		"mq_timedsend", "mq_timedsend_time64", "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "pipe", "pipe2",
		"semctl", "semget", "semop", "semtimedop", "semtimedop_time64", "shmat", "shmctl", "shmdt", "shmget",
	}},
	{name: "@keyring", doc: "the kernel's keyrings", members: []string{"add_key", "keyctl", "request_key"}},
	{name: "@memlock", doc: "locking memory", members: []string{
		"mlock", "mlock2", "mlockall", "munlock", "munlockall",
	}},
	{name: "@module", doc: "loading and removing kernel modules", members: []string{
		"delete_module", "finit_module", "init_module",
	}},
	{name: "@mount", doc: "mounting, and changing the root directory", members: []string{
		"chroot", "fsconfig", "fsmount", "fsopen", "fspick", "listmount", "mount", "mount_setattr", "move_mount",
		"open_tree", "open_tree_attr", "pivot_root", "statmount", "umount", "umount2",
	}},
	{name: "@netlink", doc: "listing network interfaces and routes (NETLINK_ROUTE)", rules: netlinkRules},
	{name: "@network-io", doc: "sockets of every family", members: []string{
		"accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recv",
		"recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt",
		"shutdown", "socket", "socketpair",
	}},
	{name: "@obsolete", doc: "calls without a use today", members: []string{
		"_sysctl", "afs_syscall", "bdflush", "break", "create_module", "epoll_ctl_old", "epoll_wait_old", "ftime",
		"get_kernel_syms", "getpmsg", "gtty", "idle", "lock", "mpx", "nfsservctl", "oldolduname", "olduname", "prof",
		"profil", "putpmsg", "query_module", "security", "sgetmask", "ssetmask", "stty", "sysfs", "tuxcall", "ulimit",
		"uselib", "ustat", "vserver",
	}},
	{name: "@pkey", doc: "memory protection keys", members: []string{"pkey_alloc", "pkey_free", "pkey_mprotect"}},
	{name: "@privileged", doc: "calls that need a capability to have an effect", members: []string{
		"@chown", "@clock", "@module", "@mount", "@raw-io", "@reboot", "@setuid", "@swap", "_sysctl", "acct", "bpf",
		"capset", "fanotify_init", "fanotify_mark", "lookup_dcookie", "nfsservctl", "open_by_handle_at",
		"perf_event_open", "quotactl", "quotactl_fd", "setdomainname", "sethostname", "setns", "syslog", "vhangup",
	}},
	{name: "@process", doc: "starting, controlling and ending processes, namespaces included", members: []string{
		"capget", "capset", "clone", "clone3", "execve", "execveat", "exit", "exit_group", "fork", "getpgid",
		"getpgrp", "getpid", "getppid", "getrusage", "getsid", "gettid", "kill", "personality", "pidfd_open",
		"pidfd_send_signal", "prctl", "process_madvise", "process_mrelease", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
		"setns", "setpgid", "setsid", "tgkill", "times", "tkill", "unshare", "vfork", "wait4", "waitid", "waitpid",
	}},
	{name: "@raw-io", doc: "i/o ports and the PCI configuration", members: []string{
		"ioperm", "iopl", "pciconfig_iobase", "pciconfig_read", "pciconfig_write",
	}},
	{name: "@reboot", doc: "restarting the machine or its kernel", members: []string{
		"kexec_file_load", "kexec_load", "reboot",
	}},
	{name: "@resources", doc: "priorities, scheduling, limits and memory placement", members: []string{
		"ioprio_set", "mbind", "migrate_pages", "move_pages", "nice", "sched_setaffinity", "sched_setattr",
		"sched_setparam", "sched_setscheduler", "set_mempolicy", "set_mempolicy_home_node", "setpriority", "setrlimit",
	}},
	{name: "@sandbox", doc: "what a browser's own inner sandbox needs beyond @default", members: sandboxMembers, rules: sandboxRules},
	{name: "@setuid", doc: "changing the identity of a process", members: []string{
		"setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32",
		"setregid", "setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32", "setreuid", "setreuid32",
		"setuid", "setuid32",
	}},
	{name: "@signal", doc: "handling signals", members: []string{
		"pause", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend",
		"rt_sigtimedwait", "rt_sigtimedwait_time64", "sigaction", "sigaltstack", "signal", "signalfd", "signalfd4",
		"sigpending", "sigprocmask", "sigreturn", "sigsuspend",
	}},
	{name: "@swap", doc: "swap space", members: []string{"swapoff", "swapon"}},
	{name: "@sync", doc: "writing cached data to disk", members: []string{
		"arm_sync_file_range", "fdatasync", "fsync", "msync", "sync", "sync_file_range", "syncfs",
	}},
	{name: "@system-service", doc: "what ordinary daemons need: @default, keyrings and memory placement", members: systemServiceMembers},
	{name: "@timer", doc: "timers", members: []string{
		"alarm", "getitimer", "setitimer", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime",
		"timer_gettime64", "timer_settime", "timer_settime64", "timerfd_create", "timerfd_gettime",
		"timerfd_gettime64", "timerfd_settime", "timerfd_settime64",
	}},
}
