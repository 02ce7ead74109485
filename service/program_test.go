package service

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/jailtest"
)

// run starts a shell with a script as a program, whose descriptor 3 leads to what Await
// reads.
func run(t *testing.T, script string, patience time.Duration) (*Started, error) {
	t.Helper()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	s, err := StartProgram(Program{
		Name: "shell", Host: jailtest.RealHost(t), Argv: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin", "IS=there"},
		Passed: []int{pipe[1]}, LandlockOptional: true,
	})
	_ = unix.Close(pipe[1])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		_ = unix.Close(pipe[0])
	})
	return s, s.Await(pipe[0], patience)
}

func TestProgramGetsReady(t *testing.T) {
	s, err := run(t, `[ "$IS" = there ] && [ -z "$HOME" ] && [ $$ = 2 ] && printf 12 >&3 && echo >&3; exec sleep 1000`, time.Minute)
	if err != nil || s.Pid() <= 0 {
		t.Error(err)
	}
}

func TestProgramDoesNotGetReady(t *testing.T) {
	for want, script := range map[string]string{
		`it has ended at once, and said "no screen"`: "echo no screen >&2; echo more >&2; exit 1",
		"it has ended at once":                       "exit 0",
		"it was not ready in time":                   "printf 12 >&3; exec sleep 1000",
	} {
		patience := time.Minute
		if strings.HasSuffix(want, "time") {
			patience = 300 * time.Millisecond
		}
		if _, err := run(t, script, patience); err == nil || err.Error() != want {
			t.Errorf("%q: %v", script, err)
		}
	}
}

// A program that says more than anybody reads does not wait for a reader.
func TestProgramThatSaysMuch(t *testing.T) {
	if _, err := run(t, `n=0; while [ $n -lt 3000 ]; do echo 0123456789012345678901234567890123456789012345678901234567890123 >&2; n=$((n+1)); done 2>/dev/null; echo >&3; exec sleep 1000`, time.Minute); err != nil {
		t.Error(err)
	}
}

// X9: what a program of the host is kept from; each thing is done if it can be, and then the
// program says that it is ready.
func TestX9ProgramIsConfined(t *testing.T) {
	home := jailtest.RealHost(t).Home
	for what, script := range map[string]string{
		"files of the user":    "ls -A " + home + "/. && echo >&3",
		"to change /usr":       "touch /usr/share/there && echo >&3",
		"a network":            "exec 4<>/dev/tcp/127.0.0.1/1; perl -MSocket -e 'socket(my $s, AF_INET, SOCK_STREAM, 0) or exit 1' && echo >&3",
		"another namespace":    "unshare --user true && echo >&3",
		"processes of others":  "[ -e /proc/$PPID/exe ] && [ $PPID != 1 ] && echo >&3",
		"to debug":             "perl -e 'exit(syscall(101, 0, 0, 0, 0) == 0 ? 0 : 1)' && echo >&3",
		"the host's own names": "[ -e /tmp/.X11-unix ] && echo >&3",
	} {
		if _, err := run(t, script, time.Minute); err == nil {
			t.Errorf("it has %s", what)
		}
	}
	for what, script := range map[string]string{
		"/usr":         "ls /usr/bin/sh && echo >&3; exec sleep 1000",
		"a place":      "touch /tmp/there && echo >&3; exec sleep 1000",
		"Unix sockets": "perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0) or exit 1' && echo >&3; exec sleep 1000",
	} {
		if _, err := run(t, script, time.Minute); err != nil {
			t.Errorf("it has no %s: %v", what, err)
		}
	}
}
