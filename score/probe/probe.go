// Package probe answers questions about the process that it runs in: what a
// file says, what a path leads to, what becomes of a syscall. `jail score
// --measure` has it answer inside a jail, where it is the program. It knows
// nothing of what the answers should be, and changes nothing: every syscall is
// made with arguments that the kernel refuses.
package probe

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Question is one thing to find out.
type Question struct {
	Kind string   `json:"kind"`
	Name string   `json:"name,omitempty"` // a path or the name of a socket
	Call int      `json:"call,omitempty"` // the number of a syscall, a port
	Args []uint64 `json:"args,omitempty"` // of the syscall
	Ends bool     `json:"ends,omitempty"` // the filter may end the process: ask in another
	Note string   `json:"-"`              // for people
}

// The kinds of questions, and their answers. An error is answered by its name,
// such as EACCES.
const (
	Read        = "read"        // "=" and the beginning of the file Name
	List        = "list"        // "=" and the sorted names in the directory Name
	Path        = "path"        // "device inode ro|rw filesystem" of Name
	New         = "new"         // "taken" where there is a file Name, else the answer about the directory it would be in, or below
	Link        = "link"        // "=" and where the symbolic link Name leads
	Call        = "call"        // what the call returns, in decimal
	Foreign     = "foreign"     // the same by the 32-bit x86 way into the kernel
	Descriptors = "descriptors" // the open descriptors, sorted
	Reopen      = "reopen"      // "=" when standard input can be opened for writing
	Session     = "session"     // the session and the process group of the process
	Socket      = "socket"      // EPROTOTYPE when somebody listens at the Unix socket Name, "=" when it even takes packets
	Abstract    = "abstract"    // "=" when the abstract Unix socket Name can be connected to
	Loopback    = "loopback"    // "=" when the port Call of 127.0.0.1 can be connected to
)

// Kinds lists all kinds.
func Kinds() []string {
	return []string{Read, List, Path, New, Link, Call, Foreign, Descriptors, Reopen, Session, Socket, Abstract, Loopback}
}

// maxText is the most that is read of a file.
const maxText = 1 << 18

// Answer finds one thing out. Questions with Ends are for Serve.
func Answer(q Question) string {
	switch q.Kind {
	case Read:
		return read(q.Name)
	case List:
		return list(q.Name)
	case Path:
		return path(q.Name)
	case New:
		return vacant(q.Name)
	case Link:
		target, err := os.Readlink(q.Name)
		return orError("="+target, err)
	case Call:
		return call(q)
	case Foreign:
		return foreign(q.Call)
	case Descriptors:
		return descriptors()
	case Reopen:
		fd, err := unix.Open("/proc/self/fd/0", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			_ = unix.Close(fd)
		}
		return orError("=", err)
	case Session:
		sid, err := unix.Getsid(0)
		return orError(fmt.Sprint(sid, " ", unix.Getpgrp()), err)
	case Socket:
		// Services take streams or datagrams. The kernel looks at the type when
		// all permissions are there, and the service hears nothing.
		return connect(unix.AF_UNIX, unix.SOCK_SEQPACKET, &unix.SockaddrUnix{Name: q.Name})
	case Abstract:
		return connect(unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: "@" + q.Name})
	case Loopback:
		return connect(unix.AF_INET, unix.SOCK_STREAM, &unix.SockaddrInet4{Port: q.Call, Addr: [4]byte{127, 0, 0, 1}})
	}
	return "no such question"
}

// orError is an answer, or the name of the error that there is instead.
func orError(answer string, err error) string {
	if err == nil {
		return answer
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		if name := unix.ErrnoName(errno); name != "" {
			return name
		}
	}
	return "error: " + err.Error()
}

func read(name string) string {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return orError("", err)
	}
	defer func() { _ = unix.Close(fd) }()
	text := []byte{'='}
	buf := make([]byte, 1<<12)
	for len(text) < maxText {
		n, err := unix.Read(fd, buf)
		if err != nil {
			return orError("", err)
		}
		if n <= 0 {
			break
		}
		text = append(text, buf[:n]...)
	}
	return string(text)
}

func list(name string) string {
	entries, err := os.ReadDir(name)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return orError("="+strings.Join(names, " "), err)
}

// path tells which file a name leads to and how its mount is made. The
// permissions of the file do not count: they are the host's.
func path(name string) string {
	var st unix.Stat_t
	if err := unix.Stat(name, &st); err != nil {
		return orError("", err)
	}
	var fsys unix.Statfs_t
	if err := unix.Statfs(name, &fsys); err != nil {
		return orError("", err)
	}
	mode := "rw"
	if fsys.Flags&unix.ST_RDONLY != 0 {
		mode = "ro"
	}
	return fmt.Sprintf("%d %d %s %#x", st.Dev, st.Ino, mode, uint32(fsys.Type))
}

// vacant tells where a file that does not exist would be made.
func vacant(name string) string {
	for dir := name; ; dir = filepath.Dir(dir) {
		var st unix.Stat_t
		switch err := unix.Lstat(dir, &st); {
		case err == nil && dir == name:
			return "taken"
		case err == nil:
			return path(dir)
		case !errors.Is(err, unix.ENOENT) || dir == filepath.Dir(dir):
			return orError("", err)
		}
	}
}

func call(q Question) string {
	var args [6]uintptr
	for i := range min(len(q.Args), len(args)) {
		args[i] = uintptr(q.Args[i])
	}
	r, _, errno := unix.Syscall6(uintptr(q.Call), args[0], args[1], args[2], args[3], args[4], args[5])
	if errno != 0 {
		return orError("", errno)
	}
	return strconv.FormatInt(int64(r), 10)
}

func descriptors() string {
	entries, err := os.ReadDir("/proc/self/fd")
	var open []string
	for _, e := range entries {
		// The directory that was read is among them, and closed by now; what
		// the runtime polls with came when the program began to run.
		target, gone := os.Readlink("/proc/self/fd/" + e.Name())
		if gone == nil && !strings.HasPrefix(target, "anon_inode:[event") {
			open = append(open, e.Name())
		}
	}
	slices.Sort(open)
	return orError(strings.Join(open, " "), err)
}

func connect(family, kind int, to unix.Sockaddr) string {
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return orError("", err)
	}
	defer func() { _ = unix.Close(fd) }()
	err = unix.Connect(fd, to)
	if errors.Is(err, unix.EINPROGRESS) {
		if n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 2000); n == 0 {
			return "ETIMEDOUT"
		}
		code, optErr := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err = optErr; err == nil && code != 0 {
			err = unix.Errno(code)
		}
	}
	return orError("=", err)
}

// Serve reads questions, one JSON value after the other, and writes an answer
// for each. Those that may end the process go to apart.
func Serve(in io.Reader, out io.Writer, apart func(Question) string) error {
	decoder, encoder := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var q Question
		err := decoder.Decode(&q)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a question: %w", err)
		}
		answer := Answer
		if q.Ends {
			answer = apart
		}
		if err := encoder.Encode(answer(q)); err != nil {
			return fmt.Errorf("write an answer: %w", err)
		}
	}
}

// Ended is the answer of a process that a signal ended.
func Ended(s syscall.Signal) string { return "ended by " + unix.SignalName(s) }

// Sealed tells whether the process was made from memory that nobody can
// change any more, as the launcher of a measurement does it and nothing else.
func Sealed() bool {
	fd, err := unix.Open("/proc/self/exe", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(fd) }()
	const all = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	return err == nil && seals&all == all
}
