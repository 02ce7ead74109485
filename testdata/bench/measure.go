package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// warmUps is how often each side runs before the clock counts: caches fill,
// the page cache holds both programs, and jail has kept what it loaded.
const warmUps = 3

// compare runs jail and the peer in turns.
func (s *stage) compare(c *comparison) Time {
	row := Time{Name: c.Name, Against: c.Against, Target: c.Target}
	for _, side := range []struct {
		name    string
		command []string
		runs    int
	}{{"jail", c.Jail, warmUps}, {c.Against, c.Peer, min(warmUps, c.Pairs)}} {
		err := s.tryOnce(side.command)
		for range side.runs { // with what they have when they are timed
			if err == nil {
				_, err = s.timeOnce(side.command)
			}
		}
		if err != nil {
			row.Error = fmt.Sprintf("%s: %v", side.name, err)
			return row
		}
	}
	var jail, peer, ratios, cpu []float64
	for range max(c.Pairs, 1) {
		a, err := s.timeOnce(c.Jail)
		if err == nil {
			var b cost
			b, err = s.timeOnce(c.Peer)
			jail, peer = append(jail, milliseconds(a.wall)), append(peer, milliseconds(b.wall))
			ratios = append(ratios, float64(a.wall)/float64(b.wall))
			cpu = append(cpu, float64(a.cpu)/float64(b.cpu))
		}
		if err != nil {
			row.Error = err.Error()
			return row
		}
	}
	row.Pairs = len(ratios)
	row.Jail, row.Peer = median(jail), median(peer)
	row.Ratio, row.Least, row.Most = median(ratios), slices.Min(ratios), slices.Max(ratios)
	row.CPU = median(cpu)
	return row
}

// cost is what one run took: on the clock, and of the processors, which says
// more on a busy machine.
type cost struct{ wall, cpu time.Duration }

// tryOnce runs a command for its errors.
func (s *stage) tryOnce(command []string) error {
	var stderr bytes.Buffer
	run := exec.Command(command[0], command[1:]...)
	run.Env, run.Dir, run.Stderr = s.environment(), "/", &stderr
	run.SysProcAttr = &syscall.SysProcAttr{Credential: s.account.credential}
	if err := run.Run(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return fmt.Errorf("%w: %s", err, first)
	}
	return nil
}

// timeOnce measures from before the fork until the launcher has been waited
// for. It uses the bare calls: os/exec adds pipes, goroutines and
// a pidfd to what is measured.
func (s *stage) timeOnce(command []string) (cost, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return cost{}, err
	}
	defer null.Close()
	attributes := &syscall.ProcAttr{
		Dir: "/", Env: s.environment(), Files: []uintptr{null.Fd(), null.Fd(), null.Fd()},
		Sys: &syscall.SysProcAttr{Credential: s.account.credential},
	}
	start := time.Now()
	pid, err := syscall.ForkExec(command[0], command, attributes)
	if err != nil {
		return cost{}, fmt.Errorf("start %s: %w", command[0], err)
	}
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		_, err = syscall.Wait4(pid, &status, 0, &usage)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	took := time.Since(start)
	if err != nil || status != 0 {
		return cost{}, fmt.Errorf("%s: wait status %#x: %w", command[0], uint32(status), err)
	}
	return cost{took, time.Duration(usage.Utime.Nano() + usage.Stime.Nano())}, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median returns the middle of the values, the upper one of two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
