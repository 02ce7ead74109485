package registry

import (
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/wire"
)

// Registration is what is kept about a jail.
type Registration struct {
	// What the launcher says: of the processes the pids, of the init and of the program.
	Profile, Program string // the program as executed
	Init, Main       Process
	Cgroup           string // directory of the jail's own control group, or ""
	// Group is the group of jails that have its network in common, "" for none; Rules a
	// digest of what they have to agree about. Joined: another jail has made the network.
	Group, Rules string
	Joined       bool
	// Entry is the data for entering the jail, which this package does not read.
	Entry []byte

	Since time.Time
	// Namespaces of the jail, in the order of Kinds: their inode numbers, as
	// /proc/PID/ns shows them.
	Namespaces [len(kinds)]uint64
	// Launcher is the PID namespace of the launcher: the pids above are
	// numbers of that one.
	Launcher uint64
	// UID, GID and Groups are those of the launcher.
	UID, GID int
	Groups   []int
	// Limits are those of the launcher, by the numbers of getrlimit(2):
	// soft, hard.
	Limits [limits][2]uint64
}

// Process identifies a process: by its pid, and by the time at which it was started,
// in clock ticks since the machine was.
type Process struct {
	PID   int
	Start uint64
}

// limits is RLIM_NLIMITS.
const limits = 16

// The form of a registration.
const (
	registrationVersion = 2
	maxRegistration     = 4 << 20 // bytes
	maxGroups           = 1 << 16 // NGROUPS_MAX
)

var errNotRegistration = errors.New("it is damaged, or another version of jail wrote it")

// look fills in what the kernel says about the jail's processes and about
// this one.
func (r *Registration) look() error {
	r.Since, r.UID, r.GID = time.Now(), unix.Geteuid(), unix.Getegid()
	// The program first: a jail whose program has ended is not registered.
	var err error
	if r.Main.Start, err = startOf(r.Main.PID); err != nil {
		return err
	}
	if r.Init.Start, err = startOf(r.Init.PID); err != nil {
		return err
	}
	if r.Namespaces, err = namespacesOf(r.Main.PID); err != nil {
		return err
	}
	if r.Launcher, err = namespaceOf(self, "pid"); err != nil {
		return err
	}
	if r.Groups, err = ownGroups(); err != nil {
		return err
	}
	r.Limits, err = OwnLimits()
	return err
}

// ownGroups are the supplementary groups of this process, sorted.
func ownGroups() ([]int, error) {
	groups, err := unix.Getgroups()
	slices.Sort(groups)
	return groups, err
}

// OwnLimits are the limits of this process, in the order of Registration.Limits.
func OwnLimits() (out [limits][2]uint64, err error) {
	for resource := range out {
		var l unix.Rlimit
		if err := unix.Getrlimit(resource, &l); err != nil {
			return out, err
		}
		out[resource] = [2]uint64{l.Cur, l.Max}
	}
	return out, nil
}

func (r *Registration) encode() []byte {
	b := wire.AppendNumber(make([]byte, 0, 1024+len(r.Entry)), registrationVersion)
	for _, text := range [...]string{r.Profile, r.Program, r.Cgroup, r.Group, r.Rules} {
		b = wire.AppendBytes(b, text)
	}
	joined := uint64(0)
	if r.Joined {
		joined = 1
	}
	b = wire.AppendNumber(wire.AppendNumber(b, joined), uint64(r.Since.UnixNano()))
	for _, p := range [...]Process{r.Init, r.Main} {
		b = wire.AppendNumber(b, uint64(p.PID))
		b = wire.AppendNumber(b, p.Start)
	}
	for _, n := range r.Namespaces {
		b = wire.AppendNumber(b, n)
	}
	b = wire.AppendNumber(b, r.Launcher)
	b = wire.AppendNumber(b, uint64(r.UID))
	b = wire.AppendNumber(b, uint64(r.GID))
	b = wire.AppendNumber(b, uint64(len(r.Groups)))
	for _, g := range r.Groups {
		b = wire.AppendNumber(b, uint64(g))
	}
	for _, l := range r.Limits {
		b = wire.AppendNumber(b, l[0])
		b = wire.AppendNumber(b, l[1])
	}
	return wire.AppendBytes(b, r.Entry)
}

func decode(data []byte) (*Registration, error) {
	d := wire.NewDecoder(data)
	if d.Number() != registrationVersion {
		return nil, errNotRegistration
	}
	r := &Registration{Profile: d.Text(), Program: d.Text(), Cgroup: d.Text(), Group: d.Text(), Rules: d.Text(), Joined: d.Below(2) == 1}
	r.Since = time.Unix(0, int64(d.Below(1<<63)))
	for _, p := range [...]*Process{&r.Init, &r.Main} {
		p.PID, p.Start = int(d.Below(1<<31)), d.Number()
	}
	for i := range r.Namespaces {
		r.Namespaces[i] = d.Number()
	}
	r.Launcher = d.Number()
	r.UID, r.GID = int(d.Below(1<<32)), int(d.Below(1<<32))
	r.Groups = make([]int, min(d.Count(1), maxGroups))
	for i := range r.Groups {
		r.Groups[i] = int(d.Below(1 << 32))
	}
	for i := range r.Limits {
		r.Limits[i] = [2]uint64{d.Number(), d.Number()}
	}
	r.Entry = d.Bytes()
	if !d.Done() || r.Init.PID <= 1 || r.Main.PID <= 1 {
		return nil, errNotRegistration
	}
	return r, nil
}
