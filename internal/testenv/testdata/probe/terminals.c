/* Terminals: typing into the queue of the one that the caller reads. */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* The byte lies where 32-bit code can reach it. */
static char byte = '#';
static char paste[2] = { 3, 0 };

static unsigned long command, bits;
static int through80;

static int inject(long fd)
{
	void *argument = command == TIOCLINUX ? (void *)paste : (void *)&byte;
	long result;

	if (through80)
		result = int80(54, fd, (long)(command | bits), (long)argument);
	else
		result = syscall(SYS_ioctl, fd, command | bits, argument);
	/* Pasting needs a virtual console: ENOTTY comes from the driver. */
	if (command == TIOCLINUX)
		return refused(result);
	return failed(result);
}

int of_others(const char *path)
{
	const char *own = getenv("PROBE_TERMINAL");

	return own && strcmp(own, path) != 0;
}

static void everywhere(void)
{
	char path[300];
	struct dirent *entry;
	DIR *dir;

	try("descriptor 0", inject, 0);
	try("descriptor 1", inject, 1);
	try("descriptor 2", inject, 2);
	int fd = open("/dev/tty", O_RDWR);
	if (fd >= 0)
		try("/dev/tty", inject, fd);
	dir = opendir("/dev/pts");
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof path, "/dev/pts/%s", entry->d_name);
		if (of_others(path))
			continue;
		fd = open(path, O_RDWR | O_NOCTTY);
		if (fd >= 0)
			try("a terminal of /dev/pts", inject, fd);
	}
}

static void type(int argc, char **argv)
{
	(void)argc, (void)argv;
	command = TIOCSTI, everywhere();
}

static void wide(int argc, char **argv)
{
	(void)argc, (void)argv;
	command = TIOCSTI, bits = (unsigned long)(1ULL << 32), everywhere();
	bits = (unsigned long)0xdeadbeef00000000ULL, everywhere();
}

static void console(int argc, char **argv)
{
	(void)argc, (void)argv;
	command = TIOCLINUX, try("TIOCLINUX", inject, 0);
	bits = (unsigned long)(1ULL << 63), try("TIOCLINUX, wide", inject, 0);
}

static void other(int argc, char **argv)
{
	(void)argc, (void)argv;
	through80 = 1;
	command = TIOCSTI, everywhere();
	command = TIOCLINUX, try("TIOCLINUX", inject, 0);
}

const struct probe terminals[] = { { "tty", type }, { "tty-wide", wide }, { "tty-console", console }, { "tty-80", other }, { 0 } };
