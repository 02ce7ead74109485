package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// cost is what launches took: on the clock, and of the machine by everything
// that could be waited for, which says more when the machine is busy.
type cost struct {
	wall, cpu        time.Duration
	switches, faults int64
}

// take adds what a process used, and what it waited for itself.
func (c *cost) take(u *syscall.Rusage) {
	c.cpu += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	c.switches += u.Nvcsw + u.Nivcsw
	c.faults += u.Minflt + u.Majflt
}

// prSetChildSubreaper is from linux/prctl.h.
const prSetChildSubreaper = 36

// adoptOrphans makes this process the parent of what launchers leave behind.
// bubblewrap ends before its children do: otherwise nobody could tell what
// they took, and their end would slow down whatever is measured next.
func adoptOrphans() error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0)
	if errno != 0 {
		return fmt.Errorf("adopt orphans: %w", errno)
	}
	return nil
}

// tryOnce runs a command for its errors.
func (s *stage) tryOnce(command []string) error {
	var stderr bytes.Buffer
	run := s.asUser(command)
	run.Stderr = &stderr
	err := run.Run()
	collect(&cost{})
	if err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return fmt.Errorf("%w: %s", err, first)
	}
	return nil
}

// launch runs a command n times, so many at once, and measures from before the
// first fork until the last launcher has been waited for. What launchers leave
// behind is waited for as well, off the clock. It uses the bare calls: os/exec
// adds pipes, goroutines and a pidfd to what is measured.
func (s *stage) launch(command []string, n, atOnce int) (cost, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return cost{}, err
	}
	defer null.Close()
	attributes := &syscall.ProcAttr{
		Dir: "/", Env: s.environment(), Files: []uintptr{null.Fd(), null.Fd(), null.Fd()},
		Sys: s.attributes(),
	}
	var total cost
	running := make(map[int]bool, atOnce)
	start := time.Now()
	for n > 0 || len(running) > 0 {
		if n > 0 && len(running) < atOnce {
			pid, failed := syscall.ForkExec(command[0], command, attributes)
			if n--; failed == nil {
				running[pid] = true
			} else {
				err, n = fmt.Errorf("start %s: %w", command[0], failed), 0
			}
			continue
		}
		pid, status := total.await(0)
		if pid < 0 {
			return cost{}, errors.New("a launcher was waited for by somebody else")
		}
		if running[pid] && status != 0 {
			err, n = fmt.Errorf("%s: wait status %#x", command[0], uint32(status)), 0
		}
		delete(running, pid)
	}
	total.wall = time.Since(start)
	collect(&total)
	return total, err
}

// attributes are those of a process that is measured.
func (s *stage) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Credential: s.account.credential}
	if s.meter != nil && s.meter.group != nil {
		a.UseCgroupFD, a.CgroupFD = true, int(s.meter.group.Fd())
	}
	return a
}

// await waits for any child and adds what it took. The id is 0 when none has
// ended yet, which only WNOHANG allows, and negative when there is none.
func (c *cost) await(options int) (int, syscall.WaitStatus) {
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		pid, err := syscall.Wait4(-1, &status, options, &usage)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return -1, 0
		}
		if pid > 0 {
			c.take(&usage)
		}
		return pid, status
	}
}

// patience is how long leftovers of a launch may take to end. Whatever stays
// longer was meant to stay.
const patience = 2 * time.Second

// collect waits for the leftovers of launches.
func collect(total *cost) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		pid, _ := total.await(syscall.WNOHANG)
		if pid < 0 {
			return
		}
		if pid == 0 {
			time.Sleep(50 * time.Microsecond)
		}
	}
}
