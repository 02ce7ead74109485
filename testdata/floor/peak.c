/*
 * peak FILE PROGRAM [ARGUMENT...] runs PROGRAM and writes the peak resident
 * set size, in KiB, of the largest process it consisted of to FILE.
 *
 * The kernel carries the peak of a process over execve (getrusage(2)), so a
 * program started by something big seems big.  This one is small, and it
 * uses fork, after which the count starts anew.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;

	if (argc < 3)
		return 125;
	pid_t pid = fork();
	if (pid < 0)
		return 125;
	if (pid == 0) {
		execv(argv[2], argv + 2);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &usage) != pid)
		return 125;
	FILE *out = fopen(argv[1], "w");
	if (!out || fprintf(out, "%ld\n", usage.ru_maxrss) < 0 || fclose(out) != 0)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
