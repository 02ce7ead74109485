// Package flow passes bytes between pairs of TCP connections: all that one side sends, its
// end, and its errors. One loop around epoll(7) does that for all pairs of a process, and
// accepts and makes the connections: a goroutine for each direction would cost several times
// as much for every connection. It decides nothing.
package flow

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Loop passes bytes on. All its methods but Do and Close, and all functions that it is
// given, are called by Run's goroutine alone, so what they share needs no lock. None of them
// may wait for anything.
type Loop struct {
	epoll, wake int       // wake is an eventfd(2), readable when there are calls
	watched     []*source // by descriptor
	last        int32     // the number of the source that was watched last
	listeners   []*listener
	timers      timers
	connecting  map[*connecting]struct{}
	flows       map[*Flow]struct{}
	unfinished  []*Flow // have had their turn, and can go on
	looks       bool    // a timer for endIdle runs
	pipes       pipes
	blocks      []*block // free

	mu     sync.Mutex
	calls  []func()
	closed bool
}

// source is a descriptor that is watched.
type source struct {
	fd     int
	number int32 // not that of a source that had the same descriptor before
	// handle is told of events, nil to have them collected in pending.
	handle  func(events uint32)
	pending uint32
}

// ErrClosed is the error of what a loop cannot do any more.
var ErrClosed = errors.New("the loop has ended")

// NewLoop makes a loop, which Run runs.
func NewLoop() (*Loop, error) {
	l := &Loop{flows: map[*Flow]struct{}{}, connecting: map[*connecting]struct{}{}}
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	if l.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		_ = unix.Close(l.epoll)
		return nil, fmt.Errorf("eventfd2: %w", err)
	}
	if err = l.watch(l.wake, unix.EPOLLIN, func(uint32) { l.drainWake() }); err != nil {
		_, _ = unix.Close(l.epoll), unix.Close(l.wake)
		return nil, err
	}
	return l, nil
}

// Do has the loop call a function soon. It may be called by any goroutine. It returns false
// when the loop has ended, and the function will not be called.
func (l *Loop) Do(call func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if l.calls = append(l.calls, call); len(l.calls) == 1 {
		_, _ = unix.Write(l.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
	return true
}

// Close has Run end. It may be called by any goroutine.
func (l *Loop) Close() { l.Do(func() { l.end() }) }

// mostEvents is how many are taken from the kernel at a time.
const mostEvents = 128

// Run runs the loop until it is closed, or the kernel refuses to tell of events. Then all
// connections that it has are reset, and the listeners closed.
func (l *Loop) Run() error {
	var events [mostEvents]unix.EpollEvent
	for l.epoll >= 0 {
		n, err := unix.EpollWait(l.epoll, events[:], l.pause())
		if err != nil && !errors.Is(err, unix.EINTR) {
			l.end()
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for i := range events[:max(n, 0)] {
			l.tell(&events[i])
		}
		l.goOn()
		l.runCalls()
		l.runTimers()
	}
	return ErrClosed
}

// pause is how long to wait for an event, in milliseconds, -1 for ever.
func (l *Loop) pause() int {
	if len(l.unfinished) > 0 {
		return 0
	}
	if len(l.timers) == 0 {
		return -1
	}
	const most = time.Hour
	wait := min(time.Until(l.timers[0].at), most)
	return int((max(wait, 0) + time.Millisecond - 1) / time.Millisecond)
}

// tell gives an event to its source, if that is still the one that is watched.
func (l *Loop) tell(e *unix.EpollEvent) {
	if int(e.Fd) >= len(l.watched) {
		return
	}
	s := l.watched[e.Fd]
	switch {
	case s == nil || s.number != e.Pad:
	case s.handle == nil:
		s.pending |= e.Events
	default:
		s.handle(e.Events)
	}
}

// watch has a function called at events of a descriptor.
func (l *Loop) watch(fd int, events uint32, handle func(uint32)) error {
	l.last++
	s := &source{fd: fd, number: l.last, handle: handle}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd), Pad: s.number}); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	for len(l.watched) <= fd {
		l.watched = append(l.watched, nil)
	}
	l.watched[fd] = s
	return nil
}

// close closes a descriptor, which is not watched from then on (epoll(7)).
func (l *Loop) close(fd int) {
	if fd < len(l.watched) {
		l.watched[fd] = nil
	}
	_ = unix.Close(fd)
}

// Reset closes a connection that no loop has such that the other side sees an error (RST).
func Reset(fd int) {
	linger(fd)
	_ = unix.Close(fd)
}

// linger has closing a connection reset it.
func linger(fd int) {
	_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}

func (l *Loop) drainWake() {
	var count [8]byte
	_, _ = unix.Read(l.wake, count[:])
}

// runCalls calls what Do was given.
func (l *Loop) runCalls() {
	l.mu.Lock()
	calls := l.calls
	l.calls = nil
	l.mu.Unlock()
	for _, call := range calls {
		call()
	}
}

// end ends everything. Who waits for a connection is told.
func (l *Loop) end() {
	if l.epoll < 0 {
		return
	}
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.runCalls()
	for c := range l.connecting {
		c.fail(ErrClosed)
	}
	for f := range l.flows {
		l.Reset(f)
	}
	for _, one := range l.listeners {
		l.close(one.fd)
	}
	l.pipes.close()
	l.timers, l.unfinished = nil, nil
	_, _ = unix.Close(l.wake), unix.Close(l.epoll)
	l.epoll = -1
}

// Forget closes a connection that Connect has made and that is not passed on.
func (l *Loop) Forget(fd int) { l.close(fd) }
