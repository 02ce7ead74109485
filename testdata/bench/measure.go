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
// the page cache holds both programs.
const warmUps = 3

// compare runs jail and the peer in turns.
func (s *stage) compare(c *comparison) Time {
	row := Time{Name: c.Name, Against: c.Against, Target: c.Target}
	for _, side := range []struct {
		name    string
		command []string
	}{{"jail", c.Jail}, {c.Against, c.Peer}} {
		for range min(warmUps, c.Pairs) {
			if err := s.tryOnce(side.command); err != nil {
				row.Error = fmt.Sprintf("%s: %v", side.name, err)
				return row
			}
		}
	}
	var jail, peer []time.Duration
	var ratios []float64
	for range max(c.Pairs, 1) {
		a, err := s.timeOnce(c.Jail)
		if err == nil {
			var b time.Duration
			b, err = s.timeOnce(c.Peer)
			jail, peer = append(jail, a), append(peer, b)
			ratios = append(ratios, float64(a)/float64(b))
		}
		if err != nil {
			row.Error = err.Error()
			return row
		}
	}
	row.Pairs = len(ratios)
	row.Jail, row.Peer = milliseconds(median(jail)), milliseconds(median(peer))
	row.Ratio, row.Least, row.Most = median(ratios), slices.Min(ratios), slices.Max(ratios)
	return row
}

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

// timeOnce returns the wall time from before the fork until the launcher has
// been waited for. It uses the bare calls: os/exec adds pipes, goroutines and
// a pidfd to what is measured.
func (s *stage) timeOnce(command []string) (time.Duration, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	attributes := &syscall.ProcAttr{
		Dir: "/", Env: s.environment(), Files: []uintptr{null.Fd(), null.Fd(), null.Fd()},
		Sys: &syscall.SysProcAttr{Credential: s.account.credential},
	}
	start := time.Now()
	pid, err := syscall.ForkExec(command[0], command, attributes)
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", command[0], err)
	}
	var status syscall.WaitStatus
	for {
		_, err = syscall.Wait4(pid, &status, 0, nil)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	took := time.Since(start)
	if err != nil || status != 0 {
		return 0, fmt.Errorf("%s: wait status %#x: %w", command[0], uint32(status), err)
	}
	return took, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median returns the middle of the values, the upper one of two.
func median[T time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
