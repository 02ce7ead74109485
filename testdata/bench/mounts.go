package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// compareBelowMounts measures in a mount namespace with many more mounts. It
// starts this program again in there: root in a namespace of its own, others
// in a user namespace in which they may mount.
func (s *stage) compareBelowMounts(o *options, c *comparison) (Time, error) {
	command := exec.Command("/proc/self/exe", "-json", "-work", s.dir, "-user", o.user,
		"-inside-mounts", strconv.Itoa(c.Mounts), "-pairs", strconv.Itoa(o.pairs),
		"-short="+strconv.FormatBool(o.short), "-only", c.Name, "-versus", c.Against,
		"-jail", s.program, "-before", s.earlier, "-strict=false")
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		own := func(id int) []syscall.SysProcIDMap {
			return []syscall.SysProcIDMap{{ContainerID: id, HostID: id, Size: 1}}
		}
		command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		command.SysProcAttr.UidMappings = own(os.Getuid())
		command.SysProcAttr.GidMappings = own(os.Getgid())
		command.SysProcAttr.AmbientCaps = []uintptr{capSysAdmin}
	}
	output, err := command.Output()
	if err != nil {
		return Time{}, err
	}
	var inner Report
	if err := json.Unmarshal(output, &inner); err != nil {
		return Time{}, err
	}
	if len(inner.Times) != 1 {
		return Time{}, fmt.Errorf("%d results instead of one", len(inner.Times))
	}
	return inner.Times[0], nil
}

// capSysAdmin is CAP_SYS_ADMIN of linux/capability.h.
const capSysAdmin = 21

// runBelowMounts is the other side: it mounts, drops the right to mount, and
// measures the one case.
func runBelowMounts(o *options, a *account) (*Report, error) {
	s, err := newStage(o, a)
	if err != nil {
		return nil, err
	}
	if err := addMounts(s.path("mounts"), o.mounts); err != nil {
		return nil, err
	}
	if os.Geteuid() != 0 {
		// Every thread, since any of them may fork. Only a program without cgo
		// can do that.
		_, _, errno := syscall.AllThreadsSyscall6(syscall.SYS_PRCTL, prCapAmbient, prCapAmbientClearAll, 0, 0, 0, 0)
		if errno != 0 {
			return nil, fmt.Errorf("drop ambient capabilities: %w", errno)
		}
	}
	report := &Report{}
	for _, c := range s.cases() {
		if c.Name == o.only && c.Against == o.versus {
			report.Times = append(report.Times, s.compare(&c))
		}
	}
	return report, nil
}

// The numbers of linux/prctl.h.
const (
	prCapAmbient         = 47
	prCapAmbientClearAll = 4
)

// addMounts binds the directory's own subdirectories, as a host with many
// small mounts has them. They vanish with the namespace.
func addMounts(dir string, n int) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make / private: %w", err)
	}
	for i := range n {
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(path, path, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", path, err)
		}
	}
	return nil
}
