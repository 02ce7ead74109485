package registry

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Namespace is an open namespace of a jail.
type Namespace struct {
	Kind string  // as below /proc/PID/ns
	Flag uintptr // of setns(2)
	FD   int
}

// ErrOtherGroups is why a user can't enter their own jail: supplementary groups can't be
// dropped in it, and the entered process would have other ones than the jail's program.
var ErrOtherGroups = errors.New("the jail was started as another group or with other supplementary groups than yours here: its program has what they give, and not what yours give")

// OpenNamespaces opens those namespaces of the jail that are not the caller's
// own, the user namespace first. Each is the one that the registration names, and all
// belong to a user namespace right below the caller's.
//
// They are opened through a process of the jail and verified afterwards, on
// the descriptor: a program that went on into namespaces of its own making
// leads nobody there.
func (j *Jail) OpenNamespaces() ([]Namespace, error) {
	groups, err := ownGroups()
	if err != nil {
		return nil, fmt.Errorf("look at this process's groups: %w", err)
	}
	if j.UID != unix.Geteuid() || j.GID != unix.Getegid() || !slices.Equal(groups, j.Groups) {
		return nil, ErrOtherGroups
	}
	own, err := namespacesOf(self)
	if err != nil {
		return nil, err
	}
	opened, err := j.openThrough(j.Main.PID, own)
	if err == nil && j.main.ended(0) {
		closeAll(opened)
		err = errGone
	}
	if err == nil {
		return opened, nil
	}
	// The program may have left for namespaces of its own; others of the
	// jail's processes need not.
	pids, listErr := processes()
	if listErr != nil {
		return nil, listErr
	}
	for _, pid := range pids {
		if opened, err := j.openThrough(pid, own); err == nil {
			return opened, nil
		}
	}
	return nil, err
}

// openThrough opens the jail's namespaces by way of one process.
func (j *Jail) openThrough(pid int, own [len(kinds)]uint64) ([]Namespace, error) {
	dir, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/ns", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, gone(err)
	}
	defer unix.Close(dir)
	var opened []Namespace
	for i, k := range kinds {
		want := j.Namespaces[i]
		if want == own[i] {
			continue // shared with the caller, or unknown to this kernel
		}
		fd, err := openNamespace(dir, k.name, want)
		if err != nil {
			closeAll(opened)
			return nil, err
		}
		opened = append(opened, Namespace{k.name, k.flag, fd})
		if err := belongs(opened, own[userKind]); err != nil {
			closeAll(opened)
			return nil, err
		}
	}
	return opened, nil
}

func openNamespace(dir int, name string, want uint64) (int, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open the %s namespace: %w", name, gone(err))
	}
	number, err := numberOf(fd)
	if err == nil && number != want {
		err = fmt.Errorf("its program is in another %s namespace than it was started in, and nothing else in the jail can be entered through", name)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// belongs asks the kernel whose the last of the open namespaces is: a user
// namespace has to be a child of the caller's, any other has to belong to the
// first (ioctl_ns(2)). Neither can be brought about from inside.
func belongs(opened []Namespace, ownUser uint64) error {
	last := opened[len(opened)-1]
	request, want := uint(unix.NS_GET_USERNS), uint64(0)
	if len(opened) == 1 {
		request, want = unix.NS_GET_PARENT, ownUser
		if last.Flag != unix.CLONE_NEWUSER {
			return errForged // a jail always has a user namespace of its own
		}
	} else {
		number, err := numberOf(opened[0].FD)
		if err != nil {
			return err
		}
		want = number
	}
	fd, err := unix.IoctlRetInt(last.FD, request)
	if err != nil {
		return fmt.Errorf("find out whose the %s namespace is: %w", last.Kind, err)
	}
	defer unix.Close(fd)
	switch number, err := numberOf(fd); {
	case err != nil:
		return err
	case number == want:
		return nil
	case number == ownUser:
		return fmt.Errorf("it shares the %s namespace that it was started in, and you are in another here", last.Kind)
	default:
		return errForged
	}
}

func numberOf(fd int) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, fmt.Errorf("look at a namespace: %w", err)
	}
	return st.Ino, nil
}

func closeAll(opened []Namespace) {
	for i := range opened {
		unix.Close(opened[i].FD)
	}
}

// OOMScores are the oom_score_adj of the jail's init, which nothing in the jail can
// change, and that of this process; see proc_pid_oom_score_adj(5).
func (j *Jail) OOMScores() (inside, own int, err error) {
	if inside, err = oomScore(j.Init.PID); err == nil {
		own, err = oomScore(self)
	}
	return inside, own, err
}

func oomScore(pid int) (int, error) {
	text, err := readProc(pid, "oom_score_adj")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(text[:max(len(text)-1, 0)]))
}
