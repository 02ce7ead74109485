/* Files, mounts and descriptors. */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

static void show(const char *name, const char *path, int at)
{
	char text[200];
	int fd = openat(at, path, O_RDONLY | O_NONBLOCK);
	long n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (n < 0) {
		report(name, errno, "");
	} else if (n == 0) {
		report(name, ENODATA, ""); /* a mask */
	} else {
		text[n] = 0;
		text[strcspn(text, "\n")] = 0;
		report(name, 0, text);
	}
	if (fd >= 0)
		close(fd);
}

static void reads(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		show(argv[i], argv[i], AT_FDCWD);
}

static void writes(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		int fd = open(argv[i], O_WRONLY | O_CREAT, 0666);
		report(argv[i], fd < 0 ? errno : failed(write(fd, "pwned\n", 6)), "");
	}
}

/* plant FILE...: each with the directories above it. */
static void plants(int argc, char **argv)
{
	char path[PATH_MAX];

	for (int i = 0; i < argc; i++) {
		snprintf(path, sizeof path, "%s", argv[i]);
		for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
			*slash = 0;
			mkdir(path, 0755);
			*slash = '/';
		}
		writes(1, argv + i);
	}
}

/* Opening alone, for what must not be written. */
static void opens(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		report(argv[i], failed(open(argv[i], O_WRONLY)), "");
}

/* digest FILE...: what is in them, as a number. */
static void digest(int argc, char **argv)
{
	static unsigned char text[1 << 16];
	char number[40];

	for (int i = 0; i < argc; i++) {
		unsigned long sum = 5381;
		int fd = open(argv[i], O_RDONLY | O_NONBLOCK);
		long n = fd < 0 ? -1 : read(fd, text, sizeof text);

		for (long k = 0; k < n; k++)
			sum = sum * 33 + text[k];
		snprintf(number, sizeof number, n > 0 ? "%lu" : "", sum);
		report(argv[i], n < 0 ? errno : n ? 0 : ENODATA, number);
		if (fd >= 0)
			close(fd);
	}
}

/* grep FILE TEXT...: which of the texts are in the file. */
static void grep(int argc, char **argv)
{
	static char text[1 << 20];
	int fd = argc > 0 ? open(argv[0], O_RDONLY) : -1;
	long n, all = 0;

	while (fd >= 0 && (n = read(fd, text + all, sizeof text - 1 - (size_t)all)) > 0)
		all += n;
	for (int i = 1; i < argc; i++)
		report(argv[i], strstr(text, argv[i]) ? 0 : ENODATA, "");
}

/* existence PATH...: what every way to ask says about each. */
static void existence(int argc, char **argv)
{
	char text[10], *none[] = { 0 };
	struct stat st;

	for (int i = 0; i < argc; i++) {
		const char *p = argv[i];
#define ask(way, call) (errno = 0, (void)!(call), printf("answer\t%s\t%s\t%s\n", way, p, errno ? strerrorname_np(errno) : "ok"))
		ask("access", access(p, F_OK));
		ask("stat", stat(p, &st));
		ask("open", open(p, O_RDONLY));
		ask("readlink", readlink(p, text, sizeof text));
		ask("chdir", chdir(p));
		ask("mkdir", mkdir(p, 0700));
		ask("link", link(p, "linked"));
		ask("inotify", inotify_add_watch(inotify_init(), p, IN_OPEN));
		ask("execve", execve(p, none, none));
#undef ask
	}
}

static void stats(int argc, char **argv)
{
	struct stat st;

	for (int i = 0; i < argc; i++)
		report(argv[i], failed(lstat(argv[i], &st)), "");
}

static void lists(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		struct dirent *entry;
		DIR *dir = opendir(argv[i]);
		int count = 0;

		while (dir && (entry = readdir(dir)))
			count += entry->d_name[0] != '.';
		report(argv[i], dir ? (count ? 0 : ENODATA) : errno, "");
	}
}

/* Every descriptor beyond the three, and what a directory among them opens. */
static void descriptors(int argc, char **argv)
{
	char name[64], link[64], target[300];
	const char *beside = argc > 0 ? argv[0] : "..";

	for (int fd = 0; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		long n = readlink(link, target, sizeof target - 1);
		target[n < 0 ? 0 : n] = 0;
		if (fd < 3) {
			printf("standard\t%d\t%s\n", fd, target);
			continue;
		}
		snprintf(name, sizeof name, "descriptor %d", fd);
		report(name, 0, target);
		snprintf(name, sizeof name, "descriptor %d, beside it", fd);
		/* The file by its way from the directory above. */
		int above = openat(fd, "..", O_PATH | O_DIRECTORY);
		if (above >= 0) {
			show(name, beside, above);
			close(above);
		}
	}
}

static void directory(int argc, char **argv)
{
	char target[600];
	long n = readlink("/proc/self/cwd", target, sizeof target - 1);

	target[n < 0 ? 0 : n] = 0;
	printf("cwd\t%s\n", target);
	for (int i = 0; i < argc; i++)
		show(argv[i], argv[i], AT_FDCWD);
}

/* Mounts without nosuid or nodev, but for devices. */
static void flags(int argc, char **argv)
{
	char line[4096], where[4096], *at;
	FILE *list = fopen("/proc/self/mounts", "r");

	(void)argc, (void)argv;
	while (list && fgets(line, sizeof line, list)) {
		struct statvfs fs;
		struct stat st;

		if (sscanf(line, "%*s %4095s", where) != 1 || statvfs(where, &fs) < 0 || stat(where, &st) < 0)
			continue;
		if (strncmp(where, "/dev/", 5) == 0 && (S_ISCHR(st.st_mode) || strcmp(where, "/dev/pts") == 0))
			fs.f_flag |= ST_NODEV;
		at = fs.f_flag & ST_NOSUID ? "" : " setuid";
		if (*at)
			report("a mount with setuid", 0, where);
		if (!(fs.f_flag & ST_NODEV))
			report("a mount with devices", 0, where);
	}
}

/* The count of nodes of /dev that no program needs. */
static void devices(int argc, char **argv)
{
	static const char *const fine[] = {
		"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "fd", "stdin", "stdout", "stderr", "shm",
		"console", "core", 0
	};
	struct dirent *entry;
	DIR *dir = opendir("/dev");

	(void)argc, (void)argv;
	while (dir && (entry = readdir(dir))) {
		int known = entry->d_name[0] == '.';

		for (int i = 0; fine[i]; i++)
			known |= strcmp(entry->d_name, fine[i]) == 0;
		if (!known)
			report("other devices", 0, entry->d_name);
	}
}

/* What tmpfs has no bound below a gibibyte and a half, or none on inodes. */
static void unbounded(int argc, char **argv)
{
	char line[4096], where[4096], kind[100];
	FILE *list = fopen("/proc/self/mounts", "r");

	(void)argc, (void)argv;
	while (list && fgets(line, sizeof line, list)) {
		struct statvfs fs;

		if (sscanf(line, "%*s %4095s %99s", where, kind) != 2 || strcmp(kind, "tmpfs") || statvfs(where, &fs) < 0)
			continue;
		if (access(where, W_OK) == 0 && ((double)fs.f_blocks * fs.f_bsize > 1.5 * (1 << 30) || fs.f_files > 1 << 19))
			report("a tmpfs without bounds", 0, where);
	}
}

static const char *masked, *around;

static int content(void)
{
	char c;
	int fd = open(masked, O_RDONLY);

	if (fd < 0)
		return errno;
	return read(fd, &c, 1) == 1 ? 0 : ENODATA;
}

static int detach(long flag)
{
	if (flag)
		nested();
	if (umount2(masked, MNT_DETACH) < 0)
		return errno;
	return content();
}

static int bind_parent(long flag)
{
	if (flag)
		nested();
	if (mount(around, "/tmp", 0, MS_BIND, 0) < 0 || chdir("/tmp") < 0)
		return errno;
	masked = strrchr(masked, '/') + 1;
	return content();
}

static int clone_parent(long flag)
{
	if (flag)
		nested();
	int fd = (int)syscall(428 /* open_tree */, AT_FDCWD, around, 1 /* OPEN_TREE_CLONE */);
	if (fd < 0)
		return errno;
	if (fchdir(fd) < 0)
		return errno;
	masked = strrchr(masked, '/') + 1;
	return content();
}

static int remount(long flag)
{
	char path[4096];

	if (flag)
		nested();
	if (mount(0, around, 0, MS_REMOUNT | MS_BIND, 0) < 0)
		return errno;
	snprintf(path, sizeof path, "%s/unmasked", around);
	return failed(open(path, O_WRONLY | O_CREAT, 0600));
}

static int change_root(long flag)
{
	if (flag)
		nested();
	int out = open("/", O_RDONLY | O_DIRECTORY);
	if (chroot("/tmp") < 0 || fchdir(out) < 0)
		return errno;
	for (int i = 0; i < 50; i++)
		if (chdir("..") < 0)
			return errno;
	return chroot(".") < 0 ? errno : content();
}

/* unmask MASKED AROUND: take a mask off, as it is and in a nested namespace. */
static void unmask(int argc, char **argv)
{
	static const struct { const char *name; attempt f; } ways[] = {
		{ "umount", detach }, { "bind of the parent", bind_parent }, { "open_tree of the parent", clone_parent },
		{ "remount writable", remount }, { "chroot and back", change_root },
	};
	char name[100];

	if (argc < 2)
		return;
	masked = argv[0], around = argv[1];
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		for (int deep = 0; deep < 2; deep++) {
			snprintf(name, sizeof name, "%s%s", ways[i].name, deep ? ", nested" : "");
			try(name, ways[i].f, deep);
		}
}

static int mount_cgroup(long version)
{
	nested();
	return failed(mount("none", "/tmp", version == 1 ? "cgroup" : "cgroup2", 0, version == 1 ? "none,name=jail" : 0));
}

static void mount_cgroups(int argc, char **argv)
{
	(void)argc, (void)argv;
	try("mount of version 1", mount_cgroup, 1);
	try("mount of version 2", mount_cgroup, 2);
}

/* flip A B PID: exchange two names until the process is gone. */
static void flip(int argc, char **argv)
{
	if (argc < 2)
		return;
	for (;;) {
		if (syscall(SYS_renameat2, AT_FDCWD, argv[0], AT_FDCWD, argv[1], 2 /* RENAME_EXCHANGE */) < 0)
			return;
		if (getppid() == 1)
			return;
	}
}

/* above opens the directory of a path, and finds the name in it. */
static int above(const char *path, const char **name)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');

	snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
	*name = slash + 1;
	return open(dir, O_PATH | O_DIRECTORY);
}

/* A call that changed something is undone: the next starts from the same. */
static int attempt_change(const char *verb, const char *a, const char *b)
{
	int fd = -1, result;

	if (strcmp(verb, "create") == 0) {
		fd = open(a, O_WRONLY | O_CREAT | O_EXCL, 0600);
		result = failed(fd);
		if (fd >= 0)
			close(fd), unlink(a);
		return result;
	}
	if (strcmp(verb, "mkdir") == 0) {
		result = failed(mkdir(a, 0700));
		if (!result)
			rmdir(a);
		return result;
	}
	if (strcmp(verb, "rename") == 0 || strcmp(verb, "link") == 0) {
		/* By directories that are open: the way there may change. */
		int from = above(a, &a), to = above(b, &b), error = errno;

		if (from < 0 || to < 0)
			result = error;
		else if (verb[0] == 'r')
			result = failed(renameat(from, a, to, b));
		else
			result = failed(linkat(from, a, to, b, 0));
		if (!result && verb[0] == 'r')
			renameat(to, b, from, a);
		else if (!result)
			unlinkat(to, b, 0);
		close(from), close(to);
		return result;
	}
	if (strcmp(verb, "unlink") == 0)
		return failed(unlink(a));
	if (strcmp(verb, "connect") == 0) {
		struct sockaddr_un to = { .sun_family = AF_UNIX };

		strncpy(to.sun_path, a, sizeof to.sun_path - 1);
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		result = failed(connect(fd, (struct sockaddr *)&to, sizeof to));
		close(fd);
		return result;
	}
	return EINVAL;
}

/* The lattice: one call for each line of standard input. */
static void lattice(int argc, char **argv)
{
	char line[9000], text[100], *verb, *a, *b;
	struct stat st;

	(void)argc, (void)argv;
	while (fgets(line, sizeof line, stdin)) {
		int error, fd = -1;
		long n = 0;

		line[strcspn(line, "\n")] = 0;
		verb = strtok(line, "\t"), a = strtok(0, "\t"), b = strtok(0, "\t");
		if (strcmp(verb, "read") == 0) {
			fd = open(a, O_RDONLY | O_NONBLOCK);
			n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
			error = failed(n);
		} else if (strcmp(verb, "write") == 0) {
			fd = open(a, O_WRONLY | O_APPEND | O_NONBLOCK);
			error = failed(fd);
		} else if (strcmp(verb, "stat") == 0) {
			error = failed(lstat(a, &st));
		} else {
			error = attempt_change(verb, a, b);
		}
		text[n > 0 ? n : 0] = 0;
		printf("answer\t%s\t%s\n", error ? strerrorname_np(error) : "open", text);
		if (fd >= 0)
			close(fd);
	}
}

/* struct open_how of openat2(2). */
struct how { unsigned long long flags, mode, resolve; };

/* make_set_id makes a file with a set-id bit by one of the ways that the kernel has. */
static long make_set_id(const char *way, const char *path, int mode)
{
	struct how how = { .flags = O_CREAT | O_WRONLY, .mode = mode };
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX], held[64];
	long fd;

	if (strcmp(way, "open") == 0)
		return syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY, mode);
#ifdef SYS_open
	if (strcmp(way, "old-open") == 0)
		return syscall(SYS_open, path, O_CREAT | O_WRONLY, mode);
	if (strcmp(way, "creat") == 0)
		return syscall(SYS_creat, path, mode);
	if (strcmp(way, "mknod") == 0)
		return syscall(SYS_mknod, path, S_IFREG | mode, 0);
#endif
	if (strcmp(way, "openat2") == 0)
		return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
	if (strcmp(way, "mknodat") == 0)
		return syscall(SYS_mknodat, AT_FDCWD, path, S_IFREG | mode, 0);
	if (strcmp(way, "tmpfile") == 0) {
		snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
		fd = syscall(SYS_openat, AT_FDCWD, dir, O_TMPFILE | O_WRONLY, mode);
		snprintf(held, sizeof held, "/proc/self/fd/%ld", fd);
		return fd < 0 ? fd : linkat(AT_FDCWD, held, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
	}
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	if (fd < 0)
		return fd;
	if (strcmp(way, "fchmod") == 0)
		return syscall(SYS_fchmod, fd, mode);
	if (strcmp(way, "fchmodat") == 0)
		return syscall(SYS_fchmodat, AT_FDCWD, path, mode);
	if (strcmp(way, "fchmodat2") == 0)
		return syscall(452, fd, "", mode, AT_EMPTY_PATH);
#ifdef SYS_chmod
	if (strcmp(way, "chmod") == 0)
		return syscall(SYS_chmod, path, mode);
#endif
	errno = EINVAL;
	return -1;
}

/* set-id DIR WAY...: a file in the directory for each way and each bit, named after them. */
static void set_ids(int argc, char **argv)
{
	static const struct { const char *name; int mode; } bits[] = {
		{ "user", S_ISUID | 0755 }, { "group", S_ISGID | 0755 }, { "both", S_ISUID | S_ISGID | 0755 }
	};
	char path[PATH_MAX], name[100];

	for (int i = 1; i < argc; i++)
		for (size_t bit = 0; bit < sizeof bits / sizeof *bits; bit++) {
			snprintf(name, sizeof name, "%s %s", argv[i], bits[bit].name);
			snprintf(path, sizeof path, "%s/%s", argv[0], name);
			report(name, failed(make_set_id(argv[i], path, bits[bit].mode)), "");
		}
}

/*
 * file-capability FILE [nested]: gives a file CAP_SETUID, as root of a new user namespace
 * or as who it is. The number at the end is root of the namespace that the capability
 * counts for (vfs_ns_cap_data of linux/capability.h).
 */
static void file_capability(int argc, char **argv)
{
	static const unsigned data[] = { 0x03000001, 1 << 7, 0, 0, 0, 0 };
	int fd = open(argv[0], O_CREAT | O_WRONLY, 0755);
	unsigned ids[] = { 0, getuid(), getgid() };
	static const struct { const char *file, *text; int id; } maps[] = {
		{ "/proc/self/setgroups", "deny%.0u", 0 }, { "/proc/self/uid_map", "0 %u 1", 1 }, { "/proc/self/gid_map", "0 %u 1", 2 }
	};

	close(fd);
	if (argc > 1 && unshare(CLONE_NEWUSER) == 0)
		for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
			fd = open(maps[i].file, O_WRONLY);
			dprintf(fd, maps[i].text, ids[maps[i].id]);
			close(fd);
		}
	report("file-capability", failed(setxattr(argv[0], "security.capability", data, sizeof data, 0)), "");
}

const struct probe files[] = {
	{ "read", reads }, { "write", writes }, { "plant", plants }, { "open", opens }, { "stat", stats }, { "digest", digest }, { "grep", grep }, { "existence", existence }, { "list", lists },
	{ "descriptors", descriptors }, { "cwd", directory }, { "mount-flags", flags }, { "devices", devices },
	{ "unbounded", unbounded }, { "unmask", unmask }, { "flip", flip }, { "mount-cgroup", mount_cgroups }, { "lattice", lattice },
	{ "set-id", set_ids }, { "file-capability", file_capability }, { 0 }
};
