package launch

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/child"
	"github.com/jail-project/jail/jail/plan"
)

// IDs are a user and a group in a user namespace.
type IDs struct{ UID, GID int }

func (i IDs) Error() string {
	return fmt.Sprintf("in the user namespace of that network you are user %d and group %d", i.UID, i.GID)
}

// nsfs is the type of the file system in which namespaces are (NSFS_MAGIC of
// linux/magic.h).
const nsfs = 0x6e736673

// openNetwork opens the network namespace of Plan.Join, nil for none, and the user
// namespace that it belongs to if that has to be joined as well. The launcher's own network
// is refused: nothing is to fall back to it.
//
// Plan.Inside is open already.
func openNetwork(p *plan.Plan) (*child.Join, error) {
	if in := p.Inside; in != nil {
		return &child.Join{Network: in.Network, User: in.User, Inside: in}, nil
	}
	if p.Join.Path == "" {
		return nil, nil
	}
	fd, err := unix.Open(p.Join.Path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, joinRefusal(p, "can't be opened: "+err.Error(), "")
	}
	j := &child.Join{Network: fd, User: -1}
	if refused := findOwner(p, j); refused != nil {
		closeJoin(j)
		return nil, refused
	}
	return j, nil
}

// findOwner looks at an open namespace, and opens the user namespace that it belongs to,
// unless that is the launcher's own or the launcher is root, who may join without.
func findOwner(p *plan.Plan, j *child.Join) error {
	var fs unix.Statfs_t
	kind := 0
	err := unix.Fstatfs(j.Network, &fs)
	if err == nil && fs.Type == nsfs {
		kind, err = unix.IoctlRetInt(j.Network, unix.NS_GET_NSTYPE)
	}
	if err != nil || kind != unix.CLONE_NEWNET {
		return joinRefusal(p, "is no network namespace", "`ip netns list` has those with names; /proc/PID/ns/net is that of a process")
	}
	switch same, err := isOwn(j.Network, "net"); {
	case err != nil:
		return err
	case same:
		return joinRefusal(p, "is the network of the host", "write mode: host if that is what you want")
	}
	owner, err := unix.IoctlRetInt(j.Network, unix.NS_GET_USERNS)
	if err != nil {
		return notYours(p, err)
	}
	same, err := isOwn(owner, "user")
	if err != nil || same || p.RunAs.Outside > 0 {
		_ = unix.Close(owner)
		return err
	}
	j.User = owner
	return nil
}

// isOwn tells whether a namespace is the one of this process.
func isOwn(fd int, kind string) (bool, error) {
	var it, own unix.Stat_t
	if err := unix.Fstat(fd, &it); err != nil {
		return false, fmt.Errorf("look at a namespace: %w", err)
	}
	if err := unix.Stat("/proc/self/ns/"+kind, &own); err != nil {
		return false, fmt.Errorf("look at this process's namespaces: %w", err)
	}
	return it.Dev == own.Dev && it.Ino == own.Ino, nil
}

func closeJoin(j *child.Join) {
	if j == nil || j.Inside != nil { // the caller's
		return
	}
	_ = unix.Close(j.Network)
	if j.User >= 0 {
		_ = unix.Close(j.User)
	}
}

// joined closes what openNetwork has opened, and judges how it went.
func joined(p *plan.Plan, j *child.Join, err error) error {
	closeJoin(j)
	if j != nil && j.Inside != nil {
		return err
	}
	if refused, ok := errors.AsType[child.JoinError](err); ok {
		switch {
		case refused.Step != child.JoinFork:
		case refused.Errno == unix.EPERM && p.RunAs.Outside == 0: // user_namespaces(7)
			return joinRefusal(p, "belongs to a user namespace in which you are nobody", "give it a map of your ids, as `unshare --map-root-user` does")
		default:
			return child.ForkError(refused.Errno)
		}
		return notYours(p, refused.Errno)
	}
	if err == nil && j != nil && p.RunAs.Outside == 0 && (IDs{j.UID, j.GID}) != (IDs{p.Join.UID, p.Join.GID}) {
		return IDs{j.UID, j.GID}
	}
	return err
}

// notYours: the kernel lets a process join what belongs to a user namespace in which it has
// the capability sys_admin (setns(2)).
func notYours(p *plan.Plan, err error) error {
	return joinRefusal(p, "is not yours to join: "+err.Error(),
		"it belongs to root, or to another user: start jail as root, or use one that you made, as with `unshare --user --map-root-user --net`")
}

func joinRefusal(p *plan.Plan, what, remedy string) error {
	return &Refusal{Problem: diag.Diagnostic{
		Code: "no-namespace", Summary: "the network namespace " + diag.Quote(p.Join.Path) + " " + what, Subject: p.Join.At, Remedy: remedy,
	}}
}
