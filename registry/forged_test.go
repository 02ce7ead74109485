package registry

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// likeAJail starts a process in user, PID and mount namespaces of its own,
// with a child, and registers the two. It returns the registration and its place.
func likeAJail(t *testing.T) (Place, *Registration) {
	t.Helper()
	cmd := exec.Command("sh", "-c", "sleep 600 & echo $!; wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.StdoutPipe()
	must(t, err)
	if err := cmd.Start(); err != nil {
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			t.Fatal(err)
		}
		t.Skip("no user namespaces:", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	place := Place{Runtime: t.TempDir()}
	_, err = Register(place, &Registration{Profile: "x", Program: "/bin/sleep", Init: Process{PID: cmd.Process.Pid}, Main: Process{PID: childOf(t, cmd.Process.Pid)}})
	must(t, err)
	jails, refused, err := Running(place)
	must(t, err)
	if len(jails) != 1 || len(refused) != 0 {
		t.Fatalf("found %v, refused %v", jails, refused)
	}
	defer jails[0].Close()
	opened, err := jails[0].OpenNamespaces()
	must(t, err)
	if len(opened) != 4 || opened[0].Kind != "user" {
		t.Errorf("the namespaces are %+v", opened)
	}
	closeAll(opened)
	return place, &jails[0].Registration
}

func childOf(t *testing.T, pid int) int {
	t.Helper()
	for range 500 {
		pids, err := processes()
		must(t, err)
		for _, child := range pids {
			if s, err := status(child); err == nil && s["PPid"] == strconv.Itoa(pid) {
				return child
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("there is no child")
	return 0
}

// outcome is what becomes of a registration.
type outcome int

const (
	runs       outcome = iota
	refused            // it stays, and is reported
	swept              // it is taken for one of a jail that has ended
	notEntered         // listed, since its processes are right, and not to be entered
)

// TestP4Forged changes one thing at a time in the registration of something that
// is like a jail: nobody acts on what is left.
func TestP4Forged(t *testing.T) {
	place, honest := likeAJail(t)
	bystander := exec.Command("sleep", "600")
	must(t, bystander.Start())
	defer bystander.Wait()
	defer bystander.Process.Kill()
	other := func(pid int) Process {
		start, err := startOf(pid)
		must(t, err)
		return Process{pid, start}
	}
	own, err := namespacesOf(self)
	must(t, err)
	_, another := likeAJail(t)
	for _, c := range []struct {
		name   string
		change func(r *Registration)
		want   outcome
	}{
		{"nothing", func(*Registration) {}, runs},
		{"the program's time of start", func(r *Registration) { r.Main.Start++ }, swept},
		{"the init's time of start", func(r *Registration) { r.Init.Start-- }, swept},
		{"a program that is not there", func(r *Registration) { r.Main.PID = 1 << 30 }, swept},
		{"a bystander as program", func(r *Registration) { r.Main = other(bystander.Process.Pid) }, refused},
		{"a bystander as init", func(r *Registration) { r.Init = other(bystander.Process.Pid) }, refused},
		{"bystanders as both", func(r *Registration) {
			r.Init, r.Main = other(os.Getpid()), other(bystander.Process.Pid)
		}, refused},
		{"bystanders, with their namespaces", func(r *Registration) {
			r.Init, r.Main, r.Namespaces = other(os.Getpid()), other(bystander.Process.Pid), own
		}, refused},
		{"the init as program", func(r *Registration) { r.Main = r.Init }, runs}, // it is in the same jail
		{"the program of another", func(r *Registration) { r.Main = another.Main }, refused},
		{"another PID namespace", func(r *Registration) { r.Namespaces[pidKind]++ }, refused},
		{"the caller's PID namespace", func(r *Registration) { r.Namespaces[pidKind] = own[pidKind] }, refused},
		{"the caller's user namespace", func(r *Registration) { r.Namespaces[userKind] = own[userKind] }, refused},
		{"another user namespace", func(r *Registration) { r.Namespaces[userKind]++ }, notEntered},
		{"the user namespace of another", func(r *Registration) { r.Namespaces[userKind] = another.Namespaces[userKind] }, notEntered},
		{"another mount namespace", func(r *Registration) { r.Namespaces[mountKind]++ }, notEntered},
		{"the mount namespace of another", func(r *Registration) { r.Namespaces[mountKind] = another.Namespaces[mountKind] }, notEntered},
		{"another IPC namespace", func(r *Registration) { r.Namespaces[3]++ }, notEntered},
		{"another user", func(r *Registration) { r.UID++ }, notEntered},
		{"another group", func(r *Registration) { r.GID++ }, notEntered},
		{"more groups", func(r *Registration) { r.Groups = append(r.Groups, 1<<20) }, notEntered},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := *honest
			c.change(&r)
			dir, err := place.open(false)
			must(t, err)
			defer dir.Close()
			names, err := dir.Names()
			must(t, err)
			for _, name := range names {
				must(t, dir.Remove(name))
			}
			must(t, dir.Write(idOf(r.Profile, r.Main.PID), r.encode()))
			if got := becomes(t, place); got != c.want {
				t.Errorf("outcome %d, want %d", got, c.want)
			}
		})
	}
	if err := bystander.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the bystander: %v", err)
	}
}

// becomes tells what is made of the only registration.
func becomes(t *testing.T, place Place) outcome {
	t.Helper()
	jails, bad, err := Running(place)
	must(t, err)
	defer CloseAll(jails, nil)
	switch {
	case len(bad) == 1 && errors.Is(bad[0].Err, errForged):
		return refused
	case len(jails) == 0:
		if left, err := filepath.Glob(filepath.Join(place.Runtime, inRuntime, "*")); err != nil || len(left) > 0 {
			t.Errorf("there is %v, %v", left, err)
		}
		return swept
	}
	opened, err := jails[0].OpenNamespaces()
	if err != nil {
		if strings.TrimSpace(err.Error()) == "" {
			t.Error("nobody says why it can't be entered")
		}
		return notEntered
	}
	closeAll(opened)
	return runs
}

// TestStopReachesTheSameProcess: who was found gets the signal, also when
// the process has ended and its number is another's by then.
func TestStopReachesTheSameProcess(t *testing.T) {
	place, _ := likeAJail(t)
	jails, _, err := Running(place)
	must(t, err)
	defer CloseAll(jails, nil)
	began := time.Now()
	killed, err := jails[0].Stop(0)
	if err != nil || !killed || time.Since(began) > 5*time.Second {
		t.Errorf("killed %v, %v, after %v", killed, err, time.Since(began))
	}
	// Once more: nobody is there to be killed, and nobody is.
	if _, err := jails[0].Stop(time.Millisecond); err != nil {
		t.Error(err)
	}
	if got := becomes(t, place); got != swept {
		t.Errorf("afterwards: %d", got)
	}
}
