package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socketTypes are the words for the types of Unix sockets.
var socketTypes = map[string]int{
	"stream": unix.SOCK_STREAM, "seqpacket": unix.SOCK_SEQPACKET, "dgram": unix.SOCK_DGRAM,
}

// connect connects to a Unix socket, by a path or as @name, and sends a
// datagram: a server knows of one only by that.
func connect(kind, address string) error {
	fd, err := unix.Socket(unix.AF_UNIX, socketTypes[kind]|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: address}); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if kind == "dgram" {
		_, err = unix.Write(fd, []byte("x"))
	}
	return err
}

// sendTo sends a datagram to an address, from a socket or from a pair of them,
// without any connect.
func sendTo(from, address string) error {
	var fd int
	var err error
	if from == "pair" {
		var pair [2]int
		pair, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		fd = pair[0]
	} else {
		fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	}
	if err != nil {
		return err
	}
	return unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrUnix{Name: address})
}

// connectLater makes a file, and connects when the socket is there.
func connectLater(mark, address string) error {
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		return err
	}
	for range 500 {
		if _, err := os.Lstat(address); err == nil {
			return connect("stream", address)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%s does not come", address)
}

// address is a struct sockaddr_un.
type address [110]byte

func addressOf(path string) (a address) {
	a[0] = unix.AF_UNIX
	copy(a[2:], path)
	return a
}

// flip connects many times while another thread changes the address and what
// the descriptor is, again and again. Either way the connection may succeed; it
// must not lead to the second address.
func flip(count int, first, second string) error {
	a, b := addressOf(first), addressOf(second)
	shared := a // what the calls read
	const number = 100
	inet, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	var local int
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			shared = b
			if i%3 == 0 {
				_ = unix.Dup3(inet, number, unix.O_CLOEXEC)
			}
			for range i % 200 {
				runtime.KeepAlive(shared)
			}
			shared = a
			_ = unix.Dup3(local, number, unix.O_CLOEXEC)
		}
	}()
	connected := 0
	for range count {
		if local, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
			return err
		}
		_ = unix.Dup3(local, number, unix.O_CLOEXEC)
		_, _, errno := unix.Syscall(unix.SYS_CONNECT, number, uintptr(unsafe.Pointer(&shared)), unsafe.Sizeof(shared))
		if errno == 0 {
			connected++
		}
		_ = unix.Close(local)
	}
	close(stop)
	<-done
	fmt.Println(connected)
	return nil
}

// flipName connects many times by a name that another thread makes a link to
// one socket and to another, again and again.
func flipName(count int, name, first, second string) error {
	stop, done := make(chan struct{}), make(chan struct{})
	next := func(target string) {
		temporary := name + ".new"
		_ = os.Remove(temporary)
		_ = os.Symlink(target, temporary)
		_ = os.Rename(temporary, name)
	}
	next(first)
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				next(second)
				next(first)
			}
		}
	}()
	connected := 0
	for range count {
		if connect("stream", name) == nil {
			connected++
		}
	}
	close(stop)
	<-done
	fmt.Println(connected)
	return nil
}

// underListener runs a command under a filter that allows everything and has a
// listener, as in a jail.
func underListener(argv []string) error {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	allow := unix.SockFilter{Code: 0x06, K: unix.SECCOMP_RET_ALLOW}
	program := unix.SockFprog{Len: 1, Filter: &allow}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	// While the listener is open, there can be no other.
	if _, err := unix.FcntlInt(fd, unix.F_SETFD, 0); err != nil {
		return err
	}
	return unix.Exec(argv[0], argv, os.Environ())
}

// withoutClone3 runs a command under a filter that refuses clone3(2), as those of
// older container engines do.
func withoutClone3(argv []string) error {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_CLONE3, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program))); errno != 0 {
		return errno
	}
	return unix.Exec(argv[0], argv, os.Environ())
}

func socketAct(args []string) error {
	switch name := args[0]; {
	case name == "without-clone3" && len(args) > 1:
		return withoutClone3(args[1:])
	case name == "connect" && len(args) == 3:
		return connect(args[1], args[2])
	case name == "send" && len(args) == 3:
		return sendTo(args[1], args[2])
	case name == "connect-later" && len(args) == 3:
		return connectLater(args[1], args[2])
	case name == "flip" && len(args) == 3:
		return flip(20000, args[1], args[2])
	case name == "flip-name" && len(args) == 4:
		return flipName(3000, args[1], args[2], args[3])
	case name == "under-listener" && len(args) > 1:
		return underListener(args[1:])
	}
	return fmt.Errorf("no such act: %s", strings.Join(args, " "))
}
