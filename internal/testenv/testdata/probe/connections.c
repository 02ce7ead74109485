/* Connections to Unix sockets, and what a program does to have them go elsewhere. */
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

extern char **environ;

static socklen_t unix_address(const char *name, struct sockaddr_un *to)
{
	memset(to, 0, sizeof *to);
	to->sun_family = AF_UNIX;
	strncpy(to->sun_path, name, sizeof to->sun_path - 1);
	if (name[0] == '@')
		to->sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + (name[0] != '@'));
}

static int connected(int type, const char *name)
{
	struct sockaddr_un to;
	socklen_t size = unix_address(name, &to);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, size) < 0) {
		int why = errno;

		close(fd);
		errno = why;
		return -1;
	}
	return fd;
}

static int type_of(const char *word)
{
	return strcmp(word, "stream") == 0 ? SOCK_STREAM : strcmp(word, "seqpacket") == 0 ? SOCK_SEQPACKET : SOCK_DGRAM;
}

/* connect TYPE ADDRESS: connects by a path or as @name, and sends a datagram: a
 * server knows of one only by that. */
static int connect_to(int argc, char **argv)
{
	int type = type_of(argv[0]), fd = connected(type, argv[1]);

	(void)argc;
	if (fd < 0)
		return failure("connect");
	if (type == SOCK_DGRAM && write(fd, "x", 1) < 0)
		return failure("write");
	return 0;
}

/* send FROM ADDRESS: sends a datagram from a socket or from a pair of them, without
 * any connect. */
static int send_to(int argc, char **argv)
{
	struct sockaddr_un to;
	socklen_t size = unix_address(argv[1], &to);
	int pair[2];

	(void)argc;
	if (strcmp(argv[0], "pair") == 0) {
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
			return failure("socketpair");
	} else if ((pair[0] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0) {
		return failure("socket");
	}
	return sendto(pair[0], "x", 1, 0, (struct sockaddr *)&to, size) < 0 ? failure("sendto") : 0;
}

/* connect-later MARK ADDRESS: makes a file, and connects when the socket is there. */
static int connect_later(int argc, char **argv)
{
	struct stat st;
	int fd = open(argv[0], O_WRONLY | O_CREAT, 0644);

	(void)argc;
	if (fd < 0)
		return failure("mark");
	close(fd);
	for (int i = 0; i < 6000; i++, usleep(10000))
		if (lstat(argv[1], &st) == 0)
			return connected(SOCK_STREAM, argv[1]) < 0 ? failure("connect") : 0;
	fprintf(stderr, "%s does not come\n", argv[1]);
	return 1;
}

enum { NUMBER = 100 }; /* of the descriptor that changes */

static struct sockaddr_un first, second;
static volatile struct sockaddr_un shared; /* what the calls read */
static atomic_int local, stopped;
static int inet;
static char *names[3];

static void *change_address(void *unused)
{
	for (unsigned i = 0; !stopped; i++) {
		shared = second;
		if (i % 3 == 0)
			dup3(inet, NUMBER, O_CLOEXEC);
		for (volatile unsigned n = 0; n < i % 200; n++)
			;
		shared = first;
		dup3(local, NUMBER, O_CLOEXEC);
	}
	return unused;
}

/*
 * flip-address FIRST SECOND: connects many times while another thread changes the
 * address and what the descriptor is, again and again. Either way the connection may
 * succeed; it must not lead to the second address.
 */
static int flip_address(int argc, char **argv)
{
	pthread_t other;
	int count = 0;

	(void)argc;
	unix_address(argv[0], &first), unix_address(argv[1], &second);
	shared = first;
	if ((inet = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return failure("socket");
	local = inet;
	pthread_create(&other, NULL, change_address, NULL);
	for (int i = 0; i < 20000; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd < 0)
			return failure("socket");
		local = fd;
		dup3(fd, NUMBER, O_CLOEXEC);
		count += syscall(SYS_connect, NUMBER, &shared, sizeof shared) == 0;
		close(fd);
	}
	stopped = 1;
	pthread_join(other, NULL);
	printf("%d\n", count);
	return 0;
}

static void point(const char *target)
{
	char temporary[300];

	snprintf(temporary, sizeof temporary, "%s.new", names[0]);
	unlink(temporary);
	if (symlink(target, temporary) == 0)
		rename(temporary, names[0]);
}

static void *change_name(void *unused)
{
	while (!stopped)
		point(names[2]), point(names[1]);
	return unused;
}

/* flip-name NAME FIRST SECOND: connects many times by a name that another thread
 * makes a link to one socket and to another, again and again. */
static int flip_name(int argc, char **argv)
{
	pthread_t other;
	int count = 0;

	memcpy(names, argv, sizeof *argv * (size_t)argc);
	point(names[1]);
	pthread_create(&other, NULL, change_name, NULL);
	for (int i = 0; i < 3000; i++) {
		int fd = connected(SOCK_STREAM, names[0]);

		if (fd >= 0)
			count++, close(fd);
	}
	stopped = 1;
	pthread_join(other, NULL);
	printf("%d\n", count);
	return 0;
}

static int listening(const char *path, int backlog)
{
	struct sockaddr_un to;
	socklen_t size = unix_address(path, &to);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 || bind(fd, (struct sockaddr *)&to, size) < 0 || listen(fd, backlog) < 0 ? -1 : fd;
}

static char full[100], open_to_all[100];
static int listener;
static atomic_long answered; /* when, in milliseconds */
static atomic_int refused_for;

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *accept_all(void *unused)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			close(fd);
	}
	return unused;
}

static void *ask(void *unused)
{
	for (;;) {
		int fd = connected(SOCK_STREAM, open_to_all);

		if (fd >= 0)
			close(fd);
		else if (errno != EAGAIN)
			refused_for = errno;
		answered = now();
	}
	return unused;
}

static void *toggle(void *argument)
{
	int fd = (int)(long)argument;

	for (long began = now(); now() - began < 20;)
		fcntl(fd, F_SETFL, O_NONBLOCK), fcntl(fd, F_SETFL, 0);
	return NULL;
}

static void begin(void *(*run)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, argument) == 0)
		pthread_detach(thread);
}

/* connect_changing connects with a socket that another thread has block and not
 * block meanwhile, in turns, and block in the end. */
static void *connect_changing(void *unused)
{
	struct sockaddr_un to;
	socklen_t size = unix_address(full, &to);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0) {
		begin(toggle, (void *)(long)fd);
		connect(fd, (struct sockaddr *)&to, size);
	}
	return unused;
}

/*
 * hold-up: has whoever connects for this process wait: the socket is to block from
 * just before the connection is made, and at the other end there is no room. It says
 * so when another connection is not made any more, and never ends.
 */
static int hold_up(int argc, char **argv)
{
	char dir[] = "/tmp/hold-up.XXXXXX";

	(void)argc, (void)argv;
	if (!mkdtemp(dir))
		return failure("mkdtemp");
	snprintf(full, sizeof full, "%s/full", dir), snprintf(open_to_all, sizeof open_to_all, "%s/free", dir);
	if (listening(full, 0) < 0 || (listener = listening(open_to_all, 16)) < 0)
		return failure("listen");
	while (connected(SOCK_STREAM | SOCK_NONBLOCK, full) >= 0)
		;
	if (errno != EAGAIN)
		return failure("connect");
	answered = now();
	begin(accept_all, NULL);
	begin(ask, NULL);
	for (int i = 0; now() - answered < 1000; i++, usleep(10000)) {
		if (refused_for) {
			errno = refused_for;
			return failure("connect");
		}
		if (i % 5 == 0)
			begin(connect_changing, NULL);
	}
	printf("held up\n");
	fflush(stdout);
	for (;;)
		pause();
}

static long with_filter(struct sock_filter *filter, unsigned short length, unsigned flags)
{
	struct sock_fprog program = { length, filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* under-listener COMMAND...: runs a command under a filter that allows everything and
 * has a listener, as in a jail. */
static int under_listener(int argc, char **argv)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	long fd = with_filter(&allow, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER);

	(void)argc;
	/* While the listener is open, there can be no other. */
	if (fd < 0 || fcntl((int)fd, F_SETFD, 0) < 0)
		return failure("seccomp");
	execve(argv[0], argv, environ);
	return failure(argv[0]);
}

/* Runs a command under a filter that refuses clone3(2), as those of container engines
 * do: with ENOSYS, and older ones with EPERM. */
static int refuse_clone3(int refusal, char **argv)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | refusal),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	if (with_filter(filter, sizeof filter / sizeof *filter, 0) < 0)
		return failure("seccomp");
	execve(argv[0], argv, environ);
	return failure(argv[0]);
}

static int without_clone3(int argc, char **argv)
{
	(void)argc;
	return refuse_clone3(ENOSYS, argv);
}

static int forbidden_clone3(int argc, char **argv)
{
	(void)argc;
	return refuse_clone3(EPERM, argv);
}

const struct act connections[] = {
	{ "connect", 2, connect_to }, { "send", 2, send_to }, { "connect-later", 2, connect_later }, { "flip-address", 2, flip_address },
	{ "flip-name", 3, flip_name }, { "hold-up", 0, hold_up }, { "under-listener", -1, under_listener },
	{ "without-clone3", -1, without_clone3 }, { "forbidden-clone3", -1, forbidden_clone3 }, { 0 }
};
