package cgroup

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The names of the groups. Processes are in the inner one: the root user of a cgroup
// namespace that begins there, as a nested user namespace allows, finds no file with a
// limit in it.
const (
	prefix   = "jail-"
	inner    = "inside"
	launcher = "jail-launcher" // for the caller that has to leave its own group
)

// Group is an outer group with limits and an inner one with processes.
type Group struct {
	dir  string
	lock int // a locked descriptor of dir: its maker lives

	// Opened with the init, for an end at which nothing can be opened any
	// more: memory.events and cgroup.kill, -1 where the kernel has none.
	events, kill int
}

// newGroup is a group in which nothing has been made.
func newGroup(dir string) *Group { return &Group{dir: dir, lock: -1, events: -1, kill: -1} }

// Make makes a group with limits, and removes those that makers left behind
// who were killed. Pids are those that Find was told of.
func (p Place) Make(l Limits, pids ...int) (*Group, error) {
	if p.leave {
		if err := vacate(p.Dir, pids); err != nil {
			return nil, err
		}
	}
	if len(p.enable) > 0 {
		text := "+" + strings.Join(p.enable, " +")
		if err := write(p.Dir+"/cgroup.subtree_control", text); err != nil {
			return nil, fmt.Errorf("write %s to %s/cgroup.subtree_control: %w", text, p.Dir, err)
		}
	}
	sweep(p.Dir)
	g := newGroup(path.Join(p.Dir, prefix+strconv.Itoa(unix.Getpid())+"-"+strconv.FormatInt(time.Now().UnixNano(), 36)))
	if err := unix.Mkdir(g.dir, 0o755); err != nil {
		return nil, fmt.Errorf("mkdir %s: %w", g.dir, err)
	}
	if err := g.furnish(l); err != nil {
		g.Remove()
		return nil, err
	}
	return g, nil
}

// vacate moves the processes of a group into one below it.
func vacate(dir string, pids []int) error {
	leaf := path.Join(dir, launcher)
	if err := unix.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("mkdir %s: %w", leaf, err)
	}
	for _, pid := range pids {
		if err := write(leaf+"/cgroup.procs", strconv.Itoa(pid)); err != nil {
			return fmt.Errorf("write a process id to %s/cgroup.procs: %w", leaf, err)
		}
	}
	return nil
}

func (g *Group) furnish(l Limits) error {
	fd, err := unix.Open(g.dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", g.dir, err)
	}
	g.lock = fd
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("lock %s: %w", g.dir, err)
	}
	for _, f := range l.files() {
		err := write(path.Join(g.dir, f.name), f.text)
		if err != nil && (f.name != swapFile || !errors.Is(err, unix.ENOENT) || swaps()) {
			return fmt.Errorf("write %s to %s/%s: %w", f.text, g.dir, f.name, err)
		}
	}
	if err := unix.Mkdir(g.dir+"/"+inner, 0o755); err != nil {
		return fmt.Errorf("mkdir %s/%s: %w", g.dir, inner, err)
	}
	return nil
}

// file is one limit as the kernel takes it.
type file struct{ name, text string }

const swapFile = "memory.swap.max"

// cpuPeriod is the time, in microseconds, over which processor time is
// counted. The kernel's default.
const cpuPeriod = 100_000

func (l Limits) files() []file {
	var files []file
	if l.Memory > 0 {
		files = append(files, file{"memory.max", strconv.FormatInt(l.Memory, 10)}, file{swapFile, "0"})
	}
	if l.Processes > 0 {
		files = append(files, file{"pids.max", strconv.FormatInt(l.Processes, 10)})
	}
	if l.CPU > 0 {
		files = append(files, file{"cpu.max", strconv.FormatInt(l.CPU*cpuPeriod/100, 10) + " " + strconv.Itoa(cpuPeriod)})
	}
	return files
}

// swaps tells whether this machine swaps. Where it does and the kernel does
// not count swap, a limit on memory would limit nothing.
func swaps() bool {
	text, err := read("/proc/swaps")
	return err != nil || strings.Count(text, "\n") > 1
}

// ErrNotHeld says that a service manager did not set the limits that it was asked for.
var ErrNotHeld = errors.New("the limit is not in force")

// Adopt makes a group of one that a service manager has made, with limits,
// and delegated. It removes nothing: that is up to its maker.
func Adopt(dir string, l Limits) (*Group, error) {
	g := newGroup(dir)
	for _, f := range l.files() {
		if f.name == swapFile && !swaps() {
			continue // may be missing, and limits nothing
		}
		if have := strings.TrimSpace(strings.Join(fields(path.Join(dir, f.name)), " ")); !atMost(f, have) {
			return nil, fmt.Errorf("%s/%s is %q instead of %s: %w", dir, f.name, have, f.text, ErrNotHeld)
		}
	}
	if err := unix.Mkdir(dir+"/"+inner, 0o755); err != nil {
		return nil, fmt.Errorf("mkdir %s/%s: %w", dir, inner, err)
	}
	return g, nil
}

// atMost tells whether a limit that is in force is not wider than the one
// wanted. The kernel rounds memory down to pages, systemd chooses periods.
func atMost(want file, have string) bool {
	if want.name != "cpu.max" {
		n := number(have)
		return n >= 0 && n <= number(want.text)
	}
	quota, period, _ := strings.Cut(have, " ")
	q, p := number(quota), number(period)
	wanted, _, _ := strings.Cut(want.text, " ")
	return q >= 0 && p > 0 && int64(q)*cpuPeriod <= int64(number(wanted))*int64(p)
}

// Add moves a process into the group. What it forks later begins there.
func (g *Group) Add(pid int) error {
	name := g.dir + "/" + inner + "/cgroup.procs"
	if err := write(name, strconv.Itoa(pid)); err != nil {
		return fmt.Errorf("write a process id to %s: %w", name, err)
	}
	g.events, g.kill = open(g.dir+"/memory.events", unix.O_RDONLY), open(g.dir+"/cgroup.kill", unix.O_WRONLY)
	return nil
}

// Dir is the directory with the limits.
func (g *Group) Dir() string { return g.dir }

// Inside is the directory of the processes.
func (g *Group) Inside() string { return g.dir + "/" + inner }

// Killed tells how many processes the kernel has killed because the memory
// of the group was used up.
func (g *Group) Killed() int {
	var text [1024]byte
	n, err := unix.Read(g.events, text[:])
	if err != nil {
		return 0
	}
	words := strings.Fields(string(text[:n]))
	for i := 1; i < len(words); i += 2 {
		if words[i-1] == "oom_kill" {
			return number(words[i])
		}
	}
	return 0
}

// Kill ends everything in the group (Linux 5.14).
func (g *Group) Kill() error {
	if g.kill < 0 {
		return unix.ENOENT // nothing was ever in it, or the kernel can't
	}
	_, err := unix.Write(g.kill, []byte("1"))
	return err
}

// Remove kills the processes that are left in the group and removes it. Processes that
// have just ended may keep it for a moment; the next Make removes what is left.
func (g *Group) Remove() {
	_ = g.Kill()
	for range 100 {
		if remove(g.dir) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	g.Close()
}

// Close gives back what the group takes in this process. A group that was
// adopted needs no more.
func (g *Group) Close() {
	for _, fd := range []*int{&g.lock, &g.events, &g.kill} {
		if *fd >= 0 {
			_ = unix.Close(*fd)
			*fd = -1
		}
	}
}

// remove removes the two directories of a group without processes.
func remove(dir string) bool {
	if err := unix.Rmdir(dir + "/" + inner); err != nil && !errors.Is(err, unix.ENOENT) {
		return false
	}
	err := unix.Rmdir(dir)
	return err == nil || errors.Is(err, unix.ENOENT)
}
