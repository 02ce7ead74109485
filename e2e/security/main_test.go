// Package security proves jail free of the known classes of weakness: each has
// an id and a row in a table, and is tried in several arms. Without a jail the
// thing works, in the jail it does not, and with the one guard switched off it
// works again. The same is tried in a jail that is made from the record of an
// earlier launch and by jail enter, and in bubblewrap and firejail, whose known
// holes show that the probe finds any.
//
// What is tried is in the tables rows_*_test.go, by what in testdata/probe.
package security

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
	binDir    string
	jailBin   string
	weakenBin string
	probeBin  string // 64-bit
	probe32   string // the same as a 32-bit program, "" where that can't be built
)

var (
	long      = flag.Bool("long", false, "as many launches, races and cases as the project promises")
	tableFile = flag.String("table", "", "write the table of results to this `FILE`")
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getuid() == 0 && os.Getenv("JAIL_TEST_AS_ROOT") == "" {
		return asUser()
	}
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

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "e2e/security:", err)
	return 1
}

// asUser runs these tests again as the account for tests. Most of what jail
// promises is for its users; root asks for its own run (JAIL_TEST_AS_ROOT).
func asUser() int {
	args := []string{"go", "test", "-count=1", "./e2e/security"}
	for _, a := range os.Args[1:] {
		if !strings.HasPrefix(a, "-test.testlogfile") && !strings.HasPrefix(a, "-test.paniconexit0") {
			args = append(args, a)
		}
	}
	cmd := exec.Command("../../scripts/as-user", args...)
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

// build makes jail, the launcher with a guard left out, and the probe in both
// widths.
func build(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	binDir = dir
	jailBin, weakenBin = filepath.Join(dir, "jail"), filepath.Join(dir, "weaken")
	probeBin, probe32 = filepath.Join(dir, "probe"), filepath.Join(dir, "probe32")
	source := os.Getenv("JAIL_BIN")
	if source == "" {
		source = "../../bin/jail"
		if out, err := exec.Command("make", "-C", "../..", "build").CombinedOutput(); err != nil {
			return fmt.Errorf("make build: %w\n%s", err, out)
		}
	}
	data, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	if err := os.WriteFile(jailBin, data, 0o755); err != nil {
		return err
	}
	if out, err := exec.Command("go", "build", "-o", weakenBin, "./weaken").CombinedOutput(); err != nil {
		return fmt.Errorf("build weaken: %w\n%s", err, out)
	}
	sources, err := filepath.Glob("testdata/probe/*.c")
	if err != nil {
		return err
	}
	compile := func(args ...string) ([]byte, error) {
		args = append([]string{"-std=gnu11", "-O1", "-static", "-Wall", "-Wextra", "-Werror"}, args...)
		return exec.Command("gcc", append(args, sources...)...).CombinedOutput()
	}
	if out, err := compile("-o", probeBin); err != nil {
		return fmt.Errorf("build the probe: %w\n%s", err, out)
	}
	if out, err := compile("-m32", "-o", probe32); err != nil {
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			return fmt.Errorf("build the 32-bit probe: %w\n%s", err, out)
		}
		probe32 = ""
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
