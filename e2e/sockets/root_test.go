package sockets

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// N6: who listens on the host learns that a jail of root is nobody, whoever
// makes its connections.
func TestN6RootsConnections(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	w := testenv.NewWorld(t)
	path := filepath.Join(w.Project, "socket")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	testenv.Must(t, err)
	defer l.Close()
	testenv.Must(t, os.Chmod(path, 0o600))
	peer := func(argv ...string) int {
		t.Helper()
		arrived := make(chan int, 1)
		go func() {
			c, err := l.AcceptUnix()
			if err != nil {
				return
			}
			defer c.Close()
			arrived <- userBehind(t, c)
		}()
		if r := w.Host(argv...); r.Status != 0 {
			t.Fatalf("%v: exit status %d\n%s", argv, r.Status, r.Output())
		}
		return <-arrived
	}
	connect := []string{testenv.ProbeBin, "connect", "stream", path}
	if user := peer(connect...); user != 0 {
		t.Errorf("without a jail user %d connects", user)
	}
	granted := []string{testenv.JailBin, "run", "--read", testenv.BinDir, "--set", "sockets=" + path}
	if user := peer(slices.Concat(granted, connect)...); !testenv.IsRootsJail(strconv.Itoa(user)) {
		t.Errorf("from a jail user %d connects", user)
	}
	j := w.Runs(slices.Concat(granted[2:], []string{"sleep", "60"})...)
	if user := peer(slices.Concat([]string{testenv.JailBin, "enter", j.ID}, connect)...); !testenv.IsRootsJail(strconv.Itoa(user)) {
		t.Errorf("from a jail that was entered user %d connects", user)
	}
}

// N6: connections of a jail take nothing from its launcher: it still learns that
// its own parent has ended, and belongs to root as others see it.
func TestN6RootsLauncherStays(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	testenv.Need(t, "setpriv")
	w := testenv.NewWorld(t)
	path := filepath.Join(w.Project, "socket")
	testenv.Serve(t, "stream", path)
	script := testenv.ProbeBin + " connect stream " + path + "; touch connected; exec sleep 60"
	for range 4 { // which thread makes the connections is a matter of luck
		_ = os.Remove(w.Project + "/connected")
		cmd := w.Command("sh", "-c", `setpriv --pdeathsig KILL "$@" & echo $!; wait`, "sh",
			testenv.JailBin, "run", "--read", testenv.BinDir, "--write", w.Project, "--set", "sockets="+path, "sh", "-c", script)
		out, err := cmd.StdoutPipe()
		testenv.Must(t, err)
		testenv.Must(t, cmd.Start())
		var launcher int
		_, err = fmt.Fscan(out, &launcher)
		testenv.Must(t, err)
		if !testenv.Within(10*time.Second, func() bool { return testenv.Exists(w.Project + "/connected") }) {
			t.Fatal("the program did not connect")
		}
		if ids := testenv.StatusOf(launcher)["Uid"]; strings.TrimSpace(ids) != "0\t0\t0\t0" {
			t.Errorf("the launcher has the user ids %s", ids)
		}
		testenv.Must(t, cmd.Process.Kill())
		if !testenv.Within(5*time.Second, func() bool { return testenv.StatusOf(launcher)["State"] == "" }) {
			t.Error("the launcher outlives its parent")
			_ = unix.Kill(launcher, unix.SIGKILL)
		}
		_ = cmd.Wait()
	}
}

// userBehind is the user that connected (SO_PEERCRED of unix(7)).
func userBehind(t *testing.T, c *net.UnixConn) int {
	t.Helper()
	raw, err := c.SyscallConn()
	testenv.Must(t, err)
	user := -1
	testenv.Must(t, raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			user = int(cred.Uid)
		}
	}))
	return user
}
