/*
 * The probe: one small function for each thing that a jail has to stop. It is
 * linked statically, so that it runs anywhere, also as 32-bit code (-m32).
 *
 * A probe tries parts and reports each on a line of its own:
 *
 *	part <TAB> name <TAB> result [<TAB> text]
 *
 * The result is "open" when the thing worked, else the name or number of what
 * the kernel said, or the signal that ended the try.
 *
 * An act does one thing, of which somebody outside sees what came, or prints what
 * it got; it exits with 1 when it fails. Without arguments the probe prints what it
 * sees of itself and of the system.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* An attempt returns 0 when the thing worked, else an errno. */
typedef int (*attempt)(long argument);

/* try makes an attempt in a process of its own, which a filter may kill. */
void try(const char *name, attempt f, long argument);

/* quoted prints a text as JSON has it. */
void quoted(const char *text);

/* report prints a part. The error is 0 when the thing worked. */
void report(const char *name, int error, const char *text);

/* failed is the errno of a call that gave -1, else 0. */
static inline int failed(long result) { return result < 0 ? errno : 0; }

/*
 * refused tells a filter's answer from the kernel's: a call with arguments
 * that can't work reaches the kernel when that complains about them. It
 * returns 0 for a call that reached the kernel.
 */
static inline int refused(long result)
{
	return result < 0 && (errno == EPERM || errno == ENOSYS || errno == EACCES) ? errno : 0;
}

/* int80 makes a call through the kernel's entry for 32-bit programs. */
long int80(long nr, long a, long b, long c);

/*
 * of_others tells whether a terminal belongs to somebody else. Outside of jails the
 * tests say which is theirs, in PROBE_TERMINAL, which no jail lets in: other tests
 * have terminals as well, and so has the user.
 */
int of_others(const char *path);

/* nested makes a user namespace, where a jail lets one. */
void nested(void);

struct probe {
	const char *name;
	void (*run)(int argc, char **argv);
};
extern const struct probe calls[], files[], ipc[], processes[], sockets[], terminals[];

/* An act takes so many arguments; -1: one or more. */
struct act {
	const char *name;
	int arguments;
	int (*run)(int argc, char **argv);
};
extern const struct act acts[], connections[], hostile[];

/* failure says what could not be done, and returns the exit status of that. */
int failure(const char *what);

/* observe prints what the probe sees. */
int observe(void);
