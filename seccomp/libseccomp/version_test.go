//go:build cgo

package libseccomp

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/seccomp"
)

// releases are digests of what the filters of this test are compiled to, by
// release of the library and by processor. Each begins with the versions that
// are part of every key, of the compiler and of the vocabulary.
func releases() map[string]string {
	return map[string]string{
		"libseccomp 2.5.4 amd64": "0102 50baf386ce65ba98",
	}
}

// TestCompilerVersion fails when filters are compiled to something else and
// the version did not go up: programs in the caches of users would then be used
// for what this release would not make of their filters.
func TestCompilerVersion(t *testing.T) {
	const all = "every group, every operator, every ABI"
	filters := []seccomp.Filter{ordinary(), {Default: seccomp.Allow, Arches: seccomp.ArchNames()}}
	for _, name := range seccomp.GroupNames() {
		filters = append(filters, ordinary(seccomp.Rule{Name: name}))
	}
	for i, op := range []string{"==", "!=", "<", "<=", ">", ">=", "&"} {
		condition := seccomp.Cond{Arg: uint(i % 3), Op: op, Value: 5, Width: 32 << (i % 2)}
		if op == "&" {
			condition.Mask = 0xff
		}
		f := ordinary(seccomp.Rule{Name: "ptrace", Action: seccomp.Log, When: []seccomp.Cond{condition}})
		f.Deny = []seccomp.Rule{{Name: "ioctl", Action: seccomp.Errno, Errno: int(unix.EACCES), When: []seccomp.Cond{condition}}}
		filters = append(filters, f)
	}
	digest := sha256.New()
	for i := range filters {
		program, err := Compile(filters[i])
		if err != nil {
			t.Fatal(err)
		}
		digest.Write(program)
	}
	versions := seccomp.EncodeFilter(seccomp.Filter{})[len("jail seccomp"):][:2]
	got := hex.EncodeToString(versions) + " " + hex.EncodeToString(digest.Sum(nil)[:8])
	release := Version() + " " + runtime.GOARCH
	switch want, known := releases()[release]; {
	case known && got != want:
		t.Errorf("with %s, %s are %q, were %q: raise compilerVersion in package seccomp, put the new text here, "+
			"and ship the programs of the profiles anew", release, all, got, want)
	case !known && os.Getenv("JAIL_TEST_REQUIRE") != "":
		t.Errorf("what %s makes of %s is not known: put %q here", release, all, got)
	case !known:
		t.Skipf("what %s makes of filters is not known", release)
	}
}

func TestVersion(t *testing.T) {
	var major, minor, micro int
	if _, err := fmt.Sscanf(Version(), "libseccomp %d.%d.%d", &major, &minor, &micro); err != nil || major < 2 {
		t.Errorf("%q: %v", Version(), err)
	}
}

func TestFileIn(t *testing.T) {
	const text = "55d0-55d1 r--p 00000000 08:01 1234       /usr/bin/libseccomp.so-reader/jail\n" +
		"7f10-7f11 rw-p 00000000 00:00 0 \n"
	const library = "7f12-7f13 r-xp 00001000 08:01 99  /usr/lib/with space/libseccomp.so.2.5.4\n"
	tests := map[string]string{
		"":             "",
		text:           "",
		text + library: "/usr/lib/with space/libseccomp.so.2.5.4",
	}
	for maps, want := range tests {
		if got := fileIn([]byte(maps)); got != want {
			t.Errorf("%q in\n%s", got, maps)
		}
	}
	// This test is linked with the shared library, or with the static one.
	if file := File(); file != "" {
		if _, err := os.Stat(file); err != nil || !strings.Contains(file, "libseccomp") {
			t.Errorf("%q: %v", file, err)
		}
	}
}
