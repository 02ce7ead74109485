package testenv

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// Requirement is who runs a test and when.
type Requirement uint

// A test that says nothing runs as an ordinary user, and always.
const (
	User Requirement = 1 << iota // an ordinary user runs it
	Root                         // root runs it (JAIL_TEST_AS_ROOT)
	Slow                         // go test -short leaves it out
	Both             = User | Root

	// RootSlow is Root, but go test -short leaves it out for root: what it tests does
	// not depend on who runs it.
	RootSlow = Root | rootSlow

	rootSlow Requirement = 1 << iota
)

// required holds what tests asked for, by name.
var required sync.Map

// Requires says who runs a test and when, and skips it otherwise. It is the first
// thing that a test does.
func Requires(t *testing.T, what Requirement) {
	t.Helper()
	if what&Both == 0 {
		what |= User
	}
	required.Store(t.Name(), what)
	t.Cleanup(func() { required.Delete(t.Name()) })
	switch root := os.Getuid() == 0; {
	case root && what&Root == 0:
		t.Skip("an ordinary user runs this: make test-user")
	case !root && what&User == 0:
		t.Skip("root runs this: make test-root")
	case (what&Slow != 0 || root && what&rootSlow != 0) && testing.Short():
		t.Skip("this takes long: make test-all")
	}
}

// ordinary leaves a test to an ordinary user unless it, or one that it is part
// of, asked for something else.
func ordinary(t *testing.T) {
	t.Helper()
	for name := t.Name(); ; {
		if _, ok := required.Load(name); ok {
			return
		}
		at := strings.LastIndexByte(name, '/')
		if at < 0 {
			break
		}
		name = name[:at]
	}
	Requires(t, User)
}

// Rounds is how often something is done: quick when tests are to be short.
func Rounds(quick, all int) int {
	if testing.Short() {
		return quick
	}
	return all
}

// Need skips a test when a program is missing.
func Need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			Missing(t, p+" is not installed: run make deps")
		}
	}
}

// Missing skips a test for which this machine lacks something. That is a failure
// where JAIL_TEST_REQUIRE says that all is there.
func Missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("JAIL_TEST_REQUIRE") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
