package registry

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Facts are what a program can find out about itself and the system around
// it, in a jail or outside.
type Facts struct {
	UID, GID     uint64
	Groups       []string // supplementary, by number
	PID          int
	Capabilities uint64 // effective
	Bounding     uint64 // the most that it can ever have
	NoNewPrivs   bool
	Filters      int // syscall filters
	Root         Root
	Processes    []Visible
	Interfaces   []string
	Limits       []LimitFact
	Cgroup       string
	Namespaces   map[string]uint64
}

// Root is the root directory.
type Root struct {
	Type    string // of the file system
	Options string // of the mount
	Mounts  int    // in all
}

// Visible is a process that can be seen.
type Visible struct {
	PID  int // as seen there
	Name string
}

// LimitFact is a line of /proc/PID/limits.
type LimitFact struct{ Name, Soft, Hard, Unit string }

// Inspect compares the jail's program with this process. Everything is read
// from the kernel outside; nothing of the jail's files is opened.
func (j *Jail) Inspect() (inside, outside *Facts, err error) {
	if inside, err = factsOf(j.Main.PID, j.Init.PID); err != nil {
		return nil, nil, err
	}
	if outside, err = factsOf(os.Getpid(), self); err != nil {
		return nil, nil, err
	}
	if j.init.ended(0) || j.main.ended(0) {
		return nil, nil, errGone
	}
	own, err := namespacesOf(self)
	if err != nil {
		return nil, nil, err
	}
	for i, k := range kinds {
		inside.Namespaces[k.name], outside.Namespaces[k.name] = j.Namespaces[i], own[i]
	}
	shared := own[pidKind] == j.Namespaces[pidKind]
	if inside.Processes, err = j.visible(shared); err != nil {
		return nil, nil, err
	}
	// This process may have raised its own limits; its parent has not.
	if limits, err := readProc(os.Getppid(), "limits"); err == nil {
		outside.Limits = limitsOf(limits)
	}
	outside.Processes, err = visibleHere()
	for _, p := range inside.Processes {
		if name, _ := statusNames(j.Main.PID); len(name) > 0 && !shared && p.PID == name[len(name)-1] {
			inside.PID = p.PID
		}
	}
	return inside, outside, err
}

// factsOf reads the facts about one process. around is a process in the same namespaces
// that does not leave them.
func factsOf(pid, around int) (*Facts, error) {
	s, err := status(pid)
	if err != nil {
		return nil, err
	}
	f := &Facts{PID: pid, Groups: strings.Fields(s["Groups"]), NoNewPrivs: s["NoNewPrivs"] == "1", Namespaces: map[string]uint64{}}
	f.Filters, _ = strconv.Atoi(s["Seccomp_filters"])
	f.Capabilities, _ = strconv.ParseUint(s["CapEff"], 16, 64)
	f.Bounding, _ = strconv.ParseUint(s["CapBnd"], 16, 64)
	for _, id := range [...]struct {
		status, file string
		to           *uint64
	}{{"Uid", "uid_map", &f.UID}, {"Gid", "gid_map", &f.GID}} {
		real, _, _ := strings.Cut(s[id.status], "\t")
		if *id.to, err = strconv.ParseUint(real, 10, 32); err != nil {
			return nil, fmt.Errorf("read the ids of process %d: %w", pid, err)
		}
		if around == self {
			continue // what it reads is its own view
		}
		mapping, err := readProc(around, id.file)
		if err != nil {
			return nil, err
		}
		*id.to = mapped(mapping, *id.to)
	}
	mounts, err := readProc(around, "mountinfo")
	if err != nil {
		return nil, err
	}
	f.Root = rootOf(mounts)
	devices, err := readProc(around, "net/dev")
	if err != nil {
		return nil, err
	}
	f.Interfaces = interfacesOf(devices)
	limits, err := readProc(pid, "limits")
	if err != nil {
		return nil, err
	}
	f.Limits = limitsOf(limits)
	groups, err := readProc(around, "cgroup")
	f.Cgroup = cgroupOf(groups)
	return f, err
}

// overflow is the id that stands for all that are not mapped
// (user_namespaces(7)).
const overflow = 65534

// mapped translates an id of this process's user namespace by a map of
// user_namespaces(7): lines of inside, outside, count.
func mapped(mapping []byte, id uint64) uint64 {
	for line := range bytes.Lines(mapping) {
		var inside, outside, count uint64
		_, err := fmt.Sscan(string(line), &inside, &outside, &count)
		if err == nil && id >= outside && id-outside < count {
			return inside + id - outside
		}
	}
	return overflow
}

// rootOf finds the root directory in a mountinfo (proc_pid_mountinfo(5)); of
// several mounts on it the last is the one that is seen.
func rootOf(mountinfo []byte) Root {
	var root Root
	for line := range bytes.Lines(mountinfo) {
		root.Mounts++
		mount, source, _ := strings.Cut(strings.TrimSpace(string(line)), " - ")
		if fields := strings.Fields(mount); len(fields) > 5 && fields[4] == "/" {
			root.Options = fields[5]
			root.Type, _, _ = strings.Cut(source, " ")
		}
	}
	return root
}

// interfacesOf lists the network interfaces of a /proc/PID/net/dev, which
// begins with two lines of heading.
func interfacesOf(dev []byte) []string {
	var names []string
	for i, line := range strings.Split(string(dev), "\n") {
		if name, _, ok := strings.Cut(line, ":"); i >= 2 && ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// limitsOf reads /proc/PID/limits: columns of fixed width, a heading first.
func limitsOf(data []byte) []LimitFact {
	const name, soft, hard, unit = 0, 26, 47, 68
	var out []LimitFact
	for i, line := range strings.Split(string(data), "\n") {
		if i == 0 || len(line) < hard {
			continue
		}
		cut := func(from, to int) string {
			return strings.TrimSpace(line[min(from, len(line)):min(to, len(line))])
		}
		out = append(out, LimitFact{
			Name: strings.ToLower(strings.TrimPrefix(cut(name, soft), "Max ")),
			Soft: cut(soft, hard), Hard: cut(hard, unit), Unit: cut(unit, len(line)),
		})
	}
	return out
}

// cgroupOf takes the path of the unified hierarchy from a /proc/PID/cgroup.
func cgroupOf(data []byte) string {
	for line := range strings.Lines(string(data)) {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			return strings.TrimSuffix(path, "\n")
		}
	}
	return ""
}

// statusNames are the numbers of a process in the nested PID namespaces that
// it is in, the outermost first, and its name.
func statusNames(pid int) ([]int, string) {
	s, err := status(pid)
	if err != nil {
		return nil, ""
	}
	var numbers []int
	for field := range strings.FieldsSeq(s["NSpid"]) {
		n, _ := strconv.Atoi(field)
		numbers = append(numbers, n)
	}
	return numbers, s["Name"]
}

// visible lists the processes that can be seen in the jail: those in its PID
// namespace, and in those below it.
func (j *Jail) visible(shared bool) ([]Visible, error) {
	if shared {
		return visibleHere()
	}
	pids, err := processes()
	if err != nil {
		return nil, err
	}
	init, _ := statusNames(j.Init.PID)
	depth := len(init) - 1
	if depth < 1 {
		return nil, errGone
	}
	member := map[int]bool{j.Init.PID: true}
	var out []Visible
	for _, pid := range pids { // ascending, but children can have lower numbers than parents
		if j.sees(pid, member, depth) {
			if numbers, name := statusNames(pid); len(numbers) > depth {
				out = append(out, Visible{numbers[depth], name})
			}
		}
	}
	return out, nil
}

// sees tells whether a process is in the jail's PID namespace or below it: by
// its namespace if that can be read, else by its ancestors, which can't have been
// in another branch.
func (j *Jail) sees(pid int, member map[int]bool, depth int) bool {
	if known, ok := member[pid]; ok {
		return known
	}
	numbers, _ := statusNames(pid)
	if len(numbers) <= depth {
		member[pid] = false
		return false
	}
	if n, err := namespaceOf(pid, "pid"); err == nil && n == j.Namespaces[pidKind] {
		member[pid] = true
		return true
	}
	s, err := status(pid)
	if err != nil {
		return false
	}
	parent, _ := strconv.Atoi(s["PPid"])
	member[pid] = parent > 1 && j.sees(parent, member, depth)
	return member[pid]
}

// visibleHere lists the processes that this one can see.
func visibleHere() ([]Visible, error) {
	pids, err := processes()
	if err != nil {
		return nil, err
	}
	out := make([]Visible, 0, len(pids))
	for _, pid := range pids {
		if _, name := statusNames(pid); name != "" {
			out = append(out, Visible{pid, name})
		}
	}
	return out, nil
}
