package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// meter counts the processor time of everything that is launched while it is
// there, whoever waits for it.
type meter struct {
	source string   // how, for the report
	group  *os.File // directory of the group to launch in, where that can be said to clone
	read   func() (time.Duration, error)
	stop   func()
}

// openMeter returns the best meter that works here. A control group misses
// nothing; without one, the time of what this process can wait for has to do.
func (s *stage) openMeter() *meter {
	for _, open := range []func() (*meter, error){unifiedMeter, accountingMeter} {
		m, err := open()
		if err != nil {
			continue
		}
		// Being allowed to make a group is not being allowed to launch in it.
		s.meter = m
		before, err := m.read()
		if err == nil {
			_, err = s.launch([]string{program}, 1, 1)
		}
		if after, failed := m.read(); err == nil && failed == nil && after > before {
			return m
		}
		m.stop()
	}
	return &meter{
		source: "wait4: no control group; what ends with its PID namespace may be missing",
		read:   func() (time.Duration, error) { return usedBy(syscall.RUSAGE_CHILDREN) },
		stop:   func() {},
	}
}

// unifiedMeter uses a group of the second version, which every process is
// cloned into. It counts without any controller.
func unifiedMeter() (*meter, error) {
	dir, err := makeGroup("cgroup2", "")
	if err != nil {
		return nil, err
	}
	group, err := os.Open(dir)
	if err != nil {
		return nil, errors.Join(err, os.Remove(dir))
	}
	return &meter{
		source: "cgroup v2", group: group,
		read: func() (time.Duration, error) {
			micro, err := field(filepath.Join(dir, "cpu.stat"), "usage_usec")
			return time.Duration(micro) * time.Microsecond, err
		},
		stop: func() {
			_ = group.Close()
			removeGroup(dir)
		},
	}, nil
}

// rusageThread is RUSAGE_THREAD of linux/resource.h.
const rusageThread = 1

// accountingMeter uses a group of the first version. This thread joins it, so
// that what it starts is born there, and does not count its own time.
func accountingMeter() (*meter, error) {
	dir, err := makeGroup("cgroup", "cpuacct")
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	join := func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "tasks"), []byte(strconv.Itoa(syscall.Gettid())), 0o644)
	}
	stop := func() {
		if err := join(filepath.Dir(dir)); err == nil {
			runtime.UnlockOSThread() // any thread may be the parent again
		}
		removeGroup(dir)
	}
	if err := join(dir); err != nil {
		stop()
		return nil, err
	}
	read := func() (time.Duration, error) {
		ns, err := os.ReadFile(filepath.Join(dir, "cpuacct.usage"))
		if err != nil {
			return 0, err
		}
		all, err := strconv.ParseInt(strings.TrimSpace(string(ns)), 10, 64)
		if err != nil {
			return 0, err
		}
		own, err := usedBy(rusageThread)
		return time.Duration(all) - own, err
	}
	return &meter{source: "cgroup v1", read: read, stop: stop}, nil
}

// usedBy is the time of getrusage(2).
func usedBy(who int) (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(who, &usage); err != nil {
		return 0, err
	}
	var total cost
	total.take(&usage)
	return total.cpu, nil
}

// makeGroup makes a group below the one that this process is in.
func makeGroup(kind, controller string) (string, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	dir, err := ownGroup(string(mounts), string(groups), kind, controller)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, fmt.Sprintf("jail-bench-%d", os.Getpid()))
	return dir, os.Mkdir(dir, 0o755)
}

// ownGroup finds the directory of this process's group in the texts of
// /proc/self/mountinfo and /proc/self/cgroup: in the hierarchy of the second
// version, whose list of controllers is empty, or in that of a controller of the first.
func ownGroup(mounts, groups, kind, controller string) (string, error) {
	own := ""
	for line := range strings.Lines(groups) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) == 3 && slices.Contains(strings.Split(parts[1], ","), controller) {
			own = parts[2]
		}
	}
	for line := range strings.Lines(mounts) {
		place, system, _ := strings.Cut(line, " - ")
		left, right := strings.Fields(place), strings.Fields(system)
		if len(left) < 5 || len(right) < 3 || right[0] != kind {
			continue
		}
		if controller != "" && !slices.Contains(strings.Split(right[2], ","), controller) {
			continue
		}
		// The mount need not show the root of the hierarchy.
		below, err := filepath.Rel(left[3], own)
		if err == nil && below != ".." && !strings.HasPrefix(below, "../") {
			return filepath.Join(left[4], below), nil
		}
	}
	return "", fmt.Errorf("no %s %s of this process is mounted", kind, controller)
}

// removeGroup tries for a moment: the last member may still be about to go.
func removeGroup(dir string) {
	for range 100 {
		if err := os.Remove(dir); err == nil || errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Fprintf(os.Stderr, "bench: %s stays behind\n", dir)
}
