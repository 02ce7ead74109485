package child

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// The rules of child_unsafe.go hold here: this runs in the init, which never calls
// execve.

const newsSize = 128 // struct signalfd_siginfo

// serveTerminal is wait for a jail with a terminal: only a process of the
// session can put a group in the foreground, and only the parent learns that a child
// was stopped. The launcher decides. It sends messages {1, 0} and {0, 0} to put the
// program's group or this process's own in the foreground, {2, 0} and {3, 0} to stop and
// continue all processes of the jail, and gets each back when that is done; it is sent
// {status, 1} when a signal has stopped the program.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func serveTerminal(s *scratch, pid uintptr) {
	var own, ret uintptr
	var errno syscall.Errno

	own, _, _ = syscall.RawSyscall6(syscall.SYS_GETPID, 0, 0, 0, 0, 0, 0)
	s.polls[0].Fd, s.polls[0].Events = plan.ControlFD, unix.POLLIN
	s.polls[1].Fd, s.polls[1].Events = plan.ChildrenFD, unix.POLLIN
	for {
		for {
			ret, _, errno = syscall.RawSyscall6(syscall.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&s.status)), unix.WNOHANG|unix.WUNTRACED, 0, 0, 0)
			if errno != 0 {
				exit(plan.ExitFailed)
			}
			if ret == 0 {
				break
			}
			if ret != pid {
				continue
			}
			if s.status&0xff != 0x7f { // not WIFSTOPPED of wait(2)
				leave(s.status)
			}
			s.message[0], s.message[1] = int32(s.status), 1
			syscall.RawSyscall6(syscall.SYS_WRITE, plan.ControlFD, uintptr(unsafe.Pointer(&s.message)), plan.StatusSize, 0, 0, 0)
		}
		syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&s.polls)), 2, 0, 0, 0, 0)
		if s.polls[1].Revents != 0 {
			syscall.RawSyscall6(syscall.SYS_READ, plan.ChildrenFD, uintptr(unsafe.Pointer(&s.news)), newsSize, 0, 0, 0)
		}
		if s.polls[0].Revents == 0 {
			continue
		}
		ret, _, errno = syscall.RawSyscall6(syscall.SYS_READ, plan.ControlFD, uintptr(unsafe.Pointer(&s.message)), plan.StatusSize, 0, 0, 0)
		if errno != 0 || ret != plan.StatusSize {
			s.polls[0].Fd = -1 // the launcher has closed its end
			continue
		}
		s.group = uint32(own)
		switch s.message[0] {
		case plan.AskStop:
			syscall.RawSyscall6(syscall.SYS_KILL, ^uintptr(0), uintptr(unix.SIGSTOP), 0, 0, 0, 0)
		case plan.AskContinue:
			syscall.RawSyscall6(syscall.SYS_KILL, ^uintptr(0), uintptr(unix.SIGCONT), 0, 0, 0, 0)
		case plan.AskForeground:
			s.group = uint32(pid)
			fallthrough
		default:
			syscall.RawSyscall6(syscall.SYS_IOCTL, plan.TerminalFD, unix.TIOCSPGRP, uintptr(unsafe.Pointer(&s.group)), 0, 0, 0)
		}
		s.message[1] = 0
		syscall.RawSyscall6(syscall.SYS_WRITE, plan.ControlFD, uintptr(unsafe.Pointer(&s.message)), plan.StatusSize, 0, 0, 0)
	}
}
