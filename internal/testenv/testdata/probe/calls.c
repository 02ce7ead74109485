/* System calls that a jail has no use for, in every way to enter the kernel. */
#define _GNU_SOURCE
#include "probe.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* The arguments of all of them can't work: no call has an effect. */
static const struct call {
	const char *name;
	int nr;      /* of this build */
	int nr32;    /* of 32-bit x86, for int 0x80; 0 when it is the same idea as another */
	long a, b, c;
} table[] = {
	{ "bpf", SYS_bpf, 357, -1, 0, 0 },
	{ "perf_event_open", SYS_perf_event_open, 336, 0, 0, -1 },
	{ "userfaultfd", SYS_userfaultfd, 374, -1, 0, 0 },
	{ "keyctl", SYS_keyctl, 288, 999, 0, 0 },
	{ "add_key", SYS_add_key, 286, 0, 0, 0 },
	{ "request_key", SYS_request_key, 287, 0, 0, 0 },
	{ "kexec_load", SYS_kexec_load, 283, 0, 0, 0 },
	{ "init_module", SYS_init_module, 128, 0, 0, 0 },
	{ "finit_module", SYS_finit_module, 350, -1, 0, 0 },
	{ "delete_module", SYS_delete_module, 129, 0, 0, 0 },
	{ "mount", SYS_mount, 21, 0, 0, 0 },
	{ "umount2", SYS_umount2, 52, 0, 0, 0 },
	{ "pivot_root", SYS_pivot_root, 217, 0, 0, 0 },
	{ "chroot", SYS_chroot, 61, 0, 0, 0 },
	{ "fsopen", 430, 430, 0, -1, 0 },
	{ "fsconfig", 431, 431, -1, 0, 0 },
	{ "fsmount", 432, 432, -1, 0, 0 },
	{ "fspick", 433, 433, -1, 0, 0 },
	{ "open_tree", 428, 428, -1, 0, 0 },
	{ "move_mount", 429, 429, -1, 0, -1 },
	{ "mount_setattr", 442, 442, -1, 0, -1 },
	{ "statmount", 457, 457, 0, 0, 0 },
	{ "listmount", 458, 458, 0, 0, 0 },
	{ "open_tree_attr", 467, 467, -1, 0, 0 },
	{ "setns", SYS_setns, 346, -1, 0, 0 },
	{ "ptrace", SYS_ptrace, 26, 0x4206, 0x7ffffff0, 0 },
	{ "process_vm_readv", SYS_process_vm_readv, 347, 0x7ffffff0, 0, 0 },
	{ "process_vm_writev", SYS_process_vm_writev, 348, 0x7ffffff0, 0, 0 },
	{ "pidfd_getfd", 438, 438, -1, 0, 0 },
	{ "kcmp", SYS_kcmp, 349, 0x7ffffff0, 0x7ffffff0, 0 },
	{ "name_to_handle_at", SYS_name_to_handle_at, 341, -1, 0, 0 },
	{ "open_by_handle_at", SYS_open_by_handle_at, 342, -1, 0, 0 },
	{ "fanotify_init", SYS_fanotify_init, 338, -1, 0, 0 },
	{ "fanotify_mark", SYS_fanotify_mark, 339, -1, 0, 0 },
	{ "quotactl", SYS_quotactl, 131, -1, 0, 0 },
	{ "quotactl_fd", 443, 443, -1, -1, 0 },
	{ "acct", SYS_acct, 51, 1, 0, 0 },
	{ "swapon", SYS_swapon, 87, 0, 0, 0 },
	{ "swapoff", SYS_swapoff, 115, 0, 0, 0 },
	{ "syslog", SYS_syslog, 103, 99, 0, 0 },
	{ "reboot", SYS_reboot, 88, 0, 0, 0 },
	{ "sethostname", SYS_sethostname, 74, 0, -1, 0 },
	{ "clock_settime", SYS_clock_settime, 264, -1, 0, 0 },
	{ "clock_adjtime", SYS_clock_adjtime, 343, -1, 0, 0 },
	{ "settimeofday", SYS_settimeofday, 79, 1, 0, 0 },
	{ "adjtimex", SYS_adjtimex, 124, 0, 0, 0 },
	{ "iopl", SYS_iopl, 110, 99, 0, 0 },
	{ "ioperm", SYS_ioperm, 101, -1, -1, 0 },
	{ "modify_ldt", SYS_modify_ldt, 123, 0, 0, 0 },
	{ "vmsplice", SYS_vmsplice, 316, -1, 0, 0 },
	{ "move_pages", SYS_move_pages, 317, 0x7ffffff0, 0, 0 },
	{ "migrate_pages", SYS_migrate_pages, 294, 0x7ffffff0, 0, 0 },
	{ "remap_file_pages", SYS_remap_file_pages, 257, 1, 0, 0 },
	{ "lsm_get_self_attr", 459, 459, -1, 0, 0 },
	{ "lsm_set_self_attr", 460, 460, -1, 0, 0 },
	{ "lsm_list_modules", 461, 461, 0, 0, -1 },
	{ "map_shadow_stack", 453, 0, 1, 0, -1 },
	{ "memfd_secret", 447, 447, -1, 0, 0 },
	{ "personality, another domain", SYS_personality, 136, 8, 0, 0 },
	{ "personality, ADDR_NO_RANDOMIZE", SYS_personality, 136, 0x40000, 0, 0 },
	{ "sysfs", SYS_sysfs, 135, 99, 0, 0 },
	{ 0 }
};

static int native(long i) { return refused(syscall(table[i].nr, table[i].a, table[i].b, table[i].c, 0, 0)); }
static int deep(long i)
{
	nested();
	return native(i);
}
static int foreign(long i) { return refused(int80(table[i].nr32, table[i].a, table[i].b, table[i].c)); }
static int foreign_deep(long i)
{
	nested();
	return foreign(i);
}

/* The kernel itself asks for privileges over the namespace for many of these:
 * a jail that lets user namespaces be made gives those away. */
static void surface(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (long i = 0; table[i].name; i++)
		if (table[i].nr)
			try(table[i].name, deep, i);
}

static void surface32(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (long i = 0; table[i].name; i++)
		if (table[i].nr32)
			try(table[i].name, foreign_deep, i);
}

/* calls NAME...: those of the table that are named. */
static void some(int argc, char **argv)
{
	for (int k = 0; k < argc; k++)
		for (long i = 0; table[i].name; i++)
			if (strcmp(table[i].name, argv[k]) == 0)
				try(argv[k], deep, i);
}

static int ring(long through) { return through ? refused(int80(425, 1, 0, 0)) : refused(syscall(425, 1, 0)); }
static int ring_enter(long through) { return through ? refused(int80(426, -1, 0, 0)) : refused(syscall(426, -1, 0, 0, 0, 0, 0)); }
static int ring_register(long through) { return through ? refused(int80(427, -1, 0, 0)) : refused(syscall(427, -1, 0, 0, 0)); }

static void rings(int argc, char **argv)
{
	(void)argc, (void)argv;
	try("io_uring_setup", ring, 0);
	try("io_uring_enter", ring_enter, 0);
	try("io_uring_register", ring_register, 0);
	try("io_uring_setup, int 0x80", ring, 1);
	try("io_uring_enter, int 0x80", ring_enter, 1);
	try("io_uring_register, int 0x80", ring_register, 1);
}

static int by_unshare(long flags) { return failed(unshare((int)flags)); }
static int by_clone(long flags)
{
	long child = syscall(SYS_clone, (unsigned long)flags | SIGCHLD, 0, 0, 0, 0);

	if (child == 0)
		_exit(0);
	return failed(child);
}
static int by_clone3(long flags)
{
	unsigned long long args[8] = { (unsigned long long)flags };
	args[4] = SIGCHLD;
	long child = syscall(435, args, sizeof args);

	if (child == 0)
		_exit(0);
	return failed(child);
}
static int by_unshare80(long flags) { return failed(int80(310, flags, 0, 0)); }
static int by_clone80(long flags)
{
	long child = int80(120, flags | SIGCHLD, 0, 0);

	if (child == 0)
		_exit(0);
	return failed(child);
}
static int by_setns(long flags) { return refused(syscall(SYS_setns, -1, flags)); }

static void namespaces(int argc, char **argv)
{
	(void)argc, (void)argv;
	try("unshare", by_unshare, CLONE_NEWUSER);
	try("clone", by_clone, CLONE_NEWUSER);
	try("clone3", by_clone3, CLONE_NEWUSER);
	try("setns", by_setns, CLONE_NEWUSER);
	try("unshare, int 0x80", by_unshare80, CLONE_NEWUSER);
	try("clone, int 0x80", by_clone80, CLONE_NEWUSER);
	try("unshare with a network", by_unshare, CLONE_NEWUSER | CLONE_NEWNET);
}

static void *thread(void *p) { return p; }

/* clone3 as a C library would try it, then a thread. */
static void threads(int argc, char **argv)
{
	pthread_t t;

	(void)argc, (void)argv;
	try("clone3", by_clone3, 0);
	printf("thread\t%d\n", pthread_create(&t, 0, thread, 0));
}

/* Multiplexers, whose operation is an argument. */
static int mm(long option) { return refused(prctl(PR_SET_MM, option, 0, 0, 0)); }
static int suspend(long argument)
{
	(void)argument;
	return refused(ptrace(0x4206 /* PTRACE_SEIZE */, 0x7ffffff0, 0, 1 << 21 /* PTRACE_O_SUSPEND_SECCOMP */));
}
static int traceme(long argument)
{
	(void)argument;
	return failed(ptrace(PTRACE_TRACEME, 0, 0, 0));
}
static int socketcall(long sub)
{
	static long args[6];
	args[0] = 999;
	return refused(int80(102, sub, (long)args, 0));
}
static int ipccall(long sub) { return refused(int80(117, sub, -1, 0)); }

static void multiplexers(int argc, char **argv)
{
	char name[50];

	(void)argc, (void)argv;
	for (long sub = 1; sub <= 20; sub++) {
		snprintf(name, sizeof name, "socketcall %ld", sub);
		try(name, socketcall, sub);
	}
	static const int subs[] = { 1, 2, 3, 11, 12, 13, 14, 21, 22, 23, 24 };
	for (size_t i = 0; i < sizeof subs / sizeof *subs; i++) {
		snprintf(name, sizeof name, "ipc %d", subs[i]);
		try(name, ipccall, subs[i]);
	}
	try("clone3 with a namespace", by_clone3, CLONE_NEWUSER);
	try("prctl PR_SET_MM", mm, 99);
}

static void traces(int argc, char **argv)
{
	(void)argc, (void)argv;
	try("PTRACE_TRACEME", traceme, 0);
	try("PTRACE_O_SUSPEND_SECCOMP", suspend, 0);
}

/* unknown FIRST LAST: what a number says that no call has. */
static void unknown(int argc, char **argv)
{
	if (argc < 2)
		return;
	for (long nr = atol(argv[0]); nr <= atol(argv[1]); nr++) {
		syscall(nr, -1, -1, -1, -1, -1, -1);
		printf("number\t%ld\t%s\n", nr, strerrorname_np(errno) ?: "?");
	}
}

const struct probe calls[] = {
	{ "surface", surface }, { "surface-80", surface32 }, { "calls", some }, { "io-uring", rings }, { "userns", namespaces },
	{ "threads", threads }, { "multiplexers", multiplexers }, { "ptrace", traces }, { "unknown", unknown }, { 0 }
};
