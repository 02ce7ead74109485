package launcher

import (
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/policy"
)

// hostList is a list of hosts that a profile names. It is read again while the jail runs:
// what is taken out of it is out of reach from then on, connections included.
type hostList struct {
	path  string // absolute
	shown string // in messages
	deny  bool
	told  identity // what the relay has read; at first nothing that a file could be
	last  identity // what was there when it was looked at last
}

// identity is by what a file is known to be the same as before; zero for none that can be
// used.
type identity struct {
	dev, ino     uint64
	size         int64
	mtime, ctime unix.Timespec
}

// hostLists are the lists of a policy, without those of which no line counts.
func (l *Launch) hostLists() (lists []hostList) {
	add := func(entries []policy.Entry, deny bool) {
		for i := range entries {
			e := &entries[i]
			if e.File == "" || slices.ContainsFunc(lists, func(l hostList) bool { return l.path == e.File && l.deny == deny }) {
				continue
			}
			lists = append(lists, hostList{path: e.File, shown: e.At.File, deny: deny, told: identity{size: -1}})
		}
	}
	add(l.Policy.Network.Allow, false)
	add(l.Policy.Network.Deny, true)
	return lists
}

// listNames are the files that the launcher reads again, in the order of hostLists.
func (l *Launch) listNames() (names []string) {
	for _, list := range l.hostLists() {
		names = append(names, list.path)
	}
	return names
}

// isOpen tells whether the jail may write a file. Such a list could be made by the program
// itself.
func isOpen(view *fstree.View, path string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return true
	}
	for _, name := range [...]string{path, real} {
		for _, place := range view.Places(name) {
			if at, _ := view.Root.Lookup(place); at.Bound && at.Writable {
				return true
			}
		}
	}
	return false
}

// lookAtLists tells the relay of each list that has changed, when it has stayed the same
// since it was looked at last: many programs write a file piece by piece.
func (r *Running) lookAtLists() {
	for i := range r.lists {
		l := &r.lists[i]
		fd, now := r.openList(i)
		if l.last == now && l.told != now {
			if r.relay.service.Tell("list "+strconv.Itoa(i), fd) == nil {
				l.told = now
			}
		}
		l.last = now
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

// openList opens a list that may be used: a regular file that nobody but root and the user
// can write. The way to it was verified when the policy was loaded.
func (r *Running) openList(i int) (int, identity) {
	fd, err := r.OpenNamed(i)
	if err != nil {
		return -1, identity{}
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Mode&0o022 != 0 || st.Uid != 0 && st.Uid != r.user {
		_ = unix.Close(fd)
		return -1, identity{}
	}
	return fd, identity{uint64(st.Dev), st.Ino, st.Size, st.Mtim, st.Ctim} //nolint:unconvert // not the same on each machine
}
