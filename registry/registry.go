// Package registry knows the jails that run. A launcher writes a registration of its
// jail when the program has started and removes it at the end; other commands of jail
// list the registrations and act on the processes that they name.
//
// The registrations lie in a directory of the user's that nobody else can read, and
// that no jail shows. A registration is never believed alone: it names the jail's
// processes, by pid and time of start, and its namespaces, by inode, and the kernel
// has to say the same of all of them. A command that acts on a process holds a pidfd,
// so that a pid that is used again reaches no other process.
//
// The package does not know what a jail is made of. The data for entering one are
// bytes here.
package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jail-project/jail/store"
)

// Place is where registrations may be kept.
type Place struct {
	Runtime string // the user's runtime directory, $XDG_RUNTIME_DIR
	State   string // jail's own state directory
}

// Names of the directory of registrations, below Runtime and below State.
const (
	inRuntime = "jail"
	inState   = "run"
)

// errNoPlace is why no jail is registered.
var errNoPlace = errors.New("there is no directory for it: neither XDG_RUNTIME_DIR nor HOME is set to a directory of yours that only you can write")

// Path names the directory of registrations: in the runtime directory, unless that
// is missing or others can write it; then in the state directory.
func (p Place) Path() string {
	if d, err := store.Open(p.Runtime); p.Runtime != "" && err == nil {
		d.Close()
		return p.Runtime + "/" + inRuntime
	}
	if p.State != "" {
		return p.State + "/" + inState
	}
	return ""
}

// Usable tells why no jail can be registered, nil when jails can.
func (p Place) Usable() error {
	if p.Path() == "" {
		return errNoPlace
	}
	dir, err := p.open(false)
	switch {
	case err == nil:
		dir.Close()
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", p.Path(), err)
	}
	return nil
}

// open opens the directory of registrations.
func (p Place) open(create bool) (store.Dir, error) {
	parent, name, err := store.Dir{}, inRuntime, errNoPlace
	if p.Runtime != "" {
		parent, err = store.Open(p.Runtime)
	}
	if err != nil && p.State != "" {
		name = inState
		if create {
			parent, err = store.Make(p.State)
		} else {
			parent, err = store.Open(p.State)
		}
	}
	if err != nil {
		return store.Dir{}, err
	}
	defer parent.Close()
	return parent.Private(name, create)
}

// Remover removes the registration of one jail.
type Remover struct {
	dir store.Dir
	id  string
}

// Register registers a jail, of which the launcher says what only it knows. The directory
// is made when it is missing.
func Register(p Place, r *Registration) (*Remover, error) {
	if err := r.look(); err != nil {
		return nil, err
	}
	dir, err := p.open(true)
	if err != nil {
		return nil, fmt.Errorf("register the jail: %w", err)
	}
	remover := &Remover{dir: dir, id: idOf(r.Profile, r.Main.PID)}
	if err := dir.Write(remover.id, r.encode()); err != nil {
		dir.Close()
		return nil, fmt.Errorf("register the jail: %w", err)
	}
	return remover, nil
}

// Dirs are the directories in which Remove removes something, while the registration is
// there. A nil registration has none.
func (r *Remover) Dirs() []string {
	if r == nil {
		return nil
	}
	return []string{r.dir.Path()}
}

// Remove removes the registration. A nil Remover has none.
func (r *Remover) Remove() {
	if r == nil {
		return
	}
	_ = r.dir.Remove(r.id)
	r.dir.Close()
}

// maxName is the most of a profile's name that an ID begins with, in bytes.
const maxName = 32

// idOf makes the ID of a jail: the profile's name and the pid of the program.
// The kernel does not use a pid again for long, so that an old ID does not soon mean
// another jail.
func idOf(profile string, pid int) string {
	plain := func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '_'
	}
	name := strings.TrimLeft(strings.Map(plain, profile), ".-")
	name = name[:min(len(name), maxName)]
	if name == "" {
		name = "jail"
	}
	return name + "-" + strconv.Itoa(pid)
}
