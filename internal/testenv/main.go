// Package testenv is what the end-to-end tests share: the programs under test,
// a home for each test with files and an environment, terminals, servers, and
// what the host says about processes and files.
//
// The tests run the jail program the way a user does and look at what came of
// it on the host; they import nothing of the program. A test of confinement has
// three variants: without jail the thing works, in the jail it does not, and
// with that one guard switched off it works again, which is the negative
// control: the test could have failed.
//
// All tests run beside each other: each has a World of its own and counts only
// the processes that come of it.
package testenv

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Main runs the tests of a package, which it gives the programs under test. Started
// by root it runs them as the account for tests: most of what jail promises is for
// its users. Root asks for its own run with JAIL_TEST_AS_ROOT; then the tests run
// that say so (Requires). More are programs of the package's own.
func Main(m *testing.M, more ...func(dir string) error) {
	flag.Parse()
	status, err := run(m, more)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tests:", err)
		status = 1
	}
	os.Exit(status)
}

func run(m *testing.M, more []func(dir string) error) (int, error) {
	if os.Getuid() == 0 && os.Getenv("JAIL_TEST_AS_ROOT") == "" {
		return 0, asUser()
	}
	if err := build(); err != nil {
		return 0, err
	}
	for _, f := range more {
		dir, err := os.MkdirTemp(WorkDir(), "own.")
		if err != nil {
			return 0, err
		}
		defer RemoveAll(dir)
		if err := os.Chmod(dir, 0o755); err != nil {
			return 0, err
		}
		if err := f(dir); err != nil {
			return 0, err
		}
	}
	return m.Run(), nil
}

// asUser runs the tests of this package again as the account for tests.
func asUser() error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	dir, err = filepath.Rel(Checkout(), dir)
	if err != nil {
		return err
	}
	args := []string{"go", "test", "-count=1", "./" + dir}
	for _, a := range os.Args[1:] {
		if !strings.HasPrefix(a, "-test.testlogfile") && !strings.HasPrefix(a, "-test.paniconexit0") {
			args = append(args, a)
		}
	}
	cmd := exec.Command(filepath.Join(Checkout(), "scripts/as-user"), args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// Checkout is the directory of the whole project.
func Checkout() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	for !Exists(filepath.Join(dir, "go.mod")) {
		if dir == "/" {
			panic("these tests run in a checkout")
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// WorkDir is where the tests make their files: not below /tmp, which a jail
// has of its own.
func WorkDir() string {
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
