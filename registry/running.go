package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/store"
)

// Jail is a jail that runs, found by a registration that was verified. It holds
// its processes; Close lets go of them.
type Jail struct {
	ID string
	Registration

	init, main handle
}

// Refused is a registration that is not believed.
type Refused struct {
	Name string // of the file
	Err  error
}

// errForged is why a registration is refused that names living processes.
var errForged = errors.New("the processes that it names are no jail of yours, or not this one")

// Running lists the jails that run, and the registrations that are refused. It
// removes those of jails that have ended, which a killed launcher leaves.
func Running(p Place) ([]*Jail, []Refused, error) {
	dir, err := p.open(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look into %s: %w", p.Path(), err)
	}
	defer dir.Close()
	names, err := dir.Names()
	if err != nil {
		return nil, nil, fmt.Errorf("list %s: %w", p.Path(), err)
	}
	here, err := namespaceOf(self, "pid")
	if err != nil {
		return nil, nil, err
	}
	var jails []*Jail
	var refused []Refused
	for _, name := range names {
		j, err := find(dir, name, here)
		switch {
		case err != nil:
			refused = append(refused, Refused{name, err})
		case j != nil:
			jails = append(jails, j)
		}
	}
	dir.Prune(neverSuffix, 0) // what a launcher began to write when it was killed
	return jails, refused, nil
}

// neverSuffix ends no name of a registration.
const neverSuffix = "/"

// find returns the jail of a registration. The jail is nil, without an error, when it
// has ended, or when the pids are of another PID namespace, as of a container that
// has the same directory.
func find(dir store.Dir, name string, here uint64) (*Jail, error) {
	data, err := dir.Read(name, maxRegistration)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := decode(data)
	if err != nil {
		return nil, err
	}
	if r.Launcher != here {
		return nil, nil
	}
	if name != idOf(r.Profile, r.Main.PID) {
		return nil, errForged
	}
	j, err := verify(name, r)
	if errors.Is(err, errGone) {
		_ = dir.Remove(name)
		return nil, nil
	}
	return j, err
}

// verify opens pidfds of the processes of a registration and makes sure that they are
// the jail's.
func verify(id string, r *Registration) (*Jail, error) {
	init, err := hold(r.Init)
	if err != nil {
		return nil, err
	}
	main, err := hold(r.Main)
	if err != nil {
		init.close()
		return nil, err
	}
	j := &Jail{ID: id, Registration: *r, init: init, main: main}
	err = j.fits()
	// /proc was about these processes only if they still live.
	if init.ended(0) || main.ended(0) {
		err = errGone
	}
	if err != nil {
		j.Close()
		return nil, err
	}
	return j, nil
}

// fits tells whether the kernel says the same about the processes as the registration.
func (j *Jail) fits() error {
	own, err := namespacesOf(self)
	if err != nil {
		return err
	}
	init, err := status(j.Init.PID)
	if err != nil {
		return err
	}
	main, err := status(j.Main.PID)
	if err != nil {
		return err
	}
	uid := strconv.Itoa(unix.Geteuid())
	ours := func(status map[string]string) bool {
		ids := strings.Fields(status["Uid"])
		for _, id := range ids {
			if id != ids[0] || id != uid && uid != "0" { // a jail of root runs as another user
				return false
			}
		}
		return len(ids) > 0
	}
	if !ours(init) || !ours(main) || j.Main != j.Init && main["PPid"] != strconv.Itoa(j.Init.PID) {
		return errForged
	}
	// A jail always has a user namespace of its own, and nearly always a PID
	// namespace, of which the init is PID 1. A process can't change the
	// PID namespace that it is in.
	pids, err := namespaceOf(j.Main.PID, "pid")
	if err != nil {
		return err
	}
	inside := strings.Fields(init["NSpid"])
	ownPIDs := j.Namespaces[pidKind] != own[pidKind]
	if j.Namespaces[userKind] == own[userKind] || pids != j.Namespaces[pidKind] ||
		ownPIDs && (len(inside) < 2 || inside[len(inside)-1] != "1") {
		return errForged
	}
	return nil
}

// Close lets go of the jail's processes.
func (j *Jail) Close() {
	j.init.close()
	j.main.close()
}

// CloseAll lets go of all jails but one.
func CloseAll(jails []*Jail, but *Jail) {
	for _, j := range jails {
		if j != but {
			j.Close()
		}
	}
}

// Match returns the jail with an ID, or the only one whose ID begins so, and
// the IDs that came into question.
func Match(jails []*Jail, id string) (*Jail, []string) {
	var found *Jail
	var ids []string
	for _, j := range jails {
		if j.ID == id {
			return j, []string{id}
		}
		if strings.HasPrefix(j.ID, id) {
			found = j
			ids = append(ids, j.ID)
		}
	}
	if len(ids) != 1 {
		found = nil
	}
	return found, ids
}
