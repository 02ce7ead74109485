package main

import (
	"errors"
	"fmt"
	"os/signal"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// signalOut sends a signal to a process group by one of the ways that the
// kernel has.
func signalOut(way, number, group string) error {
	sig, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	pgid, err := strconv.Atoi(group)
	if err != nil {
		return err
	}
	signal.Ignore(unix.Signal(sig)) // this process may be in the group itself
	switch way {
	case "kill-0":
		return unix.Kill(0, unix.Signal(sig))
	case "kill-group":
		return unix.Kill(-pgid, unix.Signal(sig))
	case "sigio":
		return sigio(-pgid, sig)
	case "sigio-own":
		return sigio(-unix.Getpgrp(), sig)
	}
	return errors.New("no such way")
}

// sigio has the kernel send the signal when a socket can be read (F_SETOWN,
// F_SETSIG of fcntl(2)).
func sigio(owner, sig int) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	for _, c := range [][2]int{{unix.F_SETSIG, sig}, {unix.F_SETOWN, owner}, {unix.F_SETFL, unix.O_ASYNC}} {
		if _, err := unix.FcntlInt(uintptr(pair[0]), c[0], c[1]); err != nil {
			return fmt.Errorf("fcntl %d: %w", c[0], err)
		}
	}
	_, err = unix.Write(pair[1], []byte{1})
	time.Sleep(50 * time.Millisecond)
	return err
}
