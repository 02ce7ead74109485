/* Other processes, one's own privileges, and what is inherited. */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

static pid_t target;

static int in_proc(const char *name, int flags)
{
	char path[100], text[64];

	snprintf(path, sizeof path, "/proc/%d/%s", target, name);
	int fd = open(path, flags);
	if (fd < 0)
		return errno;
	text[0] = 1;
	long n = flags == O_RDONLY ? read(fd, text, sizeof text) : 1;
	/* Memory at address 0 is nobody's: opening is what counts. */
	if (strcmp(name, "mem") == 0)
		return 0;
	while (n > 0 && !text[n - 1])
		n--; /* what was overwritten shows nothing */
	return n > 0 ? 0 : ENODATA;
}

static int environment(long x) { return (void)x, in_proc("environ", O_RDONLY); }
static int maps(long x) { return (void)x, in_proc("maps", O_RDONLY); }
static int memory(long x) { return (void)x, in_proc("mem", O_RDWR); }
static int command(long x) { return (void)x, in_proc("cmdline", O_RDONLY); }

static int link_of(const char *name)
{
	char path[100], text[64];

	snprintf(path, sizeof path, "/proc/%d/%s", target, name);
	return failed(readlink(path, text, sizeof text));
}
static int exe(long x) { return (void)x, link_of("exe"); }
static int root(long x) { return (void)x, link_of("root"); }
static int cwd(long x) { return (void)x, link_of("cwd"); }

static int list(long x)
{
	char path[100];

	(void)x;
	snprintf(path, sizeof path, "/proc/%d/fd", target);
	DIR *dir = opendir(path);
	if (!dir)
		return errno;
	while (readdir(dir))
		x++;
	return x > 2 ? 0 : ENODATA;
}
static int seize(long x) { return (void)x, failed(ptrace(0x4206, target, 0, 0)); }
static int vm_read(long x)
{
	char byte;
	struct iovec mine = { &byte, 1 }, other = { (void *)8, 1 };

	(void)x;
	/* EFAULT: the process could be looked into, there is nothing at 8. */
	long n = syscall(SYS_process_vm_readv, target, &mine, 1, &other, 1, 0);
	return n < 0 && errno != EFAULT ? errno : 0;
}
static int take(long x)
{
	int fd = (int)syscall(434 /* pidfd_open */, target, 0);

	(void)x;
	if (fd < 0)
		return errno;
	return failed(syscall(438 /* pidfd_getfd */, fd, 0, 0));
}

/* process PID|parent: everything that lets one look into a process. */
static void process(int argc, char **argv)
{
	target = argc < 1 || strcmp(argv[0], "parent") == 0 ? getppid() : atoi(argv[0]);
	try("environ", environment, 0);
	try("cmdline", command, 0);
	try("maps", maps, 0);
	try("mem", memory, 0);
	try("exe", exe, 0);
	try("root", root, 0);
	try("cwd", cwd, 0);
	try("fd", list, 0);
	try("PTRACE_SEIZE", seize, 0);
	try("process_vm_readv", vm_read, 0);
	try("pidfd_getfd", take, 0);
}

/* search TEXT: which process in /proc shows a text. */
static void search(int argc, char **argv)
{
	static const char *const names[] = { "cmdline", "environ", 0 };
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	while (argc > 0 && dir && (entry = readdir(dir))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || atoi(entry->d_name) == getpid())
			continue;
		for (int i = 0; names[i]; i++) {
			static char text[1 << 20], path[300];
			snprintf(path, sizeof path, "/proc/%s/%s", entry->d_name, names[i]);
			int fd = open(path, O_RDONLY);
			long n = fd < 0 ? 0 : read(fd, text, sizeof text);
			if (n > 0 && memmem(text, (size_t)n, argv[0], strlen(argv[0])))
				report(names[i], 0, entry->d_name);
			if (fd >= 0)
				close(fd);
		}
	}
}

static void *wait_here(void *p)
{
	pause();
	return p;
}

/* status: lines of /proc/self/status of every thread, and of PID 1. */
static void status(int argc, char **argv)
{
	static const char *const wanted[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Uid", "Groups", 0 };
	char path[300], line[300], *value;
	pthread_t t;
	struct dirent *entry;

	(void)argc, (void)argv;
	for (int i = 0; i < 3; i++)
		pthread_create(&t, 0, wait_here, 0);
	DIR *dir = opendir("/proc/self/task");
	for (;;) {
		entry = dir ? readdir(dir) : 0;
		if (entry && entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, entry ? "/proc/self/task/%s/status" : "/proc/1/status", entry ? entry->d_name : "");
		FILE *f = fopen(path, "r");
		while (f && fgets(line, sizeof line, f)) {
			line[strcspn(line, "\n")] = 0;
			if (!(value = strchr(line, ':')))
				continue;
			*value++ = 0;
			for (int i = 0; wanted[i]; i++)
				if (strcmp(line, wanted[i]) == 0)
					printf("status\t%s\t%s\t%s\n", entry ? "thread" : "first", line, value + strspn(value, " \t"));
		}
		if (!entry)
			break;
	}
	printf("securebits\t%d\n", prctl(PR_GET_SECUREBITS));
	struct rlimit core;
	getrlimit(RLIMIT_CORE, &core);
	printf("core\t%lld\n", (long long)core.rlim_max);
}

static void limits(int argc, char **argv)
{
	struct rlimit core;

	(void)argc, (void)argv;
	getrlimit(RLIMIT_CORE, &core);
	// One byte holds no dump, and keeps the kernel from starting a handler.
	report("core dumps, hard limit", core.rlim_max > 1 ? 0 : EPERM, "");
}

static int strike(long sig) { return failed(kill(target, (int)sig)); }
static int higher(long x)
{
	(void)x;
	return failed(setpriority(PRIO_PROCESS, (id_t)target, 5));
}
static int scheduler(long x)
{
	struct sched_param p = { 0 };

	(void)x;
	return failed(sched_setscheduler(target, SCHED_IDLE, &p));
}

static int ioprio(long x)
{
	(void)x;
	return failed(syscall(SYS_ioprio_set, 1, target, 3 << 13));
}

/* strike PID: signals and priorities of a process outside. */
static void strikes(int argc, char **argv)
{
	if (argc < 1)
		return;
	target = atoi(argv[0]);
	try("kill", strike, SIGUSR1);
	try("setpriority", higher, 0);
	try("sched_setscheduler", scheduler, 0);
	try("ioprio_set", ioprio, 0);
}

/* disturb PID: what a process lets everybody of its user set, and its limits. */
static void disturbs(int argc, char **argv)
{
	static const struct { const char *name, *text; } settings[] = { { "oom_score_adj", "777" }, { "coredump_filter", "0x1" } };
	static const struct rlimit few = { 77, 77 };
	char path[100];

	for (size_t i = 0; argc > 0 && i < sizeof settings / sizeof *settings; i++) {
		snprintf(path, sizeof path, "/proc/%s/%s", argv[0], settings[i].name);
		int fd = open(path, O_WRONLY);
		report(settings[i].name, fd < 0 ? errno : failed(write(fd, settings[i].text, strlen(settings[i].text))), "");
	}
	report("limits", failed(prlimit(atoi(argv[0]), RLIMIT_NOFILE, &few, NULL)), "");
}

/* forge: everything that could tell the launcher another status. */
static void forge(int argc, char **argv)
{
	target = argc > 1 && strcmp(argv[1], "parent") == 0 ? getppid() : 1;
	for (int fd = 3; fd < 1024; fd++) {
		if (write(fd, "\0\0\0\0\0\0\0\0", 8) > 0)
			report("write to a descriptor", 0, "");
		shutdown(fd, 2);
	}
	try("take a descriptor", take, 0);
	try("write the memory", memory, 0);
	try("kill", strike, SIGKILL);
	_exit(argc > 0 ? atoi(argv[0]) : 0);
}

extern char **environ;

static void variables(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (char **e = environ; *e; e++)
		report(*e, 0, "");
}

static void arguments(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		printf("argument\t");
		for (const char *c = argv[i]; *c; c++)
			printf("%02x", (unsigned char)*c);
		printf("\n");
	}
}

/* namespaces-of PID: open each and enter it. */
static void namespaces_of(int argc, char **argv)
{
	static const char *const kinds[] = { "user", "mnt", "net", "ipc", "uts", "pid", "cgroup", 0 };
	char path[100];

	for (int i = 0; argc > 0 && kinds[i]; i++) {
		snprintf(path, sizeof path, "/proc/%s/ns/%s", argv[0], kinds[i]);
		report(kinds[i], failed(open(path, O_RDONLY)), "");
	}
}

static void sleeps(int argc, char **argv)
{
	(void)argc, (void)argv;
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}

const struct probe processes[] = {
	{ "process", process }, { "search", search }, { "status", status }, { "core", limits }, { "strike", strikes }, { "disturb", disturbs }, { "forge", forge },
	{ "variables", variables }, { "arguments", arguments }, { "sleep", sleeps }, { "namespaces-of", namespaces_of }, { 0 }
};
