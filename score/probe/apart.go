package probe

import (
	"io"
	"os/exec"
	"syscall"
)

// Command starts this program once more, by another name: a process for a
// question that it may not survive.
func Command(name string, in io.Reader) *exec.Cmd {
	return &exec.Cmd{Path: "/proc/self/exe", Args: []string{name}, Env: []string{}, Stdin: in}
}

// Killed returns the signal that ended a command. A Go program that the kernel
// wants to end by SIGSYS may end itself by another exit.
func Killed(command *exec.Cmd) (syscall.Signal, bool) {
	if command.ProcessState == nil {
		return 0, false
	}
	status, ok := command.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return 0, false
	}
	return status.Signal(), true
}
