/* Sockets: what kinds can be made, what they can be told, whom they reach. */
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/*
 * A filter answers before the kernel looks for the family. A kernel without
 * it says EAFNOSUPPORT as well; such a family is not open in the control, so
 * it counts for nothing.
 */
static int family(long f)
{
	static const int kinds[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW };

	nested();
	unshare(CLONE_NEWNET);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		for (int protocol = 0; protocol < 2; protocol++)
			if (socket((int)f, kinds[i], protocol) >= 0)
				return 0;
	return errno ?: EAFNOSUPPORT;
}

static int family80(long f)
{
	static long args[3]; /* 32-bit words for socketcall */
	int *words = (int *)args;

	words[0] = (int)f, words[1] = SOCK_RAW, words[2] = 0;
	if (int80(102, 1, (long)args, 0) >= 0)
		return 0;
	words[1] = SOCK_STREAM;
	if (int80(102, 1, (long)args, 0) >= 0)
		return 0;
	return failed(int80(359, f, SOCK_DGRAM, 0));
}

static void families(int argc, char **argv)
{
	char name[50];

	(void)argc, (void)argv;
	for (long f = 0; f <= 46; f++) {
		if (f == AF_UNIX || f == AF_INET || f == AF_INET6)
			continue;
		snprintf(name, sizeof name, "family %ld", f);
		try(name, family, f);
		snprintf(name, sizeof name, "family %ld, int 0x80", f);
		try(name, family80, f);
	}
}

static int made(long what)
{
	/* Raw sockets take privileges over the network, which a namespace gives. */
	nested();
	unshare(CLONE_NEWNET);
	return failed(socket((int)(what >> 24), (int)(what >> 16) & 0xff, (int)what & 0xffff));
}
#define SOCKET(f, t, p) ((long)(f) << 24 | (long)(t) << 16 | (p))

static void protocols(int argc, char **argv)
{
	static const struct { const char *name; long what; } kinds[] = {
		{ "MPTCP", SOCKET(AF_INET, SOCK_STREAM, 262) }, { "MPTCP, IPv6", SOCKET(AF_INET6, SOCK_STREAM, 262) },
		{ "SCTP", SOCKET(AF_INET, SOCK_STREAM, 132) }, { "SCTP, packets", SOCKET(AF_INET, SOCK_SEQPACKET, 132) },
		{ "DCCP", SOCKET(AF_INET, 6, 33) }, { "UDP-Lite", SOCKET(AF_INET, SOCK_DGRAM, 136) },
		{ "L2TP", SOCKET(AF_INET, SOCK_DGRAM, 115) }, { "ping", SOCKET(AF_INET, SOCK_DGRAM, 1) },
		{ "ping, IPv6", SOCKET(AF_INET6, SOCK_DGRAM, 58) }, { "raw", SOCKET(AF_INET, SOCK_RAW, 255) },
		{ "raw, IPv6", SOCKET(AF_INET6, SOCK_RAW, 255) }, { "packet of old", SOCKET(AF_INET, 10, 3) },
		{ "netlink, netfilter", SOCKET(AF_NETLINK, SOCK_RAW, 12) }, { "netlink, xfrm", SOCKET(AF_NETLINK, SOCK_RAW, 6) },
		{ "netlink, generic", SOCKET(AF_NETLINK, SOCK_RAW, 16) }, { "netlink, audit", SOCKET(AF_NETLINK, SOCK_RAW, 9) },
		{ "netlink, sock_diag", SOCKET(AF_NETLINK, SOCK_RAW, 4) }, { "netlink, kobject", SOCKET(AF_NETLINK, SOCK_RAW, 15) },
		{ "netlink, route", SOCKET(AF_NETLINK, SOCK_RAW, 0) },
	};

	(void)argc, (void)argv;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		try(kinds[i].name, made, kinds[i].what);
}

static int option(long which)
{
	static const struct { int level, name; } options[] = {
		{ 6, 31 }, { SOL_SOCKET, 26 }, { SOL_SOCKET, 50 }, { SOL_SOCKET, 51 }, { SOL_SOCKET, 52 }, { 0, 17 }, { 0, 16 },
		{ 41, 35 }, { 41, 34 }, { 0, 64 }, { 0, 65 }, { 41, 64 }, { 279, 1 }, { 17, 100 },
	};
	int fd = socket(which == 7 || which == 8 || which == 11 ? AF_INET6 : AF_INET, which == 13 ? SOCK_DGRAM : SOCK_STREAM, 0);

	if (fd < 0)
		return errno;
	/* The kernel's own EPERM, for want of privileges, looks like the filter's. */
	if (setsockopt(fd, options[which].level, options[which].name, "", 0) == 0)
		return 0;
	return errno == EPERM ? EPERM : 0;
}

static void options(int argc, char **argv)
{
	static const char *const names[] = {
		"TCP_ULP", "SO_ATTACH_FILTER", "SO_ATTACH_BPF", "SO_ATTACH_REUSEPORT_CBPF", "SO_ATTACH_REUSEPORT_EBPF", "IP_XFRM_POLICY",
		"IP_IPSEC_POLICY", "IPV6_XFRM_POLICY", "IPV6_IPSEC_POLICY", "IPT_SO_SET_REPLACE", "IPT_SO_SET_ADD_COUNTERS",
		"IP6T_SO_SET_REPLACE", "ALG_SET_KEY", "UDP_ENCAP",
	};

	(void)argc, (void)argv;
	nested();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		try(names[i], option, (long)i);
}

/* io_uring's own way to a socket, where the call itself is there. */
static int ring_socket(long f)
{
	unsigned int params[30] = { 0 };
	int ring = (int)syscall(425, 4, params);

	if (ring < 0)
		return errno;
	/* struct io_uring_params: the offsets of both rings begin at word 10. */
	unsigned int *sq = mmap(0, params[10 + 6] + 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0);
	unsigned char *entries = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0x10000000);
	unsigned char *cq = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0x8000000);

	if (sq == MAP_FAILED || entries == MAP_FAILED || cq == MAP_FAILED)
		return errno;
	memset(entries, 0, 64);
	entries[0] = 45; /* IORING_OP_SOCKET */
	*(int *)(entries + 4) = (int)f;
	*(unsigned long long *)(entries + 8) = SOCK_RAW;
	((unsigned int *)((char *)sq + params[10 + 6]))[0] = 0;
	*(unsigned int *)((char *)sq + params[10 + 1]) = 1;
	if (syscall(426, ring, 1, 1, 1, 0, 0) < 0)
		return errno;
	int result = *(int *)(cq + params[20 + 5] + 8);
	return result >= 0 ? 0 : -result;
}

static void ring_sockets(int argc, char **argv)
{
	(void)argc, (void)argv;
	try("netlink by io_uring", ring_socket, AF_NETLINK);
	try("IPv4 by io_uring", ring_socket, AF_INET);
}

/* Two jails that look for each other: one serves, the other knocks. */
static int address(const char *where, struct sockaddr_storage *to, socklen_t *size)
{
	memset(to, 0, sizeof *to);
	if (where[0] == '@' || where[0] == '/') {
		struct sockaddr_un *un = (struct sockaddr_un *)to;

		un->sun_family = AF_UNIX;
		strncpy(un->sun_path, where, sizeof un->sun_path - 1);
		*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(where));
		if (where[0] == '@')
			un->sun_path[0] = 0;
		else
			++*size;
		return socket(AF_UNIX, SOCK_STREAM, 0);
	}
	struct sockaddr_in *in = (struct sockaddr_in *)to;
	in->sin_family = AF_INET, in->sin_addr.s_addr = htonl(INADDR_LOOPBACK), in->sin_port = htons((unsigned short)atoi(where));
	*size = sizeof *in;
	return socket(AF_INET, SOCK_STREAM, 0);
}

/* serve ADDRESS...: listens on each, says so, and stays until killed. */
static void serve(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		struct sockaddr_storage to;
		socklen_t size;
		int fd = address(argv[i], &to, &size);

		if (argv[i][0] == '/')
			unlink(argv[i]);
		report(argv[i], fd < 0 || bind(fd, (struct sockaddr *)&to, size) < 0 || listen(fd, 5) < 0 ? errno : 0, "");
	}
	printf("ready\n");
	fflush(stdout);
	sleep(60);
}

static void knock(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		struct sockaddr_storage to;
		socklen_t size;
		int fd = address(argv[i], &to, &size);

		report(argv[i], fd < 0 ? errno : failed(connect(fd, (struct sockaddr *)&to, size)), "");
	}
}

/* multipath PORT: multipath TCP to the loopback interface. */
static void multipath(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 262);

	if (argc < 1)
		return;
	to.sin_port = htons((unsigned short)atoi(argv[0]));
	report("multipath TCP", fd < 0 ? errno : failed(connect(fd, (struct sockaddr *)&to, sizeof to)), "");
}

const struct probe sockets[] = {
	{ "families", families }, { "protocols", protocols }, { "options", options }, { "ring-sockets", ring_sockets }, { "serve", serve },
	{ "knock", knock }, { "multipath", multipath }, { 0 }
};
