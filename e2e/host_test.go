package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What the host says about processes and files.

// within waits for at most d, and returns whether done came true.
func within(d time.Duration, done func() bool) bool {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if done() {
			return true
		}
	}
	return done()
}

func eventually(done func() bool) bool { return within(2*time.Second, done) }

// running counts our processes with that name. The owner of their files in
// /proc does not tell: those of a process that is not dumpable are root's.
func running(name string) int { return len(processes(name)) }

// processes are what ps(1) says of them. One that has ended and been left to
// init is not ours any more, however long that takes to notice.
func processes(name string) (found []string) {
	us := os.Getuid()
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		status := statusOf(pid)
		if strings.HasPrefix(status["State"], "Z") && status["PPid"] == "1" {
			continue
		}
		if owner := strings.Fields(status["Uid"]); len(owner) > 0 && (owner[0] == strconv.Itoa(us) || us == 0 && isRootsJail(owner[0])) && status["Name"] == name[:min(len(name), 15)] {
			wait, _ := os.ReadFile(dir + "/wchan")
			found = append(found, fmt.Sprintf("%d %s, child of %s, in %s: %s", pid, status["State"], status["PPid"], wait, commandLine(pid)))
		}
	}
	return found
}

// isRootsJail tells whether a user id is one of those that jails of root run
// as.
func isRootsJail(id string) bool {
	n, err := strconv.Atoi(id)
	return err == nil && n >= 1879048192 && n < 1879048192+1<<22
}

// nothingRuns expects that all processes of all launches have ended.
func nothingRuns(t *testing.T) {
	t.Helper()
	if !eventually(func() bool { return running(filepath.Base(jailBin)) == 0 }) {
		t.Errorf("processes are left: %q", processes(filepath.Base(jailBin)))
	}
}

// descendants lists the processes below one, nearest first.
func descendants(pid int) []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		// The name stands in parentheses and may hold anything.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		parent, _ := strconv.Atoi(fields[1])
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		children[parent] = append(children[parent], child)
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		slices.Sort(children[all[i]])
		all = append(all, children[all[i]]...)
	}
	return all[1:]
}

func commandLine(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.ReplaceAll(string(text), "\x00", " ")
}

func statusOf(pid int) map[string]string {
	out := map[string]string{}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		out[key] = strings.TrimSpace(value)
	}
	return out
}

// userNamespace names the user namespace of a process, "" if that can't be
// known.
func userNamespace(pid int) string {
	name, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/user", pid))
	return name
}

func ownerOf(info os.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}
