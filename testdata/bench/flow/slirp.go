package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// inSlirp runs a command in a network namespace that slirp4netns serves: flow slirp
// SLIRP4NETNS COMMAND… The command waits in a shell until that is ready, which it says by a
// byte in a pipe (slirp4netns(1), --ready-fd).
func inSlirp(slirp string, command []string) error {
	ready, readyIn, err := os.Pipe()
	if err != nil {
		return err
	}
	run := exec.Command("/bin/sh", append([]string{"-c", `read line && exec "$@"`, "sh"}, command...)...)
	run.Stdout, run.Stderr = os.Stdout, os.Stderr
	run.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	begin, err := run.StdinPipe()
	if err == nil {
		err = run.Start()
	}
	if err != nil {
		return err
	}
	serve := exec.Command(slirp, "--configure", "--mtu=65520", "--ready-fd=3", strconv.Itoa(run.Process.Pid), "tap0")
	serve.ExtraFiles = []*os.File{readyIn}
	serve.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := serve.Start(); err != nil {
		return errors.Join(err, run.Process.Kill(), run.Wait())
	}
	_ = readyIn.Close()
	if n, err := ready.Read(make([]byte, 1)); n != 1 {
		err = errors.Join(fmt.Errorf("%s does not get ready", slirp), err, run.Process.Kill())
		_, _ = run.Wait(), serve.Wait()
		return err
	}
	_, err = begin.Write([]byte("begin\n"))
	err = errors.Join(err, run.Wait(), serve.Process.Kill())
	_ = serve.Wait() // by the signal
	return err
}
