package compile

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/landlock"
)

// S10: for every version, what the plan asks for is what that version has, and
// the jail holds; without any it does not start unless the profile says so.
func TestS10Versions(t *testing.T) {
	testenv.Requires(t, testenv.User) // the jail of root is another user already
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
		made := b.plan(profile, reopen, move, shorten)
		if made.Landlock != int(version) {
			t.Errorf("version %d: the made says %d", version, made.Landlock)
		}
		asked := map[string]bool{}
		for _, o := range made.Setup {
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
		got := b.run(made)
		want := map[string]string{reopen: "EACCES", move: "ok", shorten: "EROFS"}
		if version == 1 {
			want[move] = "EXDEV"
		}
		if !maps.Equal(got, want) {
			t.Errorf("version %d: %v, want %v", version, got, want)
		}
		// What mounts forbid, Landlock does too, as far as the version goes.
		got = b.run(withoutReadOnly(made))
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
		{"landlock: {connect: [443]}\n", 4, false, "", 4},
		{"landlock: {connect: [443]}\n", 3, false, CodeLandlock, 0},
		{"landlock: {use: optional, connect: [443]}\n", 3, false, CodeLandlock, 0},
		{"landlock: {use: optional, connect: [443]}\n", 0, false, "", 0},
		{"landlock: {use: off, connect: [443]}\n", 7, false, CodeLandlock, 0},
	} {
		h := piped(jailtest.Desktop())
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
		if problems.HasErrors() || compiled.Plan.Landlock != int(c.uses) {
			t.Errorf("%q on version %d: %v", c.text, c.version, problems)
			continue
		}
		ops := 0
		for i := range plan.Index(compiled.Plan.Len()) {
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
	testenv.Requires(t, testenv.User) // the jail of root is another user already
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
		made := b.plan(b.rules(b.path("r"), ""), c.op)
		for _, variant := range []struct {
			name, want string
			made       *plan.Plan
		}{
			{"both", c.both, made},
			{"mounts", c.mounts, withoutLandlock(made)},
			{"Landlock", c.landlock, withoutReadOnly(made)},
		} {
			reset()
			got := b.run(variant.made)[c.op]
			if c.op[:3] == "set" && got == "EOPNOTSUPP" {
				got = "ok" // the file system has no attributes of users; the layers let it pass
			}
			if got != variant.want {
				t.Errorf("%s with %s: %s, want %s", c.op, variant.name, got, variant.want)
			}
		}
		if neither := b.run(withoutLandlock(withoutReadOnly(made)))[c.op]; neither != "ok" && neither != "EOPNOTSUPP" && !strings.HasPrefix(c.op, "stat") {
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
	made := b.plan(b.rules("", "")+"namespaces: {user: true}\n", "mount")
	if got := b.run(made)["mount"]; got != "EPERM" {
		t.Errorf("mounting in a jail: %s", got)
	}
	for i := range b.h.Stdio {
		b.h.Stdio[i] = host.Stream{}
	}
	if got := b.run(b.plan(b.rules("", "")+"namespaces: {user: true}\nlandlock: off\n", "mount"))["mount"]; got != "ok" {
		t.Errorf("mounting in a jail without Landlock: %s", got)
	}
}

// A jail that shows all of the root directory can have user namespaces, since
// it is no chroot then.
func TestWholeRootWithNestedUsers(t *testing.T) {
	testenv.Requires(t, testenv.User) // the jail of root is another user already
	requireLandlock(t, 1)
	for _, users := range []bool{true, false} {
		b := newBench(t)
		b.h.Stdio = [3]host.Stream{}
		b.write("w/f", "x")
		op, outside := "write "+b.path("w/f"), "write "+b.path("secret")
		made := b.plan(b.rules("/", b.path("w"))+fmt.Sprintf("namespaces: {user: %v}\n", users), op, outside, "mount")
		got := b.run(made)
		if got[op] != "ok" || got[outside] != "EROFS" || got["mount"] == "ok" {
			t.Errorf("user namespaces %v: %v", users, got)
		}
		if got := b.run(withoutReadOnly(made)); got[op] != "ok" || got[outside] != "EACCES" {
			t.Errorf("user namespaces %v, Landlock alone: %v", users, got)
		}
		if got := b.run(withoutLandlock(made)); users && got["mount"] != "ok" || !users && got["mount"] == "ok" {
			t.Errorf("user namespaces %v without Landlock: mounting gives %s", users, got["mount"])
		}
	}
}

// TestRulesDenyNothingGranted: whatever a jail without Landlock lets a program
// do with its files, the same jail with Landlock does, and leaves the same
// behind.
func TestRulesDenyNothingGranted(t *testing.T) {
	testenv.Requires(t, testenv.User) // the jail of root is another user already
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
