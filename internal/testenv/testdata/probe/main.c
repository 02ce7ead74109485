#define _GNU_SOURCE
#include "probe.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

void report(const char *name, int error, const char *text)
{
	if (error)
		printf("part\t%s\t%s\t%s\n", name, strerrorname_np(error) ?: "error", text ?: "");
	else
		printf("part\t%s\topen\t%s\n", name, text ?: "");
	fflush(stdout);
}

void try(const char *name, attempt f, long argument)
{
	int status;
	pid_t child = fork();

	if (child < 0) {
		report(name, errno, "fork");
		return;
	}
	if (child == 0) {
		alarm(10);
		_exit(f(argument) & 0xff);
	}
	if (waitpid(child, &status, 0) < 0)
		report(name, errno, "wait");
	else if (WIFSIGNALED(status))
		printf("part\t%s\tSIG%s\t\n", name, sigabbrev_np(WTERMSIG(status)));
	else
		report(name, WEXITSTATUS(status), "");
	fflush(stdout);
}

void nested(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return;
}

long int80(long nr, long a, long b, long c)
{
	long result = -ENOSYS;
#if defined(__x86_64__)
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	result = (int)result;
#elif defined(__i386__)
	result = syscall(nr, a, b, c);
	return result;
#endif
	if (result < 0) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

/* facts: what decides on this machine what a test can show. */
static void facts(void)
{
	errno = 0;
	printf("fact\tint 0x80\t%s\n", int80(20, 0, 0, 0) > 0 ? "yes" : "no");
#if defined(__x86_64__) && !defined(__ILP32__)
	printf("fact\tx32\t%s\n", syscall(SYS_getpid | 0x40000000) > 0 ? "yes" : "no");
#endif
	printf("fact\tLandlock\t%ld\n", syscall(444, 0, 0, 1));
}

int failure(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	const struct probe *all[] = { calls, files, ipc, processes, sockets, terminals };
	const struct act *doing[] = { acts, connections, hostile };

	if (argc < 2)
		return observe();
	for (size_t i = 0; i < sizeof doing / sizeof *doing; i++)
		for (const struct act *a = doing[i]; a->name; a++)
			if (strcmp(a->name, argv[1]) == 0 && (a->arguments == argc - 2 || (a->arguments < 0 && argc > 2)))
				return a->run(argc - 2, argv + 2);
	if (strcmp(argv[1], "facts") == 0) {
		facts();
		return 0;
	}
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (const struct probe *p = all[i]; p->name; p++)
			if (strcmp(p->name, argv[1]) == 0) {
				printf("probe\t%s\n", argv[1]);
				fflush(stdout);
				p->run(argc - 2, argv + 2);
				return 0;
			}
	fprintf(stderr, "%s: no probe %s\n", argv[0], argv[1]);
	return 2;
}
