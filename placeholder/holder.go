package placeholder

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/procstat"
)

// holder is the init of a jail that needs placeholders, as a list names it. The
// locks of a launcher that is killed are gone a moment before its jail is: the
// kernel closes the files of a process first and sends its children SIGKILL then.
// Even a descriptor in the init would be closed before the kernel ends the other
// processes of its PID namespace (do_exit in kernel/exit.c). But the init is not
// dead before they are.
//
// Lists outlive a boot, and containers may share a home: a pid and a start time
// identify a process only together with the boot and the PID namespace.
type holder struct {
	pid   int
	start uint64 // as startOf tells it
	where where
}

// where is the boot and the PID namespace that a pid belongs to.
type where struct {
	// pids is the inode of the PID namespace (namespaces(7)), 0 where /proc
	// shows another one.
	pids uint64
	// boot is the boot's id (random(4)), "" where that is hidden, as in a
	// jail, whose PID namespace is its own.
	boot string
}

// unknown stands for a boot without an id in a list.
const unknown = "-"

// dying is how long Release waits for the jail of a killed launcher to die. After
// that, its placeholders are left to the next Sweep.
const dying = 300 * time.Millisecond

// newHolder describes a child of this process. Where /proc shows another PID
// namespace, the holder has a pid only, and counts as gone.
func newHolder(pid int) (holder, error) {
	here, err := whereabouts()
	if err != nil || here.pids == 0 {
		return holder{pid: pid}, err
	}
	start, err := startOf(pid)
	return holder{pid, start, here}, err
}

// append writes a holder as a line of a list: unlike names, without quotes.
func (h holder) append(text []byte) []byte {
	boot := h.where.boot
	if boot == "" {
		boot = unknown
	}
	return fmt.Appendf(text, "%d %d %d %s", h.pid, h.start, h.where.pids, boot)
}

func parseHolder(line string) (holder, bool) {
	fields := strings.Split(line, " ")
	if len(fields) != 4 {
		return holder{}, false
	}
	pid, err := strconv.ParseInt(fields[0], 10, 32)
	start, startErr := strconv.ParseUint(fields[1], 10, 64)
	pids, pidsErr := strconv.ParseUint(fields[2], 10, 64)
	boot := fields[3]
	if boot == unknown {
		boot = ""
	}
	return holder{int(pid), start, where{pids, boot}}, errors.Join(err, startErr, pidsErr) == nil && pid > 0
}

// gone tells whether the jail is dead, or dies before the deadline; the zero time
// is now. A holder of another boot or PID namespace is gone: only locks count then.
func (h holder) gone(deadline time.Time) bool {
	fd, err := unix.PidfdOpen(h.pid, 0)
	if err != nil {
		// The last two: the pid is a thread's now, or that of a process group
		// whose leader is dead.
		return errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT)
	}
	defer func() { _ = unix.Close(fd) }()
	if here, err := whereabouts(); err != nil || !here.same(h.where) {
		return true
	}
	// A process whose start time can't be read counts as the jail's. The caller
	// may have confined itself, and can open nothing in /proc any more.
	if start, err := startOf(h.pid); err == nil && start != h.start {
		return true
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		left := max(time.Until(deadline), 0)
		n, err := unix.Poll(fds, int(left.Milliseconds()))
		if !errors.Is(err, unix.EINTR) {
			return n > 0
		}
	}
}

// same tells whether a pid means the same process in both. The inode does not
// suffice: the initial namespace has the same one in every boot, and others reuse
// those of namespaces that are gone.
func (w where) same(there where) bool {
	return w.pids != 0 && w.pids == there.pids && (w.boot == there.boot || w.boot == "" || there.boot == "")
}

// whereabouts is the boot and the PID namespace of this process.
func whereabouts() (where, error) {
	var buf [64]byte
	self, err := readlink("/proc/self", buf[:])
	if err != nil || self != strconv.Itoa(unix.Getpid()) {
		return where{}, err // the /proc of another namespace
	}
	inode, err := readlink("/proc/self/ns/pid", buf[:])
	if err != nil {
		return where{}, err
	}
	var w where
	if w.pids, err = strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(inode, "pid:["), "]"), 10, 64); err != nil {
		return where{}, fmt.Errorf("/proc/self/ns/pid: %w", err)
	}
	if n, err := read("/proc/sys/kernel/random/boot_id", buf[:]); err == nil {
		w.boot = string(bytes.TrimSpace(buf[:n]))
	}
	return w, nil
}

// startOf is when a process was started, in ticks since the machine's start.
func startOf(pid int) (uint64, error) {
	stat, err := procstat.Read("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	return stat.Number(procstat.StartTime)
}

func readlink(path string, buf []byte) (string, error) {
	n, err := unix.Readlink(path, buf)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return string(buf[:n]), nil
}

func read(path string, buf []byte) (int, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { _ = unix.Close(fd) }()
	n, err := unix.Read(fd, buf)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", path, err)
	}
	return n, nil
}
