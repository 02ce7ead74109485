// Command probe prints what a process sees of itself and of the system, as
// one JSON object. The tests run it inside a jail and outside.
package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// facts is what the probe prints; package e2e has the same type.
type facts struct {
	PID, Parent, Session int
	UID, GID             int
	Cwd                  string
	Env                  []string
	Descriptors          map[int]string
	Status               map[string]string
	Mounts               []string
	Hostname, MachineID  string
	Interfaces           []string
	Devices              map[string]string
	Limits               map[string][2]uint64
	Processes            []int
	First                map[string]string // what /proc/1 shows
	Umask                int
}

func main() {
	// First of all: the runtime opens descriptors of its own later.
	descriptors := openDescriptors()
	if len(os.Args) > 1 {
		act(os.Args[1:])
		return
	}
	f := facts{
		PID: os.Getpid(), Parent: os.Getppid(), UID: os.Getuid(), GID: os.Getgid(),
		Env: os.Environ(), Descriptors: descriptors,
		Status: status(), Mounts: lines("/proc/self/mountinfo"),
		MachineID: strings.TrimSpace(text("/etc/machine-id")),
		Devices:   devices(), Limits: limits(), Processes: processes(), First: map[string]string{},
	}
	f.Session, _ = unix.Getsid(0)
	f.Cwd, _ = unix.Getwd()
	f.Hostname, _ = os.Hostname()
	f.Umask = unix.Umask(0)
	for _, l := range lines("/proc/self/net/dev")[2:] {
		name, _, _ := strings.Cut(l, ":")
		f.Interfaces = append(f.Interfaces, strings.TrimSpace(name))
	}
	for _, name := range []string{"cmdline", "environ", "maps", "exe", "fd", "cwd", "root"} {
		f.First[name] = look("/proc/1/" + name)
	}
	if err := json.NewEncoder(os.Stdout).Encode(f); err != nil {
		os.Exit(1)
	}
}

// act performs a system call that no ordinary program makes, and exits with
// 1 when it fails.
func act(args []string) {
	var err error
	switch {
	case args[0] == "find-key" && len(args) == 2:
		_, err = unix.KeyctlSearch(unix.KEY_SPEC_SESSION_KEYRING, "user", args[1], 0)
	case args[0] == "inject" && len(args) == 2:
		err = inject(args[1])
	case args[0] == "signal" && len(args) == 4:
		err = signalOut(args[1], args[2], args[3])
	case args[0] == "take" && len(args) == 3:
		err = take(args[1], args[2])
	case args[0] == "hold-up" && len(args) == 1:
		err = holdUp()
	case args[0] == "wide":
		err = wide()
	case args[0] == "escape":
		err = escape()
	case args[0] == "escape-inside":
		err = escapeInside()
	case args[0] == "watch" && len(args) == 4:
		err = watch(args[1], args[2], args[3])
	case args[0] == "seize" && len(args) == 3:
		err = seize(args[1], args[2])
	default:
		err = socketAct(args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func openDescriptors() map[int]string {
	out := map[int]string{}
	dir, err := unix.Open("/proc/self/fd", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return out
	}
	defer unix.Close(dir)
	buf := make([]byte, 1<<16)
	n, _ := unix.ReadDirent(dir, buf)
	_, _, names := unix.ParseDirent(buf[:n], -1, nil)
	for _, name := range names {
		if fd, err := strconv.Atoi(name); err == nil && fd != dir {
			out[fd], _ = os.Readlink("/proc/self/fd/" + name)
		}
	}
	return out
}

func text(name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func lines(name string) []string {
	return strings.Split(strings.TrimSuffix(text(name), "\n"), "\n")
}

func status() map[string]string {
	out := map[string]string{}
	for _, l := range lines("/proc/self/status") {
		key, value, _ := strings.Cut(l, ":")
		out[key] = strings.TrimSpace(value)
	}
	return out
}

// devices lists /dev: type, permissions and numbers of every name.
func devices() map[string]string {
	out := map[string]string{}
	_ = filepath.WalkDir("/dev", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "/dev" {
			return nil
		}
		var st unix.Stat_t
		if unix.Lstat(path, &st) == nil {
			out[path] = fmt.Sprintf("%06o %d:%d", st.Mode, unix.Major(st.Rdev), unix.Minor(st.Rdev))
		}
		return nil
	})
	return out
}

func limits() map[string][2]uint64 {
	out := map[string][2]uint64{}
	for name, resource := range map[string]int{
		"core": unix.RLIMIT_CORE, "open-files": unix.RLIMIT_NOFILE, "processes": unix.RLIMIT_NPROC, "file-size": unix.RLIMIT_FSIZE,
	} {
		// prlimit of another process's view: the runtime raises its own
		// soft limit of open files, and restores it for no one.
		var l unix.Rlimit
		if unix.Prlimit(0, resource, nil, &l) == nil {
			out[name] = [2]uint64{l.Cur, l.Max}
		}
	}
	return out
}

func processes() []int {
	var out []int
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

// look tells what can be read of a file of /proc/1: its text, the target of
// a link, or the error.
func look(name string) string {
	if target, err := os.Readlink(name); err == nil {
		return target
	}
	if entries, err := os.ReadDir(name); err == nil {
		return fmt.Sprint(len(entries), " entries")
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	return strings.Trim(string(b), "\x00")
}
