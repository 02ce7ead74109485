package compile

import (
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/internal/testenv"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/landlock"
)

// F4: a file on standard input can't be opened for writing, nor what lies
// around it; what it can do already, it can still.
func TestF4StandardInput(t *testing.T) {
	testenv.Requires(t, testenv.User) // the jail of root is another user already
	requireLandlock(t, 1)
	for name, rules := range map[string]func(b *bench) string{
		"outside": func(b *bench) string { return b.rules("", "") },
		// The rules by inode alone would let it: the host's mount is writable.
		"read-only in a writable directory": func(b *bench) string { return b.rules(b.path("in/file"), b.path("in")) },
		"whole root":                        func(b *bench) string { return b.rules("/", "") },
	} {
		for _, kernel := range []string{"detached", "attached"} {
			t.Run(name+"/"+kernel, func(t *testing.T) {
				b := newBench(t)
				b.h.Kernel.DetachedTree = b.h.Kernel.DetachedTree && kernel == "detached"
				b.write("in/file", "bytes\n")
				b.stream(0, b.path("in/file"), unix.O_RDONLY)
				ops := []string{"write /proc/self/fd/0", "both /dev/stdin", "truncate /dev/fd/0", "empty /dev/stdin"}
				for _, op := range ops {
					b.write("in/file", "bytes\n")
					if b.host(op)[op] != "ok" || b.read("in/file") == "bytes\n" {
						t.Fatalf("outside %q does nothing", op)
					}
					b.write("in/file", "bytes\n")
					plan := b.plan(rules(b), op, "read /dev/stdin")
					got := b.run(plan)
					if got[op] != "EACCES" || b.read("in/file") != "bytes\n" {
						t.Errorf("in the jail, %q gave %s and left %q", op, got[op], b.read("in/file"))
					}
					if got["read /dev/stdin"] != "ok" {
						t.Errorf("standard input can't be opened for reading: %s", got["read /dev/stdin"])
					}
					if got := b.run(withoutLandlock(plan)); got[op] != "ok" || b.read("in/file") == "bytes\n" {
						t.Errorf("without Landlock, %q gave %s: something else stops it", op, got[op])
					}
					if name == "read-only in a writable directory" {
						b.write("in/file", "bytes\n")
						if got := b.run(withoutTree(plan)); got[op] != "ok" {
							t.Errorf("without the ruleset about the tree, %q gave %s: one would do", op, got[op])
						}
					}
				}
			})
		}
	}
}

// F4: a file that standard output is appended to can't be read.
func TestF4StandardOutput(t *testing.T) {
	testenv.Requires(t, testenv.User) // the jail of root is another user already
	requireLandlock(t, 1)
	b := newBench(t)
	b.stream(1, b.path("secret"), unix.O_WRONLY|unix.O_APPEND)
	read, both, write := "read /dev/stdout", "both /proc/self/fd/1", "write /dev/stdout"
	if got := b.host(read, both); got[read] != "ok" || got[both] != "ok" {
		t.Fatalf("outside: %v", got)
	}
	plan := b.plan(b.rules("", ""), read, both, write)
	if got := b.run(plan); got[read] != "EACCES" || got[both] != "EACCES" || got[write] != "ok" {
		t.Errorf("in the jail: %v", got)
	}
	if got := b.run(withoutLandlock(plan)); got[read] != "ok" || got[both] != "ok" {
		t.Errorf("without Landlock: %v: something else stops it", got)
	}
}

// F4: a directory on standard input is refused. Were it not, Landlock would
// stop what it can, and not the rest.
func TestF4Directory(t *testing.T) {
	testenv.Requires(t, testenv.User) // the jail of root is another user already
	requireLandlock(t, 1)
	b := newBench(t)
	if err := os.Mkdir(b.path("dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, flags := range []int{unix.O_RDONLY | unix.O_DIRECTORY, unix.O_PATH | unix.O_DIRECTORY} {
		b.stream(0, b.path("dir"), flags)
		read, chmod := "read /proc/self/fd/0/../secret", "chmod /proc/self/fd/0/../secret"
		if got := b.host(read, chmod); got[read] != "ok" || got[chmod] != "ok" {
			t.Fatalf("outside: %v", got)
		}
		_, problems := compileFor(t, b.rules("", ""), b.h, "/usr/bin/true")
		if len(problems) != 1 || problems[0].Code != CodeStream || problems[0].Remedy == "" {
			t.Errorf("a directory on standard input: %v", problems)
		}
		b.h.Stdio[0] = host.Stream{}
		plan := b.plan(b.rules("", ""), read, chmod)
		if got := b.run(plan); got[read] != "EACCES" || got[chmod] != "ok" {
			t.Errorf("with Landlock and not refused: %v", got)
		}
		if got := b.run(withoutLandlock(plan)); got[read] != "ok" {
			t.Errorf("without Landlock and not refused: %v", got)
		}
	}
}

// F4: where Landlock can't tell, a file is refused, not handed on.
func TestF4Refusal(t *testing.T) {
	testenv.Requires(t, testenv.User) // the jail of root is another user already
	b := newBench(t)
	b.write("file", "x")
	b.stream(0, b.path("file"), unix.O_RDONLY)
	for _, c := range []struct {
		name, text string
		version    landlock.ABI
		code       string
	}{
		{"as usual", b.rules("", ""), 7, ""},
		{"oldest", b.rules("", ""), 1, ""},
		{"off", b.rules("", "") + "landlock: off\n", 7, CodeStream},
		{"none", b.rules("", "") + "landlock: optional\n", 0, CodeStream},
		{"root and user namespaces", b.rules("/", "") + "namespaces: {user: true}\n", 7, CodeStream},
		{"user namespaces", b.rules("", "") + "namespaces: {user: true}\n", 7, ""},
	} {
		b.h.Kernel.Landlock = c.version
		compiled, problems := compileFor(t, c.text, b.h, "/usr/bin/true")
		refused := slices.ContainsFunc(problems, func(d diag.Diagnostic) bool { return d.Code == c.code })
		if c.code == "" && problems.HasErrors() || c.code != "" && (!refused || compiled.Plan != nil) {
			t.Errorf("%s: %v, want %q", c.name, problems, c.code)
		}
	}
}
