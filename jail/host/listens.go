package host

import (
	"bytes"
	"errors"

	"golang.org/x/sys/unix"
)

// Hostname is what uname(2) says, "" when it says nothing.
func Hostname() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	node, _, _ := bytes.Cut(name.Nodename[:], []byte{0})
	return string(node)
}

// listens is Host.Listens. A server with as many connections waiting as it takes is one that
// listens (connect(2), EAGAIN).
func listens(name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: name}); !errors.Is(err, unix.EAGAIN) {
		return err
	}
	return nil
}
