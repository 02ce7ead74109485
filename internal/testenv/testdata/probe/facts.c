/* What a process sees of itself and of the system, as one JSON object. */
#define _GNU_SOURCE
#include "probe.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

extern char **environ;

void quoted(const char *text)
{
	putchar('"');
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < ' ' || *p == '"' || *p == '\\')
			printf("\\u%04x", *p);
		else
			putchar(*p);
	putchar('"');
}

static void member(const char *name)
{
	printf(",\n");
	quoted(name);
	putchar(':');
}

static void number(const char *name, long value)
{
	member(name);
	printf("%ld", value);
}

static void string(const char *name, const char *value)
{
	member(name);
	quoted(value);
}

/* reason is what the kernel said, as the tests have it: in small letters. */
static const char *reason(void)
{
	static char text[200];

	snprintf(text, sizeof text, "%s", strerror(errno));
	text[0] = (char)tolower(text[0]);
	return text;
}

/* contents reads a whole file, or says why that can't be done. */
static char *contents(const char *name, size_t *size)
{
	size_t have = 0, room = 1 << 16;
	char *text = malloc(room + 1);
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, text + have, room - have)) > 0)
		if ((have += (size_t)n) == room)
			text = realloc(text, (room *= 2) + 1);
	if (n < 0)
		have = (size_t)snprintf(text, room, "%s", reason());
	if (fd >= 0)
		close(fd);
	text[have] = 0;
	if (size)
		*size = have;
	return text;
}

static char *trimmed(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	for (size_t n = strlen(text); n && isspace((unsigned char)text[n - 1]); n--)
		text[n - 1] = 0;
	return text;
}

/* pairs prints the lines "key: value" of a file as an object. */
static void pairs(const char *name, const char *file)
{
	char *rest = contents(file, NULL), *line, *value, *between = "";

	member(name);
	putchar('{');
	while ((line = strsep(&rest, "\n"))) {
		if (!(value = strchr(line, ':')))
			continue;
		*value++ = 0;
		printf("%s", between), between = ",\n";
		quoted(line), putchar(':'), quoted(trimmed(value));
	}
	putchar('}');
}

static void list(const char *name, char **texts)
{
	member(name);
	putchar('[');
	for (int i = 0; texts[i]; i++) {
		printf("%s", i ? ",\n" : "");
		quoted(texts[i]);
	}
	putchar(']');
}

/* lines prints those of a file from one on, up to a character if there is one. */
static void lines(const char *name, const char *file, int from, char until)
{
	char *rest = contents(file, NULL), *line, *end, *all[10000];
	int n = 0;

	while ((line = strsep(&rest, "\n")) && n < 9999) {
		if (from-- > 0 || (!*line && !rest))
			continue;
		if (until && (end = strchr(line, until)))
			*end = 0;
		all[n++] = trimmed(line);
	}
	all[n] = NULL;
	list(name, all);
}

struct descriptor {
	int fd;
	char target[PATH_MAX];
};

/* descriptors are those that the process began with. */
static struct descriptor *descriptors(void)
{
	static struct descriptor all[1024];
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int n = 0;

	while (dir && n < 1023 && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]) || atoi(entry->d_name) == dirfd(dir))
			continue;
		all[n].fd = atoi(entry->d_name);
		ssize_t size = readlinkat(dirfd(dir), entry->d_name, all[n].target, PATH_MAX - 1);
		all[n++].target[size < 0 ? 0 : size] = 0;
	}
	all[n].fd = -1;
	if (dir)
		closedir(dir);
	return all;
}

static const char *comma;

static int device(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)flag;
	if (at->level == 0)
		return 0;
	printf("%s", comma), comma = ",\n";
	quoted(path);
	printf(":\"%06o %u:%u\"", st->st_mode, major(st->st_rdev), minor(st->st_rdev));
	return 0;
}

static void devices(void)
{
	member("Devices");
	comma = "";
	putchar('{');
	nftw("/dev", device, 16, FTW_PHYS);
	putchar('}');
}

static void limits(void)
{
	static const struct {
		const char *name;
		int resource;
	} all[] = {
		{ "core", RLIMIT_CORE }, { "open-files", RLIMIT_NOFILE }, { "processes", RLIMIT_NPROC }, { "file-size", RLIMIT_FSIZE },
	};

	member("Limits");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct rlimit64 l;

		getrlimit64(all[i].resource, &l);
		printf("%s\"%s\":[%llu,%llu]", i ? "," : "{", all[i].name, (unsigned long long)l.rlim_cur, (unsigned long long)l.rlim_max);
	}
	putchar('}');
}

static int ascending(const struct dirent **a, const struct dirent **b) { return atoi((*a)->d_name) - atoi((*b)->d_name); }

static int is_number(const struct dirent *entry) { return isdigit((unsigned char)entry->d_name[0]); }

static void processes_seen(void)
{
	struct dirent **all;
	int n = scandir("/proc", &all, is_number, ascending);

	member("Processes");
	putchar('[');
	for (int i = 0; i < n; i++)
		printf("%s%d", i ? "," : "", atoi(all[i]->d_name));
	putchar(']');
}

/* look tells what can be read of a file: its text, the target of a link, how many
 * entries a directory has, or the error. */
static void look(const char *file)
{
	char target[PATH_MAX], text[50], *whole;
	ssize_t n = readlink(file, target, sizeof target - 1);
	struct dirent **all;
	size_t size;

	if (n >= 0) {
		target[n] = 0;
		quoted(target);
		return;
	}
	if ((n = scandir(file, &all, NULL, NULL)) >= 0) {
		snprintf(text, sizeof text, "%zd entries", n > 2 ? n - 2 : 0);
		quoted(text);
		return;
	}
	whole = contents(file, &size);
	for (size_t i = 0; i < size; i++)
		if (!whole[i])
			whole[i] = ' ';
	quoted(size ? trimmed(whole) : "");
}

/* observe prints everything. */
int observe(void)
{
	static const char *const of_first[] = { "cmdline", "environ", "maps", "exe", "fd", "cwd", "root" };
	struct descriptor *open = descriptors();
	char text[PATH_MAX], file[50];

	printf("{\"PID\":%d", getpid());
	number("Parent", getppid());
	number("Session", getsid(0));
	number("UID", (long)getuid());
	number("GID", (long)getgid());
	string("Cwd", getcwd(text, sizeof text) ?: "");
	list("Env", environ);
	member("Descriptors");
	putchar('{');
	for (int i = 0; open[i].fd >= 0; i++) {
		printf("%s\"%d\":", i ? "," : "", open[i].fd);
		quoted(open[i].target);
	}
	putchar('}');
	pairs("Status", "/proc/self/status");
	lines("Mounts", "/proc/self/mountinfo", 0, 0);
	gethostname(text, sizeof text);
	string("Hostname", text);
	string("MachineID", trimmed(contents("/etc/machine-id", NULL)));
	lines("Interfaces", "/proc/self/net/dev", 2, ':');
	devices();
	limits();
	processes_seen();
	member("First");
	for (size_t i = 0; i < sizeof of_first / sizeof *of_first; i++) {
		printf("%s\"%s\":", i ? "," : "{", of_first[i]);
		snprintf(file, sizeof file, "/proc/1/%s", of_first[i]);
		look(file);
	}
	putchar('}');
	number("Umask", umask(0));
	printf("}\n");
	return fflush(stdout) ? 1 : 0;
}
