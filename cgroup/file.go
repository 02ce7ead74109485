package cgroup

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// read returns a small file. Those of the kernel come in one piece.
func read(name string) (string, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(fd) }()
	var text []byte
	var buf [4096]byte
	for {
		n, err := unix.Read(fd, buf[:])
		if err != nil {
			return "", err
		}
		if n == 0 {
			return string(text), nil
		}
		text = append(text, buf[:n]...)
	}
}

// write writes a file of the kernel, in one piece.
func write(name, text string) error {
	fd, err := unix.Open(name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	_, err = unix.Write(fd, []byte(text))
	return err
}

// fields are the words of a file, none when it can't be read.
func fields(name string) []string {
	text, _ := read(name)
	return strings.Fields(text)
}

// number is a decimal number, -1 when text is none.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// open opens a file that may not be there: it is -1 then.
func open(name string, flags int) int {
	fd, err := unix.Open(name, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}
