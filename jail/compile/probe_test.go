package compile

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// probeVariable makes the test binary a probe: it tries the operations of its
// arguments, one "verb path [path]" each, and writes what became of them to
// the file that the variable names.
const probeVariable = "JAIL_TEST_PROBE"

func TestMain(m *testing.M) {
	if results := os.Getenv(probeVariable); results != "" {
		out, err := os.OpenFile(results, os.O_WRONLY, 0)
		if err != nil {
			os.Exit(3)
		}
		if len(os.Args) == 2 && os.Args[1] == mountNow {
			errno := syscall.Errno(0)
			errors.As(unix.Mount("probe", "/etc", "tmpfs", 0, ""), &errno)
			os.Exit(int(errno))
		}
		for _, line := range os.Args[1:] {
			word := strings.Fields(line)
			word = append(word, "", "")
			fmt.Fprintf(out, "%s: %s\n", line, errnoName(probe(word[0], word[1], word[2])))
		}
		return
	}
	os.Exit(m.Run())
}

// mountNow is the operation of the process that mount starts.
const mountNow = "mount-now"

func errnoName(err error) string {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		return unix.ErrnoName(errno)
	}
	if err != nil {
		return err.Error()
	}
	return "ok"
}

// open opens and closes; what is open for writing is written to. A FIFO
// without another end is no reason to wait.
func open(path string, flags int) error {
	f, err := unix.Open(path, flags|unix.O_CLOEXEC|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(f) }()
	if flags&unix.O_ACCMODE != unix.O_RDONLY {
		_, err = unix.Write(f, []byte("probe\n"))
	}
	return err
}

func probe(verb, path, other string) error {
	switch verb {
	case "read":
		return open(path, unix.O_RDONLY)
	case "list":
		_, err := os.ReadDir(path)
		return err
	case "write":
		return open(path, unix.O_WRONLY|unix.O_APPEND)
	case "both":
		return open(path, unix.O_RDWR)
	case "empty":
		return open(path, unix.O_WRONLY|unix.O_TRUNC)
	case "truncate":
		return unix.Truncate(path, 1)
	case "create":
		return open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL)
	case "unnamed":
		return unnamed(path, other)
	case "mkdir":
		return unix.Mkdir(path, 0o700)
	case "fifo":
		return unix.Mkfifo(path, 0o600)
	case "socket":
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err == nil {
			err = l.Close() // which removes it
		}
		return err
	case "symlink":
		return unix.Symlink("nowhere", path)
	case "rename":
		return unix.Rename(path, other)
	case "exchange":
		return unix.Renameat2(unix.AT_FDCWD, path, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE)
	case "link":
		return unix.Link(path, other)
	case "unlink":
		return unix.Unlink(path)
	case "rmdir":
		return unix.Rmdir(path)
	case "chmod":
		return unix.Chmod(path, 0o751)
	case "utime":
		return unix.Utimes(path, make([]unix.Timeval, 2))
	case "setxattr":
		return unix.Setxattr(path, "user.probe", []byte("x"), 0)
	case "stat":
		return unix.Stat(path, new(unix.Stat_t))
	case "execute":
		return unix.Access(path, unix.X_OK)
	case "device":
		return unix.Mknod(path, unix.S_IFCHR|0o600, 0) // a whiteout needs no privilege
	case "ioctl":
		return ioctl(path)
	case "signal":
		return unix.Kill(0, unix.SIGCONT)
	case "mount":
		return mount()
	}
	return errors.New("no such verb")
}

// unnamed makes a file without a name and gives it one.
func unnamed(dir, name string) error {
	f, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(f) }()
	return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", f), unix.AT_FDCWD, filepath.Clean(name), unix.AT_SYMLINK_FOLLOW)
}

func ioctl(path string) error {
	f, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(f) }()
	_, err = unix.IoctlGetInt(f, unix.TIOCGPGRP)
	return err
}

// mount makes namespaces and a mount of its own, in a process with one
// thread.
func mount() error {
	cmd := exec.Command("/proc/self/exe", mountNow)
	cmd.Env = os.Environ()
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN}, // execve(2) takes the others
	}
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return syscall.Errno(exit.ExitCode())
	}
	return err
}
