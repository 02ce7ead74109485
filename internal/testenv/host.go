package testenv

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

// Within waits for at most d, and returns whether done came true.
func Within(d time.Duration, done func() bool) bool {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if done() {
			return true
		}
	}
	return done()
}

// Eventually waits for what comes soon on an idle machine, and later on a busy
// one.
func Eventually(done func() bool) bool { return Within(30*time.Second, done) }

// Running counts the processes of this world with that name.
func (w *World) Running(name string) int {
	n := 0
	for _, pid := range w.pids() {
		if status := StatusOf(pid); status["Name"] == name[:min(len(name), 15)] && !strings.HasPrefix(status["State"], "Z") {
			n++
		}
	}
	return n
}

// IsRootsJail tells whether a user id is one of those that jails of root run
// as.
func IsRootsJail(id string) bool {
	n, err := strconv.Atoi(id)
	return err == nil && n >= 1879048192 && n < 1879048192+1<<22
}

// Descendants lists the processes below one, nearest first.
func Descendants(pid int) []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if fields := statOf(child); len(fields) > 1 {
			parent, _ := strconv.Atoi(fields[1])
			children[parent] = append(children[parent], child)
		}
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		slices.Sort(children[all[i]])
		all = append(all, children[all[i]]...)
	}
	return all[1:]
}

// statOf are the fields of proc_pid_stat(5) from the state on; none for a process
// that is gone.
func statOf(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// The name stands in parentheses and may hold anything.
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
}

// CommandLine is the command line of a process, with spaces between.
func CommandLine(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.ReplaceAll(string(text), "\x00", " ")
}

// StatusOf is what proc_pid_status(5) says; nothing of a process that is gone.
func StatusOf(pid int) map[string]string {
	out := map[string]string{}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		out[key] = strings.TrimSpace(value)
	}
	return out
}

// UserNamespace names the user namespace of a process, "" if that can't be
// known.
func UserNamespace(pid int) string {
	name, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/user", pid))
	return name
}

// OwnerOf is the user id of a file.
func OwnerOf(info os.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// ParentOf is the parent of a process.
func ParentOf(pid int) int {
	parent, _ := strconv.Atoi(StatusOf(pid)["PPid"])
	return parent
}

// State is the one letter of proc_pid_stat(5), "" for a process that is gone.
func State(pid int) string {
	if fields := statOf(pid); len(fields) > 0 {
		return fields[0]
	}
	return ""
}

// Lives tells whether a process is not dead; its parent may not have waited.
func Lives(pid int) bool {
	state := StatusOf(pid)["State"]
	return state != "" && state[0] != 'Z' && state[0] != 'X'
}

// Exists tells whether there is something of that name.
func Exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// RemoveAll removes a tree although it has directories without permissions,
// such as the work directory of an overlay.
func RemoveAll(root string) {
	_ = filepath.WalkDir(root, func(path string, d os.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(root)
}

// ReadFile reads a file of this machine.
func ReadFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
