package jail

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/landlock"
)

// requireLandlock skips where the kernel lacks a version, and fails where all
// have to be there.
func requireLandlock(t *testing.T, least landlock.ABI) {
	t.Helper()
	requireJails(t)
	if have := readKernel().Landlock; have >= least {
		return
	}
	if os.Getenv("JAIL_TEST_REQUIRE") != "" {
		t.Fatalf("this kernel lacks version %d of Landlock", least)
	}
	t.Skipf("this kernel lacks version %d of Landlock", least)
}

// bench is a home directory for a probe, in which out is granted to every
// jail for the results.
type bench struct {
	t    *testing.T
	h    *Host
	home string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	h := realHost(t)
	b := &bench{t: t, h: h, home: h.Home}
	b.write("results", "")
	b.write("secret", "secret\n")
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.home, name) }

func (b *bench) write(name, text string) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Dir(b.path(name)), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(b.path(name), []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// stream makes a file standard stream n of what is started, until the test
// ends.
func (b *bench) stream(n int, path string, flags int) {
	b.t.Helper()
	saved, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	f, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = unix.Dup3(f, n, 0)
	_ = unix.Close(f)
	b.h.Stdio[n] = readStream(n)
	b.t.Cleanup(func() {
		_ = unix.Dup3(saved, n, 0)
		_ = unix.Close(saved)
	})
}

// profile is the system, the probe, the results, and more path rules.
func (b *bench) profile(rules string) string {
	exe, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	return "filesystem:\n  read: [/usr, /bin, /lib, /lib64, " + exe + "]\n" +
		"  write: [" + b.path("results") + "]\n  tmpfs: [/var]\n" +
		"environment: {set: {" + probeVariable + ": " + b.path("results") + "}}\nsyscalls: {default: allow}\n" + rules
}

// rules adds path rules to profile: lines of the filesystem section.
func (b *bench) rules(read, write string) string {
	text := b.profile("")
	text = strings.Replace(text, "/lib64,", "/lib64, "+read+",", 1)
	if read == "" {
		text = strings.Replace(text, "/lib64, ,", "/lib64,", 1)
	}
	if write != "" {
		text = strings.Replace(text, "write: [", "write: ["+write+", ", 1)
	}
	return text
}

// plan compiles a launch of the probe.
func (b *bench) plan(profile string, ops ...string) *Plan {
	b.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	c, problems := compileFor(b.t, profile, b.h, append([]string{exe}, ops...)...)
	if problems.HasErrors() {
		b.t.Fatal(problems)
	}
	return c.Plan
}

// run starts a plan and returns what became of each operation.
func (b *bench) run(p *Plan) map[string]string {
	b.t.Helper()
	b.write("results", "")
	process, failure := start(b.t, p)
	if failure != nil {
		b.t.Fatal(failure.Diagnostic())
	}
	if status := process.Wait(); status != 0 {
		b.t.Fatalf("the probe ended with status %d", status)
	}
	return b.results()
}

// host runs the probe without a jail.
func (b *bench) host(ops ...string) map[string]string {
	b.t.Helper()
	b.write("results", "")
	exe, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	cmd := exec.CommandContext(b.t.Context(), exe, ops...)
	cmd.Env = []string{probeVariable + "=" + b.path("results")}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		b.t.Fatal(err)
	}
	return b.results()
}

func (b *bench) results() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(b.read("results")) {
		op, result, _ := strings.Cut(strings.TrimSpace(line), ": ")
		out[op] = result
	}
	return out
}

// without returns the plan less the ops that a guard consists of.
func without(p *Plan, is func(*Op) bool) *Plan {
	q := *p
	for _, part := range []*[]Op{&q.Setup, &q.Init, &q.Program} {
		*part = slices.DeleteFunc(slices.Clone(*part), func(o Op) bool { return is(&o) })
	}
	return &q
}

// withoutLandlock switches the layer off and nothing else.
func withoutLandlock(p *Plan) *Plan {
	return without(p, func(o *Op) bool { return strings.HasPrefix(o.Name, "landlock_") })
}

// withoutTree leaves the ruleset about writing alone.
func withoutTree(p *Plan) *Plan {
	first := true
	return without(p, func(o *Op) bool {
		off := first && o.Name == "landlock_restrict_self"
		first = first && !off
		return off
	})
}

// withoutReadOnly makes every mount of the plan writable.
func withoutReadOnly(p *Plan) *Plan {
	q := without(p, func(o *Op) bool { return o.Name == "mount_setattr" && o.Verb == "seal" })
	writable := newBlocks().writable
	for i := range q.Setup {
		args := q.Setup[i].Args
		for j := range args {
			if args[j].Kind == ArgBlock && strings.HasPrefix(args[j].Block.Show, "{RDONLY|") {
				args = slices.Clone(args)
				args[j].Block = writable
				q.Setup[i].Args = args
			}
		}
	}
	return q
}

// F4: a file on standard input can't be opened for writing, nor what lies
// around it; what it can do already, it can still.
func TestF4StandardInput(t *testing.T) {
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
		b.h.Stdio[0] = Stream{}
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

// S10: for every version, what the plan asks for is what that version has, and
// the jail holds; without any it does not start unless the profile says so.
func TestS10Versions(t *testing.T) {
	requireLandlock(t, landlock.Newest)
	b := newBench(t)
	b.write("file", "bytes\n")
	for _, name := range []string{"w/a/f", "w/b/g", "r/f"} {
		b.write(name, "x")
	}
	b.stream(0, b.path("file"), unix.O_RDONLY)
	profile := b.rules(b.path("r"), b.path("w"))
	before := map[string]bool{}
	for version := landlock.ABI(0); version <= landlock.Newest; version++ {
		b.h.Kernel.Landlock = version
		compiled, problems := compileFor(t, profile, b.h, "/usr/bin/true")
		if version == 0 {
			if len(problems) != 1 || problems[0].Code != CodeLandlock || problems[0].Remedy == "" || compiled.Plan != nil {
				t.Errorf("without Landlock: %v", problems)
			}
			continue
		}
		reopen, move, shorten := "write /dev/stdin", "rename "+b.path("w/a/f")+" "+b.path("w/b/f"), "truncate "+b.path("r/f")
		plan := b.plan(profile, reopen, move, shorten)
		if plan.Landlock != version {
			t.Errorf("version %d: the plan says %d", version, plan.Landlock)
		}
		asked := map[string]bool{}
		for _, o := range plan.Setup {
			if o.Name != "landlock_create_ruleset" {
				continue
			}
			for right := range strings.FieldsFuncSeq(o.Args[0].Block.Show, func(r rune) bool { return strings.ContainsRune("{|, 0}", r) }) {
				asked[right] = true
			}
		}
		for right := range maps.Keys(before) {
			if !asked[right] {
				t.Errorf("version %d does not ask for %s, as %d did", version, right, version-1)
			}
		}
		lacks := version.Lacks()
		if len(asked)+len(lacks) != len(landlock.ABI(0).Lacks()) {
			t.Errorf("version %d asks for %d and lacks %v", version, len(asked), lacks)
		}
		before = asked
		got := b.run(plan)
		want := map[string]string{reopen: "EACCES", move: "ok", shorten: "EROFS"}
		if version == 1 {
			want[move] = "EXDEV"
		}
		if !maps.Equal(got, want) {
			t.Errorf("version %d: %v, want %v", version, got, want)
		}
		// What mounts forbid, Landlock does too, as far as the version goes.
		got = b.run(withoutReadOnly(plan))
		if alone := got[shorten]; alone != "ok" && version < 3 || alone != "EACCES" && version >= 3 {
			t.Errorf("version %d alone: truncating gives %s", version, alone)
		}
		b.write("r/f", "x")
		if _, err := os.Stat(b.path("w/b/f")); err == nil {
			if err := os.Rename(b.path("w/b/f"), b.path("w/a/f")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// S10: what a profile says of Landlock is what happens.
func TestS10Profile(t *testing.T) {
	for _, c := range []struct {
		text    string
		version landlock.ABI
		off     bool
		code    string
		uses    landlock.ABI
	}{
		{"", 7, false, "", 7},
		{"", 99, false, "", landlock.Newest},
		{"", 0, false, CodeLandlock, 0},
		{"", 0, true, CodeLandlock, 0},
		{"landlock: required\n", 0, false, CodeLandlock, 0},
		{"landlock: optional\n", 0, false, "", 0},
		{"landlock: optional\n", 3, false, "", 3},
		{"landlock: off\n", 7, false, "", 0},
		{"landlock: {version: 6}\n", 5, false, CodeLandlock, 0},
		{"landlock: {version: 6}\n", 6, false, "", 6},
		{"landlock: {version: 9}\n", 10, false, "", landlock.Newest},
		{"landlock: {use: optional, version: 6}\n", 5, false, "", 5},
	} {
		h := piped(fakeHost())
		h.Kernel.Landlock, h.Kernel.LandlockOff = c.version, c.off
		compiled, problems := compileFor(t, "filesystem: {read: [/usr]}\n"+c.text, h, "/usr/bin/true")
		if c.code != "" {
			if len(problems) != 1 || problems[0].Code != c.code || strings.Contains(problems[0].Remedy, "lsm=") != c.off {
				t.Errorf("%q on version %d: %v", c.text, c.version, problems)
			}
			if c.text != "" && problems[0].Subject.Start.Line != 2 {
				t.Errorf("%q: the problem is placed at %v", c.text, problems[0].Subject)
			}
			continue
		}
		if problems.HasErrors() || compiled.Plan.Landlock != c.uses {
			t.Errorf("%q on version %d: %v", c.text, c.version, problems)
			continue
		}
		ops := 0
		for i := range Index(compiled.Plan.Len()) {
			if strings.HasPrefix(compiled.Plan.Op(i).Name, "landlock_") {
				ops++
			}
		}
		if ops > 0 != (c.uses > 0) {
			t.Errorf("%q on version %d: %d ops about Landlock", c.text, c.version, ops)
		}
	}
}

// S11: what Landlock stops alone, what mounts stop alone, and what only one of
// them does.
func TestS11FilesWithOneLayer(t *testing.T) {
	requireLandlock(t, 3)
	b := newBench(t)
	reset := func() {
		b.write("r/f", "x")
		if err := os.Chmod(b.path("r/f"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f := b.path("r/f")
	for _, c := range []struct{ op, both, mounts, landlock string }{
		{"write " + f, "EROFS", "EROFS", "EACCES"},
		{"empty " + f, "EROFS", "EROFS", "EACCES"},
		{"truncate " + f, "EROFS", "EROFS", "EACCES"},
		{"create " + b.path("r/new"), "EROFS", "EROFS", "EACCES"},
		{"mkdir " + b.path("r/new"), "EROFS", "EROFS", "EACCES"},
		{"unlink " + f, "EROFS", "EROFS", "EACCES"},
		{"chmod " + f, "EROFS", "EROFS", "ok"},
		{"utime " + f, "EROFS", "EROFS", "ok"},
		{"setxattr " + f, "EROFS", "EROFS", "ok"},
		{"stat " + b.path("secret"), "ENOENT", "ENOENT", "ENOENT"},
	} {
		reset()
		plan := b.plan(b.rules(b.path("r"), ""), c.op)
		for _, arm := range []struct {
			name, want string
			plan       *Plan
		}{
			{"both", c.both, plan},
			{"mounts", c.mounts, withoutLandlock(plan)},
			{"Landlock", c.landlock, withoutReadOnly(plan)},
		} {
			reset()
			got := b.run(arm.plan)[c.op]
			if c.op[:3] == "set" && got == "EOPNOTSUPP" {
				got = "ok" // the file system has no attributes of users; the layers let it pass
			}
			if got != arm.want {
				t.Errorf("%s with %s: %s, want %s", c.op, arm.name, got, arm.want)
			}
		}
		if neither := b.run(withoutLandlock(withoutReadOnly(plan)))[c.op]; neither != "ok" && neither != "EOPNOTSUPP" && !strings.HasPrefix(c.op, "stat") {
			t.Errorf("%s with neither: %s", c.op, neither)
		}
		_ = os.Remove(b.path("r/new"))
	}
}

// Mounting is refused under Landlock whatever the user namespace, and that is
// what `landlock: off` is for.
func TestMountInsideJail(t *testing.T) {
	requireLandlock(t, 1)
	b := newBench(t)
	plan := b.plan(b.rules("", "")+"namespaces: {user: true}\n", "mount")
	if got := b.run(plan)["mount"]; got != "EPERM" {
		t.Errorf("mounting in a jail: %s", got)
	}
	for i := range b.h.Stdio {
		b.h.Stdio[i] = Stream{}
	}
	if got := b.run(b.plan(b.rules("", "")+"namespaces: {user: true}\nlandlock: off\n", "mount"))["mount"]; got != "ok" {
		t.Errorf("mounting in a jail without Landlock: %s", got)
	}
}

// A jail that shows all of the root directory can have user namespaces, since
// it is no chroot then.
func TestWholeRootWithNestedUsers(t *testing.T) {
	requireLandlock(t, 1)
	for _, users := range []bool{true, false} {
		b := newBench(t)
		b.h.Stdio = [3]Stream{}
		b.write("w/f", "x")
		op, outside := "write "+b.path("w/f"), "write "+b.path("secret")
		plan := b.plan(b.rules("/", b.path("w"))+fmt.Sprintf("namespaces: {user: %v}\n", users), op, outside, "mount")
		got := b.run(plan)
		if got[op] != "ok" || got[outside] != "EROFS" || got["mount"] == "ok" {
			t.Errorf("user namespaces %v: %v", users, got)
		}
		if got := b.run(withoutReadOnly(plan)); got[op] != "ok" || got[outside] != "EACCES" {
			t.Errorf("user namespaces %v, Landlock alone: %v", users, got)
		}
		if got := b.run(withoutLandlock(plan)); users && got["mount"] != "ok" || !users && got["mount"] == "ok" {
			t.Errorf("user namespaces %v without Landlock: mounting gives %s", users, got["mount"])
		}
	}
}

// TestRulesDenyNothingGranted: whatever a jail without Landlock lets a program
// do with its files, the same jail with Landlock does, and leaves the same
// behind.
func TestRulesDenyNothingGranted(t *testing.T) {
	requireLandlock(t, landlock.Newest)
	const cases = 60
	seen := map[string]int{}
	for seed := range uint64(cases) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			g := newRandomCase(t, r)
			b := g.bench
			compiled, problems := compileFor(t, g.profile, b.h, g.argv()...)
			if problems.HasErrors() {
				t.Skipf("no such jail: %s", problems[0].Summary) // the random profile contradicts itself
			}
			g.plant()
			without := b.run(withoutLandlock(compiled.Plan))
			left := g.tree()
			g.plant()
			with := b.run(compiled.Plan)
			for _, op := range g.ops {
				// Where both refuse, mounts need not be asked first; but a
				// program that is told EXDEV copies.
				if w := without[op]; with[op] != w && (with[op] == "ok" || w == "ok" || w == "EXDEV") {
					t.Errorf("%s: %s, without Landlock %s\n%s", op, with[op], without[op], g.profile)
				}
			}
			if now := g.tree(); now != left {
				t.Errorf("the tree is\n%s\nwithout Landlock\n%s", now, left)
			}
			for _, result := range with {
				seen[result]++
			}
		})
	}
	if seen["ok"] < 3*cases || seen["EROFS"] < cases || seen["EXDEV"] < cases/4 {
		t.Errorf("the cases say little: %v", seen)
	}
}
