// Package cgroup limits processes through control groups of version 2
// (Documentation/admin-guide/cgroup-v2.rst in the kernel's source).
//
// Find looks for a group in which this process may make others; Place.Make
// makes a pair of groups there, an outer one with the limits and an inner one
// for the processes; Group.Add puts a process into it and Group.Remove kills
// what is left and removes both. The package knows neither jails nor service
// managers.
package cgroup

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits are those of a group. 0 is none.
type Limits struct {
	Memory    int64 // bytes; nothing is swapped out
	Processes int64 // and threads
	CPU       int64 // per cent of one processor
}

// Controllers lists what the limits need.
func (l Limits) Controllers() []string {
	var need []string
	if l.Memory > 0 {
		need = append(need, "memory")
	}
	if l.Processes > 0 {
		need = append(need, "pids")
	}
	if l.CPU > 0 {
		need = append(need, "cpu")
	}
	return need
}

// Tree is the hierarchy of groups as this process sees it.
type Tree struct {
	Root string // where it is mounted
	Own  string // the group of this process, from Root on: "/user.slice"
}

// ErrNoTree says that there is no hierarchy of version 2 to be seen.
var ErrNoTree = errors.New("no control groups of version 2 are mounted at /sys/fs/cgroup")

// ReadTree finds the hierarchy and the place of this process in it.
func ReadTree() (Tree, error) {
	own, err := OfProcess("self")
	if err != nil {
		return Tree{}, err
	}
	// Where service managers mount it, the second one beside version 1.
	for _, root := range [...]string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st unix.Statfs_t
		if unix.Statfs(root, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC {
			return Tree{Root: root, Own: own}, nil
		}
	}
	return Tree{}, ErrNoTree
}

// OfProcess returns the group of a process, from the root of the hierarchy
// on; pid is a number or "self" (cgroups(7), /proc/PID/cgroup).
func OfProcess(pid string) (string, error) {
	text, err := read("/proc/" + pid + "/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(text) {
		// "/.." begins the name of a group outside of what is to be seen here.
		if own, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::/"); ok && own != ".." && !strings.HasPrefix(own, "../") {
			return "/" + own, nil
		}
	}
	return "", ErrNoTree
}

// Place is a group in which others can be made.
type Place struct {
	Dir    string
	enable []string // controllers that groups made there do not have yet
	leave  bool     // the processes of Dir, all the caller's, have to leave it before
}

// NotDelegated says why there is no Place: nobody has delegated a group.
type NotDelegated struct{ Own string }

func (e *NotDelegated) Error() string {
	return fmt.Sprintf("the control group %s and those above it do not let this process limit others", e.Own)
}

// Find returns the group closest to the caller's own in which it may make
// groups with these controllers. Pids are the caller and its children, which
// may be moved.
//
// A group that has processes can't hand controllers to groups in it ("no
// internal processes"), so the caller's own group serves only if it holds
// nobody else.
func (t Tree) Find(controllers []string, pids ...int) (Place, error) {
	for group := t.Own; ; group = path.Dir(group) {
		dir := path.Join(t.Root, group)
		if !managed(group) && writable(dir) {
			if p, ok := place(dir, controllers, pids); ok {
				return p, nil
			}
		}
		if group == "/" {
			return Place{}, &NotDelegated{Own: t.Own}
		}
	}
}

// place tells whether groups with these controllers can be made in dir, and
// what has to be done before.
func place(dir string, controllers []string, pids []int) (Place, bool) {
	missing := without(controllers, fields(dir+"/cgroup.subtree_control"))
	if len(missing) == 0 {
		return Place{Dir: dir}, true
	}
	if len(without(missing, fields(dir+"/cgroup.controllers"))) > 0 {
		return Place{}, false
	}
	// Only the root of all groups has no type, and may have both processes
	// and controllers for others.
	inside := fields(dir + "/cgroup.procs")
	if len(inside) == 0 || unix.Access(dir+"/cgroup.type", unix.F_OK) != nil {
		return Place{Dir: dir, enable: missing}, true
	}
	if slices.ContainsFunc(inside, func(pid string) bool { return !slices.Contains(pids, number(pid)) }) {
		return Place{}, false
	}
	return Place{Dir: dir, enable: missing, leave: true}, true
}

// without returns the words of a that are not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(word string) bool { return slices.Contains(b, word) })
}

// Has returns nil when a group has these controllers.
func (t Tree) Has(group string, controllers []string) error {
	if missing := without(controllers, fields(path.Join(t.Root, group)+"/cgroup.controllers")); len(missing) > 0 {
		return fmt.Errorf("%s has no controller %s: %w", group, missing[0], ErrNotHeld)
	}
	return nil
}

// managed tells whether the groups in a group are a service manager's, which
// expects nobody else to make any (systemd.io/CGROUP_DELEGATION).
func managed(group string) bool {
	name := path.Base(group)
	return strings.HasSuffix(name, ".slice") || strings.HasPrefix(name, "user@") && strings.HasSuffix(name, ".service")
}

// writable tells whether the caller may make groups in dir and move processes
// there, both of which delegation is about.
func writable(dir string) bool {
	for _, name := range [...]string{"", "/cgroup.procs", "/cgroup.subtree_control"} {
		if unix.Faccessat(unix.AT_FDCWD, dir+name, unix.W_OK, unix.AT_EACCESS) != nil {
			return false
		}
	}
	return true
}
