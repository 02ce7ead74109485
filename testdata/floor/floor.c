/*
 * floor - the floor that jail's start-up time is measured against.
 *
 *   floor plain PROGRAM [ARGUMENT...]
 *   floor files LIST PROGRAM [ARGUMENT...]
 *
 * "plain" gives the isolation of
 *   bwrap --ro-bind / / --unshare-all --dev /dev --proc /proc --tmpfs /tmp
 * "files" shows an empty root with /usr, /dev, /proc, /tmp and every file named in
 * LIST (one absolute path a line, neighbours next to each other), read-only.
 *
 * Both use as few system calls as that can be done with: one clone with all
 * namespaces, a tree that is put together while it is attached to nothing and
 * attached once, one pivot_root.  Mounting on a detached tree needs Linux
 * 6.15.  Nothing here is configurable, portable or forgiving: it is a
 * yardstick, and not a sandbox to use.
 *
 * The exit status is the program's, 128+N when signal N ended it, 125 when
 * the set-up failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467 /* Linux 6.15: open_tree and mount_setattr in one */
#endif

#define ALL_NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | \
                        CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNET)

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

/* check passes a system call's result through and ends the launch on -1. */
static int check(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static void write_file(const char *path, const char *format, ...)
{
	char text[64];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	int fd = check(open(path, O_WRONLY | O_CLOEXEC), path);
	check(write(fd, text, length), path);
	close(fd);
}

/*
 * clone_tree returns a detached copy of the mount at path.  The attributes
 * are set while nobody can reach the copy, and making it private cuts it off
 * from later mounts of the host.
 */
static int clone_tree(const char *path, uint64_t attributes)
{
	struct mount_attr attr = {.attr_set = attributes, .propagation = MS_PRIVATE};
	return check(syscall(SYS_open_tree_attr, AT_FDCWD, path,
	                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE,
	                     &attr, sizeof attr), path);
}

/* new_mount returns a detached mount of a new file system. */
static int new_mount(const char *type, const char *key, const char *value, unsigned attributes)
{
	int context = check(fsopen(type, FSOPEN_CLOEXEC), type);
	if (key)
		check(fsconfig(context, FSCONFIG_SET_STRING, key, value, 0), key);
	check(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), type);
	int mount = check(fsmount(context, FSMOUNT_CLOEXEC, attributes), type);
	close(context);
	return mount;
}

static void attach(int mount, int directory, const char *target)
{
	check(move_mount(mount, "", directory, target, MOVE_MOUNT_F_EMPTY_PATH), target);
}

/* A mount point for a file is an empty file: mknod makes one without a descriptor. */
static void make_file(int directory, const char *name)
{
	check(mknodat(directory, name, S_IFREG | 0444, 0), name);
}

/* devices mounts bubblewrap's minimal /dev on dev, a path below root. */
static void devices(int root, const char *path)
{
	static const char *const nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
	static const char *const links[][2] = {
		{"/proc/self/fd", "fd"}, {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"},
		{"/proc/self/fd/2", "stderr"}, {"/proc/kcore", "core"}, {"pts/ptmx", "ptmx"},
	};
	char host[32];
	int dev = new_mount("tmpfs", "mode", "0755", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
		snprintf(host, sizeof host, "/dev/%s", nodes[i]);
		make_file(dev, nodes[i]);
		int node = clone_tree(host, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
		attach(node, dev, nodes[i]);
		close(node);
	}
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		check(symlinkat(links[i][0], dev, links[i][1]), links[i][1]);
	check(mkdirat(dev, "shm", 0755), "dev/shm");
	check(mkdirat(dev, "pts", 0755), "dev/pts");
	int pts = new_mount("devpts", "ptmxmode", "0666", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	attach(pts, dev, "pts");
	close(pts);
	attach(dev, root, path);
	close(dev);
}

/* common mounts what both modes have: /dev, /proc and /tmp. */
static void common(int root)
{
	devices(root, "dev");
	int proc = new_mount("proc", NULL, NULL,
	                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	attach(proc, root, "proc");
	close(proc);
	int tmp = new_mount("tmpfs", "mode", "0755", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	attach(tmp, root, "tmp");
	close(tmp);
}

/* make_parents makes the directories above path, which starts with "/". */
static void make_parents(int root, char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(root, path + 1, 0755) < 0 && errno != EEXIST)
			die(path);
		*slash = '/';
	}
}

/*
 * bind_files binds every file of the list.  The directory of the last file
 * stays open, on the host and in the new root, so that neighbours cost no
 * walk down their path.
 */
static void bind_files(int root, char *list)
{
	char *directory = NULL;
	int host = -1, inside = -1;
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.propagation = MS_PRIVATE,
	};
	for (char *path = strtok(list, "\n"); path; path = strtok(NULL, "\n")) {
		char *name = strrchr(path, '/') + 1;
		if (!directory || strlen(directory) != (size_t)(name - path - 1) ||
		    strncmp(directory, path, name - path - 1) != 0) {
			if (directory) {
				close(host);
				close(inside);
			}
			make_parents(root, path);
			name[-1] = '\0';
			directory = path;
			host = check(open(path, O_PATH | O_CLOEXEC), path);
			inside = check(openat(root, path + 1, O_PATH | O_CLOEXEC), path);
		}
		make_file(inside, name);
		int file = check(syscall(SYS_open_tree_attr, host, name,
		                         OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC,
		                         &attr, sizeof attr), name);
		attach(file, inside, name);
		close(file);
	}
}

static int plain_root(void)
{
	int root = clone_tree("/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	common(root);
	return root;
}

static int files_root(char *list)
{
	static const char *const directories[] = {"usr", "dev", "proc", "tmp"};
	static const char *const links[] = {"bin", "lib", "lib64", "sbin"};
	char target[32];
	struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
	int root = new_mount("tmpfs", "mode", "0755", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		check(mkdirat(root, directories[i], 0755), directories[i]);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		snprintf(target, sizeof target, "usr/%s", links[i]);
		check(symlinkat(target, root, links[i]), links[i]);
	}
	int usr = clone_tree("/usr", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	attach(usr, root, "usr");
	close(usr);
	common(root); /* before the files: they may lie below /tmp */
	bind_files(root, list);
	check(mount_setattr(root, "", AT_EMPTY_PATH, &readonly, sizeof readonly), "read-only root");
	return root;
}

/*
 * enter_root makes the detached tree the root.  It is attached over "/", so
 * no directory of the host is needed for it; pivot_root(".", ".") then puts
 * the old root on top of the new one, where it is detached (pivot_root(2)).
 */
static void enter_root(int root)
{
	check(move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "attach the root");
	check(fchdir(root), "fchdir");
	check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	check(umount2(".", MNT_DETACH), "detach the old root");
	check(chdir("/"), "chdir");
}

/* The kernel gives lo its addresses when it comes up. */
static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
	check(ioctl(fd, SIOCSIFFLAGS, &request), "lo");
	close(fd);
}

static void drop_privileges(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	check(syscall(SYS_capset, &header, none), "capset");
	check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

/* status turns a wait status into an exit status. */
static int status(int wait)
{
	return WIFSIGNALED(wait) ? 128 + WTERMSIG(wait) : WEXITSTATUS(wait);
}

/* reap is PID 1: it waits for everybody and ends with the program. */
static void reap(pid_t program)
{
	int wait;
	for (;;) {
		pid_t pid = waitpid(-1, &wait, 0);
		if (pid == program)
			_exit(status(wait));
		if (pid < 0 && errno != EINTR)
			_exit(125);
	}
}

static char *read_list(const char *path)
{
	struct stat info;
	int fd = check(open(path, O_RDONLY | O_CLOEXEC), path);
	check(fstat(fd, &info), path);
	char *text = malloc(info.st_size + 1);
	if (!text)
		die("malloc");
	if (read(fd, text, info.st_size) != info.st_size)
		die(path);
	text[info.st_size] = '\0';
	close(fd);
	return text;
}

int main(int argc, char **argv)
{
	int files = argc > 3 && strcmp(argv[1], "files") == 0;
	if (!files && !(argc > 2 && strcmp(argv[1], "plain") == 0)) {
		fputs("usage: floor plain PROGRAM... | floor files LIST PROGRAM...\n", stderr);
		return 125;
	}
	char *list = files ? read_list(argv[2]) : NULL;
	char **program = argv + (files ? 3 : 2);
	unsigned uid = getuid(), gid = getgid();

	/* Without a stack argument clone is fork with namespaces. */
	pid_t child = check(syscall(SYS_clone, ALL_NAMESPACES | SIGCHLD, 0, 0, 0, 0), "clone");
	if (child > 0) {
		int wait;
		while (waitpid(child, &wait, 0) < 0 && errno == EINTR)
			;
		return status(wait);
	}
	/* A process may map its own ids itself, one each (user_namespaces(7)). */
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "%u %u 1", uid, uid);
	write_file("/proc/self/gid_map", "%u %u 1", gid, gid);
	enter_root(files ? files_root(list) : plain_root());
	loopback_up();
	drop_privileges(); /* here, so that PID 1 has none either */
	pid_t inner = check(fork(), "fork");
	if (inner > 0)
		reap(inner);
	execvp(program[0], program);
	die(program[0]);
}
