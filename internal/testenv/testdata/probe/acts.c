/*
 * Acts: what a program does to what lies around it, where one that begins with
 * no more than "it worked" or "it did not" says enough, or where something else
 * looks at what came of it. They exit with 1 when they fail.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* find-key NAME: whether the session's keyring holds a key. */
static int find_key(int argc, char **argv)
{
	enum { SEARCH = 10, SESSION = -3 };

	(void)argc;
	return syscall(SYS_keyctl, SEARCH, SESSION, "user", argv[0], 0) < 0 ? failure("search") : 0;
}

/* The byte that is typed lies where 32-bit code can reach it. */
static char bait = 'x';

static const char *outcome(int fd, unsigned long request, int through80)
{
	long result = through80 ? int80(54, fd, (long)request, (long)&bait) : syscall(SYS_ioctl, fd, request, &bait);

	return result >= 0 ? "OK" : strerrorname_np(errno) ?: "error";
}

/*
 * inject [i386:]REQUEST: tries ioctl(2) with a request on every terminal that it
 * can reach: its standard descriptors, /dev/tty, and what /dev/pts lists. It prints
 * the outcome of each.
 */
static int inject(int argc, char **argv)
{
	int through80 = strncmp(argv[0], "i386:", 5) == 0;
	unsigned long request = strtoul(argv[0] + (through80 ? 5 : 0), NULL, 0);
	glob_t found = { .gl_offs = 1 };

	(void)argc;
	glob("/dev/pts/[0-9]*", GLOB_DOOFFS, NULL, &found);
	found.gl_pathv[0] = "/dev/tty";
	for (size_t i = 0; i < found.gl_pathc + 1; i++) {
		int fd;

		if (i > 0 && of_others(found.gl_pathv[i]))
			continue;
		fd = open(found.gl_pathv[i], O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (fd < 0)
			printf("%s not opened: %s\n", found.gl_pathv[i], strerror(errno));
		else
			printf("%s %s\n", found.gl_pathv[i], outcome(fd, request, through80));
	}
	for (int fd = 0; fd < 3; fd++)
		printf("%d %s\n", fd, outcome(fd, request, through80));
	return 0;
}

/* by_io has the kernel send the signal when a socket can be read (F_SETOWN, F_SETSIG
 * of fcntl(2)). */
static int by_io(int owner, int number)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return failure("socketpair");
	if (fcntl(pair[0], F_SETSIG, number) < 0 || fcntl(pair[0], F_SETOWN, owner) < 0 || fcntl(pair[0], F_SETFL, O_ASYNC) < 0)
		return failure("fcntl");
	if (write(pair[1], "x", 1) < 0)
		return failure("write");
	usleep(50000);
	return 0;
}

/* signal WAY NUMBER GROUP: sends a signal to a process group by one of the ways
 * that the kernel has. */
static int signal_out(int argc, char **argv)
{
	int number = atoi(argv[1]), group = atoi(argv[2]);

	(void)argc;
	signal(number, SIG_IGN); /* this process may be in the group itself */
	if (strcmp(argv[0], "kill-0") == 0)
		return kill(0, number) < 0 ? failure("kill") : 0;
	if (strcmp(argv[0], "kill-group") == 0)
		return kill(-group, number) < 0 ? failure("kill") : 0;
	if (strcmp(argv[0], "sigio") == 0)
		return by_io(-group, number);
	if (strcmp(argv[0], "sigio-own") == 0)
		return by_io(-getpgrp(), number);
	fprintf(stderr, "no such way\n");
	return 1;
}

/* take WHAT SECONDS: uses up something that the kernel counts per user, prints how
 * much there was, and holds it. */
static int take(int argc, char **argv)
{
	enum { MOST = 1 << 14, QUEUED = 40 };
	int inotify = strcmp(argv[0], "inotify") == 0, n = 0;
	sigset_t set;

	(void)argc;
	/*
	 * Blocked, signals stay queued; one that finds no room is dropped without
	 * an error, so the count is the kernel's (proc(5), SigQ).
	 */
	sigemptyset(&set);
	sigaddset(&set, QUEUED);
	sigprocmask(SIG_BLOCK, &set, NULL);
	while (n < MOST && (inotify ? inotify_init() : (int)syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), QUEUED)) >= 0)
		n++;
	printf("%d\n", n);
	fflush(stdout);
	sleep((unsigned)atoi(argv[1]));
	return 0;
}

static const char *below;
static unsigned outer_user, outer_group;

static int raise_limit(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	static const char *const names[] = { "memory.max", "pids.max", "cpu.max", "release_agent" };
	int fd;

	(void)st;
	for (size_t i = 0; flag == FTW_F && i < sizeof names / sizeof *names; i++)
		if (strcmp(path + at->base, names[i]) == 0 && (fd = open(path, O_WRONLY | O_TRUNC)) >= 0) {
			if (write(fd, "max", 3) == 3)
				printf("raised %s\n", path + strlen(below));
			close(fd);
		}
	return 0;
}

static int put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);
	int result = fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;

	if (fd >= 0)
		close(fd);
	return result;
}

static int escape_inside(void)
{
	static char dir[] = "/tmp/groups.XXXXXX";
	char users[50], groups[50];

	snprintf(users, sizeof users, "0 %u 1", outer_user);
	snprintf(groups, sizeof groups, "0 %u 1", outer_group);
	if (put("/proc/self/setgroups", "deny") < 0 || put("/proc/self/uid_map", users) < 0 || put("/proc/self/gid_map", groups) < 0)
		return failure("map");
	if (!mkdtemp(dir))
		return failure("mkdtemp");
	if (mount("none", dir, "cgroup", 0, "memory") == 0)
		printf("mounted version 1\n");
	if (mount("none", dir, "cgroup2", 0, "") < 0)
		return failure("mount cgroup2");
	printf("mounted version 2\n");
	below = dir;
	nftw(dir, raise_limit, 16, FTW_PHYS);
	return 0;
}

/* escape: tries to raise the limits of its own control group, with the capabilities
 * of a user namespace of its own. It prints what it could write. */
static int escape(int argc, char **argv)
{
	int status;
	long child;

	(void)argc, (void)argv;
	outer_user = getuid(), outer_group = getgid();
	child = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP | SIGCHLD, 0L, 0L, 0L, 0L);
	if (child == 0)
		exit(escape_inside());
	if (child < 0)
		return failure("clone");
	return waitpid((pid_t)child, &status, 0) < 0 || status != 0;
}

/*
 * wide: makes calls that a filter judges by their arguments, with bits in those that
 * the kernel does not look at, the upper half of an int, and prints the name of each
 * that the kernel made.
 */
static int wide(int argc, char **argv)
{
	static const uint64_t junk = UINT64_C(0xa5a5a5a5) << 32;
	static const struct {
		const char *name;
		long number;
		uint64_t a, b, c;
	} all[] = {
		{ "a netlink socket", SYS_socket, AF_NETLINK, SOCK_RAW, 0 },
		{ "a multipath socket", SYS_socket, AF_INET, SOCK_STREAM, 262 },
		{ "a personality", SYS_personality, ADDR_NO_RANDOMIZE, 0, 0 },
		{ "a user namespace", SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0 },
	};

	(void)argc, (void)argv;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		int socket = all[i].number == SYS_socket;
		long result = syscall(all[i].number, all[i].a | junk, socket ? all[i].b | junk : 0, socket ? all[i].c | junk : 0, 0L, 0L);

		if (all[i].number == SYS_clone && result == 0)
			_exit(0); /* the child */
		if (result >= 0)
			printf("%s\n", all[i].name);
	}
	return 0;
}

const struct act acts[] = {
	{ "find-key", 1, find_key }, { "inject", 1, inject }, { "signal", 3, signal_out }, { "take", 2, take }, { "escape", 0, escape },
	{ "wide", 0, wide }, { 0 }
};
