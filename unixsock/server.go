// Package unixsock decides about the connections of a jail: it answers the
// connect(2) calls that the filter seccomp.SocketGuard hands over.
//
// A Server reads notifications (seccomp_unotify(2)) from the filter's
// listener. For each it takes a copy of the thread's socket, copies the
// address once, finds the socket file that a path leads to inside the jail,
// judges that file by what it is (Rules), and makes the connection itself, on
// the copied socket and to the file that it holds. The thread gets the result.
//
// No call is ever handed back to the kernel to continue: it would read
// descriptor and address again, which another thread of the program may have
// changed by then. That goes for the internet as well, since whether a
// descriptor is such a socket can change too.
//
// One goroutine serves, and nothing else depends on it: a program can have it
// wait, by the flags of the socket that they share or by memory that is slow to
// read, and then waits itself. Otherwise it never blocks in a connection: those that
// take time wait in the Server. The package installs no filters, knows no profiles, and
// touches no memory by address, which a Kernel does for it.
package unixsock

import (
	"bytes"
	"errors"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Kernel makes the syscalls that take addresses of memory.
type Kernel interface {
	// Receive is SECCOMP_IOCTL_NOTIF_RECV; the buffer is all zeros.
	Receive(listener int, buf *[NotificationSize]byte) unix.Errno
	// Answer is SECCOMP_IOCTL_NOTIF_SEND: the call returns 0 or fails.
	Answer(listener int, id uint64, result unix.Errno) unix.Errno
	// Waits is SECCOMP_IOCTL_NOTIF_ID_VALID: the call still waits.
	Waits(listener int, id uint64) bool
	// Connect is connect(2) with an address as it is. It may wait.
	Connect(socket int, address []byte) unix.Errno
	// OpenInRoot opens a path with O_PATH as if a directory were the root
	// directory (openat2(2), RESOLVE_IN_ROOT).
	OpenInRoot(root int, name string) (int, unix.Errno)
	// OpenStatus opens the file status of a directory /proc/PID.
	OpenStatus(process int) (int, unix.Errno)
	// Become gives the calling thread the jail's user, which the peer of a connection
	// sees.
	Become() error
}

// Server answers the calls of one jail.
type Server struct {
	kernel   Kernel
	rules    Rules
	listener int
	ready    bool   // see prepare
	refuses  bool   // prepare failed
	host     uint64 // the host's network namespace, see networkOf
	found    bool   // see FindNetwork
	waiting  []*attempt
	lost     lost
}

// NewServer makes a server, which owns the listener from then on.
func NewServer(k Kernel, listener int, rules Rules) *Server {
	// Who calls and who answers take turns, so they may as well have the same processor; a
	// kernel before Linux 6.6 refuses.
	const setFlags, syncWakeUp = 0x40082104, 1 // SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
	_ = unix.IoctlSetInt(listener, setFlags, syncWakeUp)
	return &Server{kernel: k, rules: rules, listener: listener}
}

// FindNetwork finds out, once, which network namespace this process is in. That takes a
// socket, so it is called ahead of Serve, while the process may make sockets; nil is no
// server.
func (s *Server) FindNetwork() {
	if s != nil && !s.found {
		s.found, s.host = true, ownNetwork()
	}
}

// maxWaiting bounds the connections that take time. Each holds a descriptor
// or two of the launcher.
const maxWaiting = 256

// Listener is the descriptor that is readable when Serve has something to do.
func (s *Server) Listener() int { return s.listener }

// Serve answers until the last process under the filter is gone. It locks a thread, which
// has the jail's user from then on, and does not return: the kernel would kill the
// children that the thread forked (PR_SET_PDEATHSIG of prctl(2)). The thread is not the
// first of this process, whose user other processes see.
func (s *Server) Serve() {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		go s.Serve() // on another thread, since this one is taken
		select {}
	}
	for s.listener >= 0 {
		fds := s.poll(nil)
		switch _, err := unix.Poll(fds, s.pause()); {
		case err == nil:
			s.handle(fds)
		case !errors.Is(err, unix.EINTR):
			s.Close()
		}
	}
	select {}
}

// poll appends what has to be waited for with poll(2) before handle.
func (s *Server) poll(fds []unix.PollFd) []unix.PollFd {
	fds = append(fds, unix.PollFd{Fd: int32(s.listener), Events: unix.POLLIN})
	for _, a := range s.waiting {
		fds = append(fds, a.poll())
	}
	return fds
}

// handle does what there is to do, given what poll appended and poll(2) filled
// in.
func (s *Server) handle(fds []unix.PollFd) {
	s.resume(fds[1:])
	switch events := fds[0].Revents; {
	case events&unix.POLLIN != 0:
		s.receive()
	case events != 0:
		s.Close() // the last process under the filter is gone
	}
}

// Close ends a service that has not begun: calls fail.
func (s *Server) Close() {
	for _, a := range s.waiting {
		a.close()
	}
	s.waiting = nil
	if s.listener >= 0 {
		_ = unix.Close(s.listener)
		s.listener = -1 // poll(2) passes over it
	}
}

// receive takes one call and answers it, now or later.
func (s *Server) receive() {
	var buf [NotificationSize]byte
	switch s.kernel.Receive(s.listener, &buf) {
	case 0:
	case unix.ENOENT, unix.EINTR:
		return // the thread was interrupted, or ended
	default:
		s.Close() // every further call would fail
		return
	}
	if !s.ready {
		s.prepare()
	}
	call := DecodeCall(&buf)
	a, errno := s.begin(&call)
	if errno != 0 {
		_ = s.kernel.Answer(s.listener, call.ID, errno)
		return
	}
	s.try(a)
	if !a.done && len(s.waiting) >= maxWaiting {
		s.answer(a, unix.ENOBUFS)
	}
	if a.done {
		a.close()
		return
	}
	s.waiting = append(s.waiting, a)
}

// prepare is done once, when the first call comes. A socket of the jail learns
// who connected to it, and can get hold of that process (SO_PEERPIDFD of
// unix(7)): from now on this one cannot be traced, nor can its descriptors be
// taken. If that fails nothing is served. And garbage, which a launch does not
// live long enough to collect, is collected.
func (s *Server) prepare() {
	s.ready = true
	debug.SetGCPercent(100)
	s.refuses = s.kernel.Become() != nil || unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) != nil
}

// begin finds out what a call is about.
func (s *Server) begin(call *Call) (*attempt, unix.Errno) {
	if s.refuses {
		return nil, unix.EPERM
	}
	a := &attempt{id: call.ID, target: -1}
	var errno unix.Errno
	if a.socket, errno = s.takeSocket(call); errno != 0 {
		return nil, errno
	}
	if errno = a.examine(); errno == 0 {
		errno = s.aim(a, call)
	}
	if errno == 0 && !s.kernel.Waits(s.listener, call.ID) {
		// The thread ended, and another may have got its number before it was looked
		// up: the findings may be about that one, and the answer goes nowhere.
		errno = unix.ESRCH
	}
	if errno != 0 {
		a.close()
		return nil, errno
	}
	return a, 0
}

// aim copies the address, once, and decides where the attempt leads.
func (s *Server) aim(a *attempt, call *Call) unix.Errno {
	address, errno := readAddress(call)
	if errno != 0 {
		return errno
	}
	a.address = address
	switch a.family {
	case unix.AF_UNIX:
		return s.aimUnix(a, call.Thread)
	case unix.AF_NETLINK:
		return aimNetlink(address)
	case unix.AF_INET, unix.AF_INET6, unix.AF_VSOCK:
		// Such a connection asks for no privilege: that it is made from outside the
		// jail's namespaces makes no difference. The socket has its network.
		if a.family == unix.AF_VSOCK || s.rules.permitsPort(address) {
			return 0
		}
		if errno := a.findKind(); errno != 0 || a.kind != unix.SOCK_STREAM {
			return errno
		}
		return unix.EACCES // as Landlock says it
	}
	return unix.EAFNOSUPPORT
}

func (s *Server) aimUnix(a *attempt, thread int) unix.Errno {
	form, name := DecodeAddress(a.address)
	switch form {
	case Foreign:
		return 0
	case Path:
		fd, errno := s.rules.findPath(s.kernel, thread, string(name))
		if errno != 0 {
			return errno
		}
		a.target, a.address = fd, pinned(fd)
		return 0
	case Abstract:
		network := networkOf(a.socket)
		own := network != 0 && s.host != 0 && network != s.host && !s.rules.Joined
		if own || slices.Contains(s.rules.Names, string(name)) {
			return 0
		}
		// As if nobody listened. X programs try the abstract name of their server first, and
		// its path after that error alone (_xcb_open in libxcb).
		return unix.ECONNREFUSED
	case Malformed:
	}
	return unix.EINVAL
}

// aimNetlink refuses what takes a privilege over the network namespace: outside
// the jail there is one (netlink_connect in net/netlink/af_netlink.c).
func aimNetlink(address []byte) unix.Errno {
	const portAndGroups = 4
	if len(bytes.Trim(address[min(portAndGroups, len(address)):], "\x00")) > 0 {
		return unix.EPERM
	}
	return 0
}

// pause is the longest that poll(2) may wait, in milliseconds; -1 for ever.
func (s *Server) pause() int {
	if len(s.waiting) == 0 {
		return -1
	}
	least := checkEvery
	now := time.Now()
	for _, a := range s.waiting {
		least = min(least, a.due(now))
	}
	return max(1, int(least/time.Millisecond))
}
