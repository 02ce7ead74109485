package standin

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// holder is the first process of a jail for which something stands, as its
// record names it. The locks of a launcher that is killed are gone a moment before
// its jail is: the kernel closes what a process has open, then tells its children.
// Even a descriptor in the first process would be closed before the kernel ends
// the others of its PID namespace (do_exit in kernel/exit.c). But it is not dead
// before they are.
type holder struct {
	pid int
	// since is a time after the start of the process, in ticks since the
	// machine's: what has this number and is younger is somebody else.
	since uint64
}

// ticks is how many there are in a second wherever Linux tells times to
// programs (USER_HZ, time(7)).
const ticks = 100

// dying is how long a process may take to die, in milliseconds, before it is left
// for the next look.
const dying = 300

// newHolder is the process of this number, which has been started.
func newHolder(pid int) holder {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return holder{pid: pid, since: 1<<63 - 1}
	}
	return holder{pid: pid, since: uint64(now.Nano()/(1e9/ticks)) + 1}
}

// append writes a holder as a line of a record: unlike names, without quotes.
func (h holder) append(text []byte) []byte {
	text = append(strconv.AppendInt(text, int64(h.pid), 10), ' ')
	return strconv.AppendUint(text, h.since, 10)
}

func parseHolder(line string) (holder, bool) {
	pid, since, ok := strings.Cut(line, " ")
	if !ok {
		return holder{}, false
	}
	h := holder{}
	var err, worse error
	h.pid, err = strconv.Atoi(pid)
	h.since, worse = strconv.ParseUint(since, 10, 64)
	return h, err == nil && worse == nil && h.pid > 0
}

// gone tells whether the jail is dead. The launcher is, or has waited for it,
// so that one which is not will be in a moment.
func (h holder) gone() bool {
	fd, err := unix.PidfdOpen(h.pid, 0)
	if err != nil {
		return errors.Is(err, unix.ESRCH)
	}
	defer func() { _ = unix.Close(fd) }()
	if start, err := startOf(h.pid); err == nil && start > h.since {
		return true
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, dying)
		if !errors.Is(err, unix.EINTR) {
			return n > 0
		}
	}
}

// startOf is when a process was started, in ticks since the machine's start
// (field 22 of proc_pid_stat(5)).
func startOf(pid int) (uint64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	const at = 22 - 3
	if len(fields) <= at {
		return 0, unix.EINVAL
	}
	return strconv.ParseUint(string(fields[at]), 10, 64)
}
