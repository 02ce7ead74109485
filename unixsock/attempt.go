package unixsock

import (
	"encoding/binary"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// attempt is a connection that is being made for a thread.
type attempt struct {
	id      uint64
	socket  int // a copy of the thread's, of the same open file
	family  int // SO_DOMAIN
	kind    int // SO_TYPE, 0 when it has not been asked for
	address []byte
	target  int // what address leads to, opened with O_PATH; -1 for none

	blocks   bool // connect(2) waits until it is settled
	began    bool
	done     bool
	deadline time.Time // zero for none
	retry    time.Time // a full queue has no event that would tell of room
	wait     time.Duration
}

// Waits of attempts: at least so often it is looked whether the thread still
// waits, and so often a full queue is tried again.
const (
	checkEvery = 200 * time.Millisecond
	firstRetry = time.Millisecond
	lastRetry  = 50 * time.Millisecond
)

// examine finds out what kind of socket it is.
func (a *attempt) examine() unix.Errno {
	var err error
	if a.family, err = unix.GetsockoptInt(a.socket, unix.SOL_SOCKET, unix.SO_DOMAIN); err != nil {
		return errnoOf(err) // EBADF, ENOTSOCK: as connect says it
	}
	flags, err := unix.FcntlInt(uintptr(a.socket), unix.F_GETFL, 0)
	if err != nil {
		return errnoOf(err)
	}
	if flags&unix.O_NONBLOCK != 0 {
		return 0
	}
	if errno := a.findKind(); errno != 0 {
		return errno
	}
	if a.blocks = a.kind == unix.SOCK_STREAM || a.kind == unix.SOCK_SEQPACKET; !a.blocks {
		return 0
	}
	if limit, err := unix.GetsockoptTimeval(a.socket, unix.SOL_SOCKET, unix.SO_SNDTIMEO); err == nil && (limit.Sec != 0 || limit.Usec != 0) {
		a.deadline = time.Now().Add(time.Duration(limit.Nano()))
	}
	return 0
}

// findKind finds out the type of the socket, which never changes.
func (a *attempt) findKind() unix.Errno {
	if a.kind != 0 {
		return 0
	}
	var err error
	if a.kind, err = unix.GetsockoptInt(a.socket, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		return errnoOf(err)
	}
	return 0
}

// cookie tells which socket it is (SO_COOKIE of socket(7)), 0 when the kernel does not.
func (a *attempt) cookie() uint64 {
	cookie, _ := unix.GetsockoptUint64(a.socket, unix.SOL_SOCKET, unix.SO_COOKIE)
	return cookie
}

func (a *attempt) close() {
	_ = unix.Close(a.socket)
	if a.target >= 0 {
		_ = unix.Close(a.target)
	}
}

// poll says which event settles the attempt.
func (a *attempt) poll() unix.PollFd {
	if !a.retry.IsZero() {
		return unix.PollFd{Fd: -1}
	}
	return unix.PollFd{Fd: int32(a.socket), Events: unix.POLLOUT}
}

// due is how long nothing has to be done about the attempt.
func (a *attempt) due(now time.Time) time.Duration {
	wait := checkEvery
	for _, at := range [...]time.Time{a.deadline, a.retry} {
		if !at.IsZero() {
			wait = min(wait, at.Sub(now))
		}
	}
	return wait
}

// try asks the kernel to connect, or how far it is, and answers when that is
// settled. A socket that is to block is told not to for the moment.
func (s *Server) try(a *attempt) {
	errno := s.connect(a)
	first := !a.began
	a.began = true
	switch {
	case a.blocks && (errno == unix.EINPROGRESS || errno == unix.EALREADY):
		a.retry = time.Time{}
		if !first && errno == unix.EALREADY {
			a.again() // an event that settled nothing
		}
	case a.blocks && a.family == unix.AF_UNIX && errno == unix.EAGAIN:
		a.again()
	default:
		if s.lost.some {
			errno = s.lost.mend(a.cookie(), errno)
		}
		s.answer(a, errno)
	}
}

// connect makes the call, which must not wait here. The flags of a socket are
// the program's too, and they are as it left them but for that moment.
func (s *Server) connect(a *attempt) unix.Errno {
	if !a.blocks {
		return s.kernel.Connect(a.socket, a.address)
	}
	flags, err := unix.FcntlInt(uintptr(a.socket), unix.F_GETFL, 0)
	if err != nil {
		return errnoOf(err)
	}
	if flags&unix.O_NONBLOCK != 0 {
		return s.kernel.Connect(a.socket, a.address)
	}
	if _, err := unix.FcntlInt(uintptr(a.socket), unix.F_SETFL, flags|unix.O_NONBLOCK); err != nil {
		return errnoOf(err)
	}
	errno := s.kernel.Connect(a.socket, a.address)
	_, _ = unix.FcntlInt(uintptr(a.socket), unix.F_SETFL, flags)
	return errno
}

// again has the attempt tried anew after a while.
func (a *attempt) again() {
	a.wait = min(max(2*a.wait, firstRetry), lastRetry)
	a.retry = time.Now().Add(a.wait)
}

// answer ends the attempt. A thread that was interrupted by a signal waits no
// more, and may make the same call again.
func (s *Server) answer(a *attempt, result unix.Errno) {
	a.done = true
	if s.kernel.Answer(s.listener, a.id, result) != 0 {
		s.lost.add(a.cookie(), result)
	}
}

// resume goes on with what waits, given the events of each.
func (s *Server) resume(events []unix.PollFd) {
	now := time.Now()
	kept := s.waiting[:0]
	for i, a := range s.waiting {
		switch {
		case !s.kernel.Waits(s.listener, a.id):
			a.done = true // interrupted: the kernel goes on connecting by itself
		case events[i].Revents != 0, !a.retry.IsZero() && !now.Before(a.retry):
			s.try(a)
		}
		if !a.done && !a.deadline.IsZero() && !now.Before(a.deadline) {
			s.answer(a, a.overdue())
		}
		if a.done {
			a.close()
		} else {
			kept = append(kept, a)
		}
	}
	clear(s.waiting[len(kept):])
	s.waiting = kept
}

// overdue is what connect(2) says at the end of SO_SNDTIMEO (socket(7)).
func (a *attempt) overdue() unix.Errno {
	if a.family == unix.AF_UNIX {
		return unix.EAGAIN
	}
	return unix.EINPROGRESS
}

// lost remembers results that did not reach their threads: a signal came in
// between. The kernel makes such a call again, or the program does, and it must
// not fail because it has already succeeded.
type lost struct {
	entries [64]struct {
		cookie uint64
		result unix.Errno
	}
	next int
	some bool // there has been one
}

func (l *lost) add(cookie uint64, result unix.Errno) {
	if cookie == 0 || result != 0 && result != unix.EINPROGRESS {
		return
	}
	l.some = true
	l.entries[l.next].cookie, l.entries[l.next].result = cookie, result
	l.next = (l.next + 1) % len(l.entries)
}

// mend turns the result of a call that was made twice into that of the first.
func (l *lost) mend(cookie uint64, result unix.Errno) unix.Errno {
	for i := range l.entries {
		e := &l.entries[i]
		if cookie == 0 || e.cookie != cookie {
			continue
		}
		first := e.result
		e.cookie = 0
		if result == unix.EISCONN && first == 0 || result == unix.EALREADY && first == unix.EINPROGRESS {
			return first
		}
	}
	return result
}

// pinned is the address of the file behind a descriptor.
func pinned(fd int) []byte {
	address := make([]byte, 0, maxAddress)
	address = binary.NativeEndian.AppendUint16(address, unix.AF_UNIX)
	address = append(address, "/proc/self/fd/"...)
	return append(strconv.AppendInt(address, int64(fd), 10), 0)
}
