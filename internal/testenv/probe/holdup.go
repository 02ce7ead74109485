package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// holdUp has whoever connects for this process wait: the socket is to block
// from just before the connection is made, and at the other end there is no room.
// It says so when another connection is not made any more, and never ends.
func holdUp() error {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return err
	}
	full := filepath.Join(dir, "full")
	if err := listenFull(full); err != nil {
		return err
	}
	free := filepath.Join(dir, "free")
	l, err := listen(free, 16)
	if err != nil {
		return err
	}
	go func() {
		for {
			if fd, _, err := unix.Accept(l); err == nil {
				_ = unix.Close(fd)
			}
		}
	}()
	go func() {
		for {
			go connectChanging(full)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	answered := make(chan error)
	go func() {
		for {
			answered <- connect("stream", free)
		}
	}()
	for {
		select {
		case err := <-answered:
			if err != nil && !errors.Is(err, unix.EAGAIN) {
				return err
			}
		case <-time.After(time.Second):
			fmt.Println("held up")
			select {}
		}
	}
}

func listen(path string, backlog int) (int, error) {
	l, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	return l, errors.Join(unix.Bind(l, &unix.SockaddrUnix{Name: path}), unix.Listen(l, backlog))
}

// listenFull makes a socket that takes no more connections.
func listenFull(path string) error {
	if _, err := listen(path, 0); err != nil {
		return err
	}
	for {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return err
		}
		switch err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); {
		case errors.Is(err, unix.EAGAIN):
			return unix.Close(fd)
		case err != nil:
			return err
		}
	}
}

// connectChanging connects with a socket that another thread has block and not
// block meanwhile, in turns, and block in the end.
func connectChanging(path string) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return
	}
	go func() {
		for began := time.Now(); time.Since(began) < 20*time.Millisecond; {
			_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_NONBLOCK)
			_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, 0)
		}
	}()
	_ = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
}
