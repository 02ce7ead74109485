package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// most bounds what is taken of anything.
const most = 1 << 14

// take uses up something that the kernel counts per user, prints how much
// there was, and holds it for some seconds.
func take(what, seconds string) error {
	hold, err := time.ParseDuration(seconds + "s")
	if err != nil {
		return err
	}
	var one func() error
	switch what {
	case "inotify":
		one = func() error { _, err := unix.InotifyInit(); return err }
	case "signals":
		// Blocked, they stay queued; one that finds no room is dropped
		// without an error, so the count is the kernel's (proc(5), SigQ).
		runtime.LockOSThread()
		set := unix.Sigset_t{}
		set.Val[0] = 1 << (queued - 1)
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil); err != nil {
			return err
		}
		one = func() error { return unix.Tgkill(os.Getpid(), unix.Gettid(), queued) }
	default:
		return fmt.Errorf("nobody knows how to take %s", what)
	}
	n := 0
	for ; n < most; n++ {
		if one() != nil {
			break
		}
	}
	fmt.Println(n)
	time.Sleep(hold)
	return nil
}

// queued is a signal that nothing else uses.
const queued = 40

// escape tries to raise the limits of its own control group, with the
// capabilities of a user namespace of its own. It prints what it could write.
func escape() error {
	cmd := exec.Command("/proc/self/exe", "escape-inside")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	return cmd.Run()
}

func escapeInside() error {
	dir, err := os.MkdirTemp("/tmp", "groups.")
	if err != nil {
		return err
	}
	if err := unix.Mount("none", dir, "cgroup", 0, "memory"); err == nil {
		fmt.Println("mounted version 1")
	}
	if err := unix.Mount("none", dir, "cgroup2", 0, ""); err != nil {
		return fmt.Errorf("mount cgroup2: %w", err)
	}
	fmt.Println("mounted version 2")
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // what can't be seen can't be written
		}
		if base := filepath.Base(name); base == "memory.max" || base == "pids.max" || base == "cpu.max" || base == "release_agent" {
			if os.WriteFile(name, []byte("max"), 0) == nil {
				fmt.Println("raised", strings.TrimPrefix(name, dir))
			}
		}
		return nil
	})
}
