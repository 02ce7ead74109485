package unixsock

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stage plays the kernel to a server: a call of this very process is handed
// over, and the answers are kept.
type stage struct {
	t       *testing.T
	server  *Server
	call    Call
	address []byte
	gone    bool // the thread waits no more
	answers []unix.Errno
}

func newStage(t *testing.T, rules Rules) *stage {
	t.Helper()
	s := &stage{t: t}
	s.server = NewServer(s, -1, rules)
	s.server.FindNetwork()
	t.Cleanup(func() {
		s.server.Close()
		_ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	})
	return s
}

func (s *stage) Receive(_ int, buf *[NotificationSize]byte) unix.Errno {
	binary.NativeEndian.PutUint64(buf[0:], s.call.ID)
	binary.NativeEndian.PutUint32(buf[8:], uint32(s.call.Thread))
	binary.NativeEndian.PutUint64(buf[32:], uint64(s.call.Socket))
	binary.NativeEndian.PutUint64(buf[40:], s.call.At)
	binary.NativeEndian.PutUint64(buf[48:], uint64(s.call.Length))
	return 0
}

func (s *stage) Answer(_ int, _ uint64, result unix.Errno) unix.Errno {
	if s.gone {
		return unix.ENOENT
	}
	s.answers = append(s.answers, result)
	return 0
}

func (s *stage) Become() error { return nil }

func (s *stage) OpenInRoot(root int, name string) (int, unix.Errno) {
	fd, err := unix.Openat2(root, name, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT})
	if err != nil {
		return -1, errnoOf(err)
	}
	return fd, 0
}

func (s *stage) OpenStatus(process int) (int, unix.Errno) {
	fd, err := unix.Openat(process, "status", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, errnoOf(err)
	}
	return fd, 0
}

func (s *stage) Waits(int, uint64) bool { return !s.gone }

func (s *stage) Connect(socket int, address []byte) unix.Errno {
	var at unsafe.Pointer
	if len(address) > 0 {
		at = unsafe.Pointer(&address[0])
	}
	_, _, errno := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(socket), uintptr(at), uintptr(len(address)))
	return errno
}

// connect has the server make a call and returns its answers.
func (s *stage) connect(socket int, address []byte) []unix.Errno {
	s.t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s.address, s.answers = address, nil
	s.call = Call{ID: s.call.ID + 1, Thread: unix.Gettid(), Socket: socket, Length: int32(len(address))}
	if len(address) > 0 {
		s.call.At = uint64(uintptr(unsafe.Pointer(&s.address[0])))
	}
	s.server.receive()
	runtime.KeepAlive(address)
	return s.answers
}

func newSocket(t *testing.T, kind int) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

func listenAt(t *testing.T, path string, backlog int) int {
	t.Helper()
	fd := newSocket(t, unix.SOCK_STREAM)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, backlog); err != nil {
		t.Fatal(err)
	}
	return fd
}

func unixAddress(path string) []byte {
	return append(binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX), path...)
}

func statOf(t *testing.T, path string) Stat {
	t.Helper()
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_INO|unix.STATX_MNT_ID, &st); err != nil {
		t.Fatal(err)
	}
	return ReadStat((*[256]byte)(unsafe.Pointer(&st))[:])
}

// only expects one answer.
func only(t *testing.T, what string, got []unix.Errno, want unix.Errno) {
	t.Helper()
	if len(got) != 1 || got[0] != want {
		t.Errorf("%s: answers %v, want %v", what, got, want)
	}
}

func TestServerDecidesByFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	listenAt(t, path, 8)
	st := statOf(t, path)
	address := unixAddress(path)
	only(t, "no rules", newStage(t, Rules{}).connect(newSocket(t, unix.SOCK_STREAM), address), unix.EACCES)
	only(t, "another file", newStage(t, Rules{Files: []File{{st.File.Device, st.File.Inode + 1}, {st.File.Device + 1, st.File.Inode}}}).
		connect(newSocket(t, unix.SOCK_STREAM), address), unix.EACCES)
	only(t, "another mount", newStage(t, Rules{Mounts: []uint64{st.Mount + 1}}).connect(newSocket(t, unix.SOCK_STREAM), address), unix.EACCES)
	only(t, "the file", newStage(t, Rules{Files: []File{st.File}}).connect(newSocket(t, unix.SOCK_STREAM), address), 0)
	only(t, "the mount", newStage(t, Rules{Mounts: []uint64{st.Mount}}).connect(newSocket(t, unix.SOCK_STREAM), address), 0)

	// Another name of the file is the file; a name that leads elsewhere is not.
	if err := os.Link(path, filepath.Join(dir, "hard")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a", filepath.Join(dir, "soft")); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, Rules{Files: []File{st.File}})
	for _, name := range []string{"hard", "soft", "./a", "../" + filepath.Base(dir) + "/a"} {
		only(t, name, s.connect(newSocket(t, unix.SOCK_STREAM), unixAddress(filepath.Join(dir, "x")[:len(dir)+1]+name)), 0)
	}
	only(t, "a directory", s.connect(newSocket(t, unix.SOCK_STREAM), unixAddress(dir)), unix.ECONNREFUSED)
	only(t, "nothing", s.connect(newSocket(t, unix.SOCK_STREAM), unixAddress(dir+"/none")), unix.ENOENT)
	only(t, "another type", s.connect(newSocket(t, unix.SOCK_SEQPACKET), address), unix.EPROTOTYPE)
	only(t, "a magic link", s.connect(newSocket(t, unix.SOCK_STREAM), unixAddress("/proc/self/root"+path)), unix.EACCES)
}

// TestServerDecidesByPort: the list is about streams of both families of the Internet, and
// about nothing else.
func TestServerDecidesByPort(t *testing.T) {
	tcp := func(family int, port uint16) []byte {
		address := make([]byte, unix.SizeofSockaddrInet6)
		binary.NativeEndian.PutUint16(address, uint16(family))
		binary.BigEndian.PutUint16(address[2:], port)
		if family == unix.AF_INET {
			copy(address[4:], []byte{127, 0, 0, 1})
			return address[:unix.SizeofSockaddrInet4]
		}
		address[23] = 1 // ::1
		return address
	}
	socket := func(family, kind int) int {
		fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(fd) })
		return fd
	}
	const listed, other = 1, 2 // nobody listens there
	s := newStage(t, Rules{Ports: []uint16{listed}})
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		only(t, "a listed port", s.connect(socket(family, unix.SOCK_STREAM), tcp(family, listed)), unix.EINPROGRESS)
		only(t, "another port", s.connect(socket(family, unix.SOCK_STREAM), tcp(family, other)), unix.EACCES)
		only(t, "a datagram socket", s.connect(socket(family, unix.SOCK_DGRAM), tcp(family, other)), 0)
		only(t, "without a list", newStage(t, Rules{}).connect(socket(family, unix.SOCK_STREAM), tcp(family, other)), unix.EINPROGRESS)
	}
	only(t, "the end of an association", s.connect(socket(unix.AF_INET, unix.SOCK_STREAM), make([]byte, unix.SizeofSockaddrInet4)), 0)
}

func TestServerAnswersMistakes(t *testing.T) {
	s := newStage(t, Rules{})
	fd := newSocket(t, unix.SOCK_STREAM)
	only(t, "no descriptor", s.connect(1<<20, unixAddress("/a")), unix.EBADF)
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	only(t, "no socket", s.connect(int(null.Fd()), unixAddress("/a")), unix.ENOTSOCK)
	only(t, "a long address", s.connect(fd, make([]byte, 129)), unix.EINVAL)
	only(t, "a long Unix address", s.connect(fd, unixAddress(string(make([]byte, 110)))), unix.EINVAL)
	only(t, "no address", s.connect(fd, nil), unix.EINVAL)
	only(t, "a family alone", s.connect(fd, unixAddress("")), unix.EINVAL)
	only(t, "an abstract name of the host", s.connect(fd, unixAddress("\x00jail-test-none")), unix.ECONNREFUSED)
	listed := newStage(t, Rules{Names: []string{"jail-test-none"}})
	only(t, "a listed one, where nobody is", listed.connect(fd, unixAddress("\x00jail-test-none")), unix.ECONNREFUSED)

	s.gone = true
	if got := s.connect(fd, unixAddress("/a")); len(got) != 0 || len(s.server.waiting) != 0 {
		t.Errorf("a thread that ended gets answers %v", got)
	}
}

// A connection that waits does not hold up others, and is answered when there
// is room, or when its time is over.
func TestServerWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	l := listenAt(t, path, 0)
	s := newStage(t, Rules{Files: []File{statOf(t, path).File}})
	for range 8 { // until the queue is full
		if got := s.connect(newSocket(t, unix.SOCK_STREAM|unix.SOCK_NONBLOCK), unixAddress(path)); len(got) == 1 && got[0] == unix.EAGAIN {
			break
		}
	}
	late := newSocket(t, unix.SOCK_STREAM)
	if got := s.connect(late, unixAddress(path)); len(got) != 0 {
		t.Fatalf("answers %v to what has to wait", got)
	}
	if flags, err := unix.FcntlInt(uintptr(late), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK != 0 {
		t.Errorf("the socket was changed: flags %#x", flags)
	}
	only(t, "others", s.connect(newSocket(t, unix.SOCK_STREAM), unixAddress("/none")), unix.ENOENT)
	s.answers = nil
	if _, _, err := unix.Accept(l); err != nil {
		t.Fatal(err)
	}
	s.untilAnswered()
	only(t, "room", s.answers, 0)

	hasty := newSocket(t, unix.SOCK_STREAM)
	if err := unix.SetsockoptTimeval(hasty, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Usec: 30000}); err != nil {
		t.Fatal(err)
	}
	if got := s.connect(hasty, unixAddress(path)); len(got) != 0 {
		t.Fatalf("answers %v to what has to wait", got)
	}
	s.untilAnswered()
	only(t, "no room", s.answers, unix.EAGAIN)

	// One that nobody waits for any more is forgotten.
	s.connect(newSocket(t, unix.SOCK_STREAM), unixAddress(path))
	s.gone = true
	s.turn()
	if len(s.server.waiting) != 0 {
		t.Error("what nobody waits for is kept")
	}
}

// turn is one turn of the loop that a launcher makes.
func (s *stage) turn() {
	fds := s.server.poll(nil)
	_, _ = unix.Poll(fds, s.server.pause())
	s.server.handle(fds)
}

func (s *stage) untilAnswered() {
	for end := time.Now().Add(5 * time.Second); len(s.answers) == 0 && time.Now().Before(end); {
		s.turn()
	}
}

// A call that is made anew because its answer was lost gets that answer.
func TestServerAnswersAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	listenAt(t, path, 8)
	s := newStage(t, Rules{Files: []File{statOf(t, path).File}})
	fd := newSocket(t, unix.SOCK_STREAM)
	s.server.lost.add(cookieOf(t, fd), 0)
	if errno := s.Connect(fd, unixAddress(path)); errno != 0 {
		t.Fatal(errno)
	}
	only(t, "the same call", s.connect(fd, unixAddress(path)), 0)
	only(t, "another", s.connect(fd, unixAddress(path)), unix.EISCONN)
}

func cookieOf(t *testing.T, fd int) uint64 {
	t.Helper()
	cookie, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
	if err != nil {
		t.Fatal(err)
	}
	return cookie
}
