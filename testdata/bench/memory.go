package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// mostMemory is what may stay of jail when it runs no services for the program:
// 2.5 MB.
const mostMemory = 2_500_000 / 1024

// memory measures each launcher while its program sleeps.
func (s *stage) memory() []Memory {
	rows := []Memory{
		s.measureMemory("jail, same isolation", nap(s.jail("plain.yaml"))),
		s.measureMemory("jail, filtered network", nap(s.jailFiltered("example.org"))),
		s.measureMemory("bubblewrap, same isolation", nap(bwrapPlain())),
		s.measureMemory("jail, firefox profile", nap(s.jailFirefox())),
		s.measureMemory("firejail, firefox profile", nap(firejailFirefox())),
	}
	rows[0].Target = mostMemory
	if s.earlier == "" {
		return rows
	}
	former := func(command []string) []string { return append([]string{s.earlier}, nap(command)[1:]...) }
	plain := s.measureMemory("jail before, same isolation", former(s.jail("plain.yaml")))
	firefox := s.measureMemory("jail before, firefox profile", former(s.jailFirefox()))
	rows[0].compareWith(&plain)
	rows[3].compareWith(&firefox)
	return append(rows, plain, firefox)
}

// nap has a command sleep instead of running the program that does nothing.
func nap(command []string) []string {
	return append(command[:len(command)-1:len(command)-1], "/usr/bin/sleep", "1.5")
}

// compareWith notes the ratio to what stayed of the former jail.
func (m *Memory) compareWith(before *Memory) {
	if before.StaysKiB > 0 {
		m.Ratio = float64(m.StaysKiB) / float64(before.StaysKiB)
	}
}

// measureMemory starts a command that ends in a nap, for the fourth time, adds up what its
// processes hold except the program itself, and waits for the peak.
func (s *stage) measureMemory(name string, command []string) Memory {
	row := Memory{Name: name}
	if err := row.measure(s, command); err != nil {
		row.Error = err.Error()
	}
	return row
}

func (m *Memory) measure(s *stage, command []string) error {
	defer collect(&cost{})
	for range warmUps {
		if err := s.asUser(append(command[:len(command)-1:len(command)-1], "0")).Run(); err != nil {
			return err
		}
	}
	peak := s.path("run/peak")
	run := s.asUser(append([]string{s.path("peak"), peak}, command...))
	if err := run.Start(); err != nil {
		return err
	}
	tree, err := awaitProgram(run.Process.Pid, "sleep")
	if err == nil {
		err = m.add(tree)
	}
	if err = errors.Join(err, run.Wait()); err != nil {
		return err
	}
	text, err := os.ReadFile(peak)
	if err == nil {
		m.PeakKiB, err = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	return err
}

// asUser is a command of the account's whose output nobody wants.
func (s *stage) asUser(command []string) *exec.Cmd {
	run := exec.Command(command[0], command[1:]...)
	run.Env, run.Dir = s.environment(), "/"
	run.SysProcAttr = &syscall.SysProcAttr{Credential: s.account.credential}
	return run
}

// awaitProgram returns the processes below pid once one of them runs the
// program, without that one.
func awaitProgram(pid int, program string) ([]int, error) {
	for range 200 {
		time.Sleep(5 * time.Millisecond)
		tree := descendants(pid)
		for _, p := range tree {
			comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p))
			if err == nil && strings.TrimSpace(string(comm)) == program {
				time.Sleep(700 * time.Millisecond) // helpers of the set-up end, services start
				return slices.DeleteFunc(descendants(pid), func(other int) bool { return other == p }), nil
			}
		}
	}
	return nil, fmt.Errorf("%s did not start within a second", program)
}

// descendants lists the processes below pid, parents first.
func descendants(pid int) []int {
	var all []int
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // no other error than of the pattern
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended meanwhile
		}
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(append(all, child), descendants(child)...)
			}
		}
	}
	return all
}

// add sums up the processes that are still there. Only root may read the
// shares of processes that are not dumpable; for others their anonymous
// memory is counted, and the sum marked as an estimate.
func (m *Memory) add(tree []int) error {
	for _, pid := range tree {
		kib, err := field(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss:")
		switch {
		case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ESRCH):
			continue
		case errors.Is(err, os.ErrPermission):
			m.Estimate = true
			kib, err = field(fmt.Sprintf("/proc/%d/status", pid), "RssAnon:")
		}
		if err != nil {
			return err
		}
		m.Processes++
		m.StaysKiB += kib
	}
	return nil
}

// field returns the number after a key in one of the files of proc(5).
func field(path, key string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, key); found {
			return strconv.Atoi(strings.Fields(rest)[0])
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, key)
}
