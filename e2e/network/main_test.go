// Package network tests filtered networks from end to end: real programs in jails, and
// servers outside of them.
//
// Jails and their relays must not depend on the network of the machine that runs the
// tests. So the tests run in a network namespace of their own, which is the host for
// them. All of its packages lead to a second namespace, the outside, in which every
// address is one of a server of the tests. Each server, the name server among them,
// says who came, and a packet socket (packet(7)) counts what arrives there.
package network

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// stage is the variable that says how far the test binary has come: it executes itself
// to enter namespaces, and once more to give up the privileges that it has in them.
const stage = "JAIL_TEST_STAGE"

// out is the outside.
var out *outside

func TestMain(m *testing.M) {
	dir, begins := strings.CutPrefix(os.Getenv(stage), "make ")
	switch {
	case os.Getenv(stage) == "":
		testenv.Main(m, enter)
	case begins:
		if err := makeOutside(dir); err != nil {
			os.Stderr.WriteString("make the outside: " + err.Error() + "\n")
			os.Exit(1)
		}
	default:
		testenv.Main(m, func(dir string) (err error) {
			out, err = takeOutside(dir)
			return err
		})
	}
}

// enter runs the tests again in new namespaces, as the same user with the capabilities
// there that it takes to make the outside. For root there are no tests here. Without ip(8)
// each test says that it is missing.
func enter(dir string) error {
	if os.Getuid() == 0 || errors.Is(exec.Command("ip", "-V").Run(), exec.ErrNotFound) {
		return nil
	}
	args := []string{}
	for _, a := range os.Args[1:] {
		if !strings.HasPrefix(a, "-test.testlogfile") {
			args = append(args, a)
		}
	}
	runtime.LockOSThread() // the death of this thread is that of the parent, for Pdeathsig
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), stage+"=make "+dir, "JAIL_TEST_BIN="+testenv.BinDir)
	id := func(own int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: own, HostID: own, Size: 1}}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL,
		UidMappings: id(os.Getuid()), GidMappings: id(os.Getgid()), AmbientCaps: []uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_NET_BIND_SERVICE, unix.CAP_SYS_ADMIN},
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	testenv.RemoveAll(dir)
	os.Exit(cmd.ProcessState.ExitCode())
	return nil
}
