package registry

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/procstat"
)

// self stands for this process where a pid is asked for.
const self = 0

// kind is a kind of namespace: its name below /proc/PID/ns and its flag of
// setns(2).
type kind struct {
	name string
	flag uintptr
}

// kinds lists the namespaces of a process. To join them, the user namespace
// comes first: it gives the privileges that the others take.
var kinds = [...]kind{
	{"user", unix.CLONE_NEWUSER},
	{"mnt", unix.CLONE_NEWNS},
	{"pid", unix.CLONE_NEWPID},
	{"ipc", unix.CLONE_NEWIPC},
	{"uts", unix.CLONE_NEWUTS},
	{"cgroup", unix.CLONE_NEWCGROUP},
	{"net", unix.CLONE_NEWNET},
	{"time", unix.CLONE_NEWTIME},
}

// Places in kinds.
const (
	userKind  = 0
	mountKind = 1
	pidKind   = 2
)

// errGone is why there is nothing to act on: the process has ended, whether
// its number was given to another one or not.
var errGone = errors.New("it has ended")

// procPath names a file of a process.
func procPath(pid int, name string) string {
	if pid == self {
		return "/proc/self/" + name
	}
	return "/proc/" + strconv.Itoa(pid) + "/" + name
}

// readProc reads a file of a process.
func readProc(pid int, name string) ([]byte, error) {
	fd, err := unix.Open(procPath(pid, name), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, gone(err)
	}
	defer unix.Close(fd)
	buf, n := make([]byte, 4096), 0
	for {
		if n == len(buf) {
			buf = append(buf, make([]byte, len(buf))...)
		}
		m, err := unix.Read(fd, buf[n:])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, gone(err)
		case m == 0:
			return buf[:n], nil
		}
		n += m
	}
}

// gone turns the errors that say that a process is not there into errGone.
func gone(err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return errGone
	}
	return err
}

// startOf tells when a process was started.
func startOf(pid int) (uint64, error) {
	stat, err := procstat.Read(procPath(pid, "stat"))
	if err != nil {
		return 0, gone(err)
	}
	return stat.Number(procstat.StartTime)
}

// namespaceOf is the number of a namespace of a process.
func namespaceOf(pid int, kind string) (uint64, error) {
	n, err := namespaceAt(unix.AT_FDCWD, procPath(pid, "ns/"+kind))
	if err != nil {
		return 0, fmt.Errorf("look at the %s namespace of process %d: %w", kind, pid, err)
	}
	return n, nil
}

// namespacesOf are the numbers of all namespaces of a process, in the order of
// kinds, 0 for those that the kernel does not have.
func namespacesOf(pid int) (out [len(kinds)]uint64, err error) {
	dir, err := unix.Open(procPath(pid, "ns"), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return out, gone(err)
	}
	defer unix.Close(dir)
	for i := range kinds {
		if out[i], err = namespaceAt(dir, kinds[i].name); err != nil && !errors.Is(err, unix.ENOENT) {
			return out, fmt.Errorf("look at the %s namespace of process %d: %w", kinds[i].name, pid, err)
		}
	}
	return out, nil
}

// namespaceAt reads a link such as "net:[4026531840]" (namespaces(7)): the
// number is the inode's. To follow it would make the inode.
func namespaceAt(dir int, name string) (uint64, error) {
	var buf [64]byte
	n, err := unix.Readlinkat(dir, name, buf[:])
	if err != nil {
		return 0, err
	}
	_, number, _ := strings.Cut(string(buf[:n]), ":[")
	return strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64)
}

// status is what /proc/PID/status says, by name.
func status(pid int) (map[string]string, error) {
	data, err := readProc(pid, "status")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(line, ":")
		out[name] = strings.TrimSpace(value)
	}
	return out, nil
}

// handle holds a process: a pidfd, which stays with it whatever becomes of
// its number.
type handle int

// hold takes hold of a process, errGone when it has ended.
func hold(p Process) (handle, error) {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		return -1, gone(err)
	}
	// /proc was about the process of the pidfd if that one still lives.
	start, err := startOf(p.PID)
	if err == nil && (start != p.Start || handle(fd).ended(0)) {
		err = errGone
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return handle(fd), nil
}

// ended waits, for some milliseconds at most, until the process has ended,
// and tells whether it has.
func (h handle) ended(milliseconds int) bool {
	fds := []unix.PollFd{{Fd: int32(h), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, milliseconds)
		if !errors.Is(err, unix.EINTR) {
			return n > 0
		}
	}
}

// signal sends a signal; a process that has ended gets none.
func (h handle) signal(s unix.Signal) error {
	if err := unix.PidfdSendSignal(int(h), s, nil, 0); err != nil {
		return gone(err)
	}
	return nil
}

func (h handle) close() { unix.Close(int(h)) }

// processes lists the pids of all processes.
func processes() ([]int, error) {
	fd, err := unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("list /proc: %w", err)
	}
	defer unix.Close(fd)
	var names []string
	buf := make([]byte, 32<<10)
	for {
		n, err := unix.ReadDirent(fd, buf)
		if err != nil {
			return nil, fmt.Errorf("list /proc: %w", err)
		}
		if n == 0 {
			break
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
