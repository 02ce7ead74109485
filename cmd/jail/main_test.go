package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/cmd/jail/internal/measurement"
)

func TestMain(m *testing.M) {
	// Files of the scripts must not come out writable for a group: jail
	// would refuse them as profiles.
	unix.Umask(0o022)
	testscript.Main(m, map[string]func(){
		"jail": func() { os.Exit(realMain(os.Args)) },
		// What jail starts in a jail to measure it is jail again.
		measurement.ProbeName:  func() { os.Exit(realMain(os.Args)) },
		measurement.ProbeApart: func() { os.Exit(realMain(os.Args)) },
	})
}

// TestScripts runs testdata/script/*.txtar, one file a topic. Beside the
// commands of testscript they have
//
//	exits N COMMAND...   the command has to exit with N
//	put FILE TEXT        writes TEXT; both in Go's notation, without the quotes
//
// and the conditions [root], [userns] and [dynamic]: the jail under test needs a
// dynamic loader. A condition named in the variable
// JAIL_TEST_REQUIRE has to hold.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		ContinueOnError:     true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup:               prepareScript,
		Condition:           condition,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits,
			"put":   put,
		},
	})
}

// prepareScript gives every script a home of its own.
func prepareScript(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	env.Setenv("HOME", home)
	env.Setenv("USER", "tester")
	env.Setenv("LANG", "C")
	env.Setenv("HERE", filepath.Base(env.WorkDir))
	path, _, _ := strings.Cut(env.Getenv("PATH"), ":")
	env.Setenv("BIN", path) // where the jail under test lies
	return nil
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			ts.Fatalf("killed by %v", status.Signal())
		}
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func put(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: put FILE TEXT")
	}
	for i := range args {
		text, err := strconv.Unquote(`"` + strings.ReplaceAll(args[i], `"`, `\"`) + `"`)
		ts.Check(err)
		args[i] = text
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(args[1]), 0o644))
}

func condition(name string) (bool, error) {
	holds := false
	switch name {
	case "root":
		holds = os.Getuid() == 0
	case "dynamic": // one way or the other
		holds = measurement.LoaderRemedy() != ""
	case "userns":
		holds = haveUserNamespaces()
	default:
		return false, errors.New("unknown condition " + name)
	}
	if !holds && slices.Contains(strings.Split(os.Getenv("JAIL_TEST_REQUIRE"), ","), name) {
		return false, errors.New("JAIL_TEST_REQUIRE asks for " + name + ", which is not here")
	}
	return holds, nil
}

var haveUserNamespaces = sync.OnceValue(func() bool {
	command := exec.Command("true")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS}
	return command.Run() == nil
})
