package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A hostile process of a jail that waits for others to enter it. Watch and
// seize run until a file is there, and print what they got hold of.

// caught is what watch and seize print; package e2e has the same type.
type caught struct {
	Processes int            // that came
	Exes      map[string]int // by the target of /proc/PID/exe
	Writable  []string       // of those, the ones that could be opened for writing in the end
	Secrets   int            // environments and command lines with the mark in them
	Early     map[string]int // what could be read of processes that were not yet the program, by kind
	Attached  int            // processes that were traced
	BeforeRun int            // of those, before they executed the program
}

// watch polls every process for what could be kept or read of it. Mark is a
// variable that must not be found, name the beginning of the name of a process that
// is on its way in.
func watch(stop, mark, name string) error {
	c := caught{Exes: map[string]int{}, Early: map[string]int{}}
	handles := map[string]int{}
	seen := map[int]bool{}
	for !there(stop) {
		for _, pid := range others() {
			if !seen[pid] {
				seen[pid] = true
				c.Processes++
			}
			dir := fmt.Sprintf("/proc/%d/", pid)
			if fd, err := unix.Open(dir+"exe", unix.O_PATH|unix.O_CLOEXEC, 0); err == nil {
				target, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
				c.Exes[target]++
				if _, have := handles[target]; have {
					_ = unix.Close(fd)
				} else {
					handles[target] = fd
				}
			}
			for _, file := range []string{"environ", "cmdline"} {
				if text, err := os.ReadFile(dir + file); err == nil && strings.Contains(string(text), mark+"=") {
					c.Secrets++
				}
			}
			for kind, reach := range ways() {
				if reach(pid) == nil && strings.HasPrefix(nameOf(pid), name) {
					c.Early[kind]++
				}
			}
		}
	}
	for target, fd := range handles {
		opened, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_WRONLY|unix.O_APPEND|unix.O_CLOEXEC, 0)
		if err == nil {
			c.Writable = append(c.Writable, target)
			_, _ = unix.Write(opened, []byte("overwritten"))
		}
	}
	return json.NewEncoder(os.Stdout).Encode(c)
}

// ways are those into a process, each of which the kernel should refuse.
func ways() map[string]func(pid int) error {
	open := func(file string) func(pid int) error {
		return func(pid int) error {
			f, err := os.Open(fmt.Sprintf("/proc/%d/%s", pid, file))
			if err != nil {
				return err
			}
			defer f.Close()
			// The check of some files is made when they are read.
			if n, err := f.Read(make([]byte, 16)); n == 0 && !errors.Is(err, unix.EISDIR) {
				return errors.New("nothing to read")
			}
			return nil
		}
	}
	link := func(file string) func(pid int) error {
		return func(pid int) error {
			_, err := os.Readlink(fmt.Sprintf("/proc/%d/%s", pid, file))
			return err
		}
	}
	return map[string]func(pid int) error{
		"environ": open("environ"), "maps": open("maps"), "mem": open("mem"), "auxv": open("auxv"), "fd": link("fd/0"),
		"exe": link("exe"), "cwd": link("cwd"), "root": link("root"), "ns": link("ns/mnt"),
		"cmdline": func(pid int) error {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if err == nil && strings.Trim(string(text), "\x00") == "" {
				err = errors.New("nothing to read")
			}
			return err
		},
		"pidfd_getfd": func(pid int) error {
			fd, err := unix.PidfdOpen(pid, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			got, err := unix.PidfdGetfd(fd, 0, 0)
			if err == nil {
				unix.Close(got)
			}
			return err
		},
	}
}

// seize attaches to every process as soon as it can. Name is the beginning of
// the name of one that is on its way in. The kernel reports the end of execve(2)
// also to who attached when the new program was there already, so that this tells
// nothing.
func seize(stop, name string) error {
	runtime.LockOSThread() // who traces is a thread
	c := caught{}
	attached := map[int]bool{}
	for !there(stop) {
		for _, pid := range others() {
			if attached[pid] {
				continue
			}
			if _, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, 0, 0, 0); errno == 0 {
				attached[pid] = true
				c.Attached++
				if strings.HasPrefix(nameOf(pid), name) {
					c.BeforeRun++
				}
			}
		}
		for {
			var status unix.WaitStatus
			pid, err := unix.Wait4(-1, &status, unix.WNOHANG|unix.WALL, nil)
			if err != nil || pid <= 0 {
				break
			}
			if status.Stopped() {
				_ = unix.PtraceCont(pid, 0)
			} else {
				delete(attached, pid)
			}
		}
	}
	return json.NewEncoder(os.Stdout).Encode(c)
}

func there(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// others lists the processes but this one and the jail's first.
func others() []int {
	var pids []int
	names, _ := filepath.Glob("/proc/[0-9]*")
	for _, name := range names {
		if pid, err := strconv.Atoi(filepath.Base(name)); err == nil && pid != 1 && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

func nameOf(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(text))
}
