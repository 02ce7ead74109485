/* Keyrings, System V and POSIX objects. */
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

#define SEARCH 10 /* KEYCTL_SEARCH */
#define READ 11   /* KEYCTL_READ */

/* keys NAME: the key of that name in the keyrings of the caller. */
static void keys(int argc, char **argv)
{
	static const struct { const char *name; int ring; } rings[] = {
		{ "session keyring", -3 }, { "user keyring", -4 }, { "user session keyring", -5 },
	};
	char text[200];

	if (argc < 1)
		return;
	for (size_t i = 0; i < sizeof rings / sizeof *rings; i++) {
		long key = syscall(SYS_keyctl, SEARCH, rings[i].ring, "user", argv[0], 0);
		long n = key < 0 ? -1 : syscall(SYS_keyctl, READ, key, text, sizeof text - 1);

		text[n < 0 ? 0 : n] = 0;
		report(rings[i].name, n < 0 ? errno : 0, text);
	}
	FILE *list = fopen("/proc/keys", "r");
	char line[300];
	int seen = list ? ENODATA : errno;
	while (list && fgets(line, sizeof line, list))
		if (strstr(line, argv[0]))
			seen = 0;
	report("/proc/keys", seen, "");
}

static int to_parent(long argument)
{
	(void)argument;
	return failed(syscall(SYS_keyctl, 18 /* KEYCTL_SESSION_TO_PARENT */, 0, 0, 0, 0));
}

static void credentials(int argc, char **argv)
{
	try("KEYCTL_SESSION_TO_PARENT", to_parent, 0);
	for (int i = 0; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY);
		report(argv[i], fd < 0 ? errno : 0, "");
	}
}

/* objects SHMKEY QUEUE SEGMENT: those of the host. */
static void objects(int argc, char **argv)
{
	if (argc < 3)
		return;
	report("System V segment", failed(shmget((key_t)atoi(argv[0]), 0, 0)), "");
	report("message queue", failed(mq_open(argv[1], O_RDONLY)), "");
	report("shared memory", failed(shm_open(argv[2], O_RDONLY, 0)), "");
}

static void make_queue(int argc, char **argv)
{
	if (argc > 0)
		report("message queue", failed(mq_open(argv[0], O_RDONLY | O_CREAT, 0600, 0)), "");
}

static void remove_queue(int argc, char **argv)
{
	if (argc > 0)
		mq_unlink(argv[0]);
}

const struct probe ipc[] = { { "keys", keys }, { "credentials", credentials }, { "objects", objects }, { "make-queue", make_queue },
	{ "remove-queue", remove_queue }, { 0 } };
