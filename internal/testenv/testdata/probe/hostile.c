/*
 * Hostile processes of a jail that wait for others to enter it. Watch and seize run
 * until a file is there, and print what they got hold of, as JSON.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { MOST = 1 << 22 }; /* of process numbers */

static unsigned char seen[MOST], attached[MOST];

static int there(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

/* others calls a function for every process but this one and the jail's first. */
static void others(void (*f)(int pid))
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	while (dir && (entry = readdir(dir))) {
		int pid = atoi(entry->d_name);

		if (isdigit((unsigned char)entry->d_name[0]) && pid != 1 && pid < MOST && pid != getpid())
			f(pid);
	}
	if (dir)
		closedir(dir);
}

static const char *wanted; /* how the names of processes on their way in begin */

static int on_its_way(int pid)
{
	char file[50], name[50];
	int fd;
	ssize_t n;

	snprintf(file, sizeof file, "/proc/%d/comm", pid);
	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	n = read(fd, name, sizeof name);
	close(fd);
	return n >= (ssize_t)strlen(wanted) && memcmp(name, wanted, strlen(wanted)) == 0;
}

static int processes_seen, secrets;
static char mark[200];

static struct executable {
	char name[PATH_MAX];
	int handle, count;
} executables[200];

static void executable(int pid)
{
	char file[50], name[PATH_MAX];
	struct executable *e = executables;
	int fd;
	ssize_t n;

	snprintf(file, sizeof file, "/proc/%d/exe", pid);
	if ((fd = open(file, O_PATH | O_CLOEXEC)) < 0)
		return;
	snprintf(file, sizeof file, "/proc/self/fd/%d", fd);
	n = readlink(file, name, sizeof name - 1);
	name[n < 0 ? 0 : n] = 0;
	while (e->count && strcmp(e->name, name) != 0 && e < executables + 198)
		e++;
	if (e->count++)
		close(fd);
	else
		strcpy(e->name, name), e->handle = fd;
}

static void secret(int pid, const char *of)
{
	static char text[1 << 18];
	char file[50];
	ssize_t n, size = 0;
	int fd;

	snprintf(file, sizeof file, "/proc/%d/%s", pid, of);
	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) < 0)
		return;
	while ((n = read(fd, text + size, sizeof text - (size_t)size)) > 0)
		size += n;
	close(fd);
	if (size > 0 && memmem(text, (size_t)size, mark, strlen(mark)))
		secrets++;
}

/* Ways into a process, each of which the kernel should refuse. The check of some
 * files is made when they are read. */
static int by_file(int pid, const char *name)
{
	char file[50], text[16];
	int fd, ok;

	snprintf(file, sizeof file, "/proc/%d/%s", pid, name);
	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	ok = read(fd, text, sizeof text) > 0;
	close(fd);
	return ok;
}

static int by_link(int pid, const char *name)
{
	char file[50], text[16];

	snprintf(file, sizeof file, "/proc/%d/%s", pid, name);
	return readlink(file, text, sizeof text) >= 0;
}

static int by_line(int pid, const char *name)
{
	char file[50], text[4096];
	int fd, ok = 0;
	ssize_t n;

	snprintf(file, sizeof file, "/proc/%d/%s", pid, name);
	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	n = read(fd, text, sizeof text);
	close(fd);
	while (n > 0 && !ok)
		ok = text[--n] != 0;
	return ok;
}

static int by_descriptor(int pid, const char *name)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), got;

	(void)name;
	if (fd < 0)
		return 0;
	got = (int)syscall(SYS_pidfd_getfd, fd, 0, 0);
	close(fd);
	if (got >= 0)
		close(got);
	return got >= 0;
}

static struct way {
	const char *kind, *name;
	int (*reach)(int pid, const char *name);
	int count;
} ways[] = {
	{ "environ", "environ", by_file, 0 }, { "maps", "maps", by_file, 0 }, { "mem", "mem", by_file, 0 }, { "auxv", "auxv", by_file, 0 },
	{ "fd", "fd/0", by_link, 0 }, { "exe", "exe", by_link, 0 }, { "cwd", "cwd", by_link, 0 }, { "root", "root", by_link, 0 },
	{ "ns", "ns/mnt", by_link, 0 }, { "cmdline", "cmdline", by_line, 0 }, { "pidfd_getfd", "", by_descriptor, 0 },
};

static void watch_one(int pid)
{
	processes_seen += !seen[pid];
	seen[pid] = 1;
	executable(pid);
	secret(pid, "environ");
	secret(pid, "cmdline");
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (ways[i].reach(pid, ways[i].name) && on_its_way(pid))
			ways[i].count++;
}

static int overwriting;

/*
 * watch STOP MARK NAME: polls every process for what could be kept or read of it. Mark
 * is a variable that must not be found, name the beginning of the name of a process
 * that is on its way in.
 */
static int watch(int argc, char **argv)
{
	const char *between = "";

	(void)argc;
	snprintf(mark, sizeof mark, "%s=", argv[1]);
	wanted = argv[2];
	while (!there(argv[0]))
		others(watch_one);
	printf("{\"Processes\":%d,\"Secrets\":%d,\"Exes\":{", processes_seen, secrets);
	for (struct executable *e = executables; e->count; e++)
		printf("%s", e == executables ? "" : ","), quoted(e->name), printf(":%d", e->count);
	printf("},\"Writable\":[");
	for (struct executable *e = executables; e->count; e++) {
		char file[50];
		int fd;

		snprintf(file, sizeof file, "/proc/self/fd/%d", e->handle);
		if ((fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC)) < 0)
			continue;
		printf("%s", between), quoted(e->name), between = ",";
		if (overwriting && write(fd, "overwritten", 11) < 0)
			perror(e->name);
		close(fd);
	}
	printf("],\"Early\":{");
	between = "";
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (ways[i].count)
			printf("%s\"%s\":%d", between, ways[i].kind, ways[i].count), between = ",";
	printf("}}\n");
	return 0;
}

/* overwrite STOP MARK NAME: watches, and writes to the programs that it can. It is
 * for jails: outside, root would change those of the machine. */
static int overwrite(int argc, char **argv)
{
	overwriting = 1;
	return watch(argc, argv);
}

static int all_attached, before_run;

static void seize_one(int pid)
{
	if (attached[pid] || ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return;
	attached[pid] = 1;
	all_attached++;
	before_run += on_its_way(pid);
}

/*
 * seize STOP NAME: attaches to every process as soon as it can. Name is the beginning
 * of the name of one that is on its way in. The kernel reports the end of execve(2)
 * also to who attached when the new program was there already, so that this tells
 * nothing.
 */
static int seize(int argc, char **argv)
{
	(void)argc;
	wanted = argv[1];
	while (!there(argv[0])) {
		int status, pid;

		others(seize_one);
		while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
			if (WIFSTOPPED(status))
				ptrace(PTRACE_CONT, pid, 0, 0);
			else
				attached[pid] = 0;
	}
	printf("{\"Attached\":%d,\"BeforeRun\":%d}\n", all_attached, before_run);
	return 0;
}

const struct act hostile[] = { { "watch", 3, watch }, { "overwrite", 3, overwrite }, { "seize", 2, seize }, { 0 } };
