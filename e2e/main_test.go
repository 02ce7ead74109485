// Package e2e runs the jail program the way a user does and looks at what
// came of it on the host. It imports nothing of the program.
//
// A test of confinement has three arms: without jail the thing works, in the
// jail it does not, and with that one guard widened it works again. What it
// looks at is the state of the host, or what a probe inside reports.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The programs under test, in a directory that every user may read.
var (
	binDir   string
	jailBin  string
	probeBin string
)

// notAsRoot are the tests whose outcome does not depend on who calls: real
// programs, some of which refuse to be root. They run as an ordinary user. So do
// those of which the unguarded arm takes the user's own files: in a jail of root
// the program has another user id than they, which is a guard as well.
const notAsRoot = "^(TestBrowser|TestBuild|TestModules|TestR6Faults|TestY11|TestR1ForkBomb|Test[RNM][0-9]+InVM|TestVM|" +
	"TestF4|TestP7Nothing|TestBubblewrapInJail|TestPositionIndependent|TestJobControl|TestScoreAgreesWithTheKernel|TestI2PathSockets|TestI5Agents)"

// onlyAsRoot are the tests of what root alone can do.
const onlyAsRoot = "^(TestN3|TestN6)"

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getuid() == 0 {
		if os.Getenv("JAIL_TEST_AS_ROOT") == "" {
			return asUser()
		}
		if err := skip(notAsRoot); err != nil {
			return fail(err)
		}
	} else if err := skip(onlyAsRoot); err != nil {
		return fail(err)
	}
	// What a test starts must not find the environment of whoever runs
	// the tests.
	dir, err := os.MkdirTemp(workDir(), "bin.")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	if err := build(dir); err != nil {
		return fail(err)
	}
	return m.Run()
}

// skip leaves tests out, beside those that the caller wants left out.
func skip(pattern string) error {
	if asked := flag.Lookup("test.skip").Value.String(); asked != "" {
		pattern = "(" + asked + ")|" + pattern
	}
	return flag.Set("test.skip", pattern)
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "e2e:", err)
	return 1
}

// asUser runs these tests again as the account for tests.
func asUser() int {
	args := []string{"go", "test", "-count=1"}
	for _, a := range os.Args[1:] {
		if !strings.HasPrefix(a, "-test.testlogfile") && !strings.HasPrefix(a, "-test.paniconexit0") {
			args = append(args, a)
		}
	}
	cmd := exec.Command("../scripts/as-user", append(args, "./e2e")...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fail(err)
	}
	return 0
}

// workDir is where the tests make their files: not below /tmp, which a jail
// has of its own.
func workDir() string {
	dir := os.Getenv("JAIL_TEST_DIR")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			panic(err)
		}
		dir = filepath.Join(home, ".cache", "jail-test")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		panic(err)
	}
	return dir
}

// build makes the binary as the Makefile does, unless JAIL_BIN names one, and
// the probe.
func build(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	source := os.Getenv("JAIL_BIN")
	if source == "" {
		source = "../bin/jail"
		if out, err := exec.Command("make", "-C", "..", "build").CombinedOutput(); err != nil {
			return fmt.Errorf("make build: %w\n%s", err, out)
		}
	}
	// A name of its own tells the processes of these tests from others.
	jailBin = filepath.Join(dir, fmt.Sprint("jail-", os.Getpid()))
	binDir, probeBin = dir, filepath.Join(dir, "probe")
	data, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	if err := os.WriteFile(jailBin, data, 0o755); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-o", probeBin, "./testdata/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the probe: %w\n%s", err, out)
	}
	return nil
}

// need skips a test when a program is missing, which is a failure where
// JAIL_TEST_REQUIRE says that all are there.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			t.Fatalf("%s is not installed: run make deps", p)
		}
		t.Skipf("%s is not installed", p)
	}
}
