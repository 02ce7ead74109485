package launch

import (
	"fmt"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/confine"
)

// Confine restricts this process, for good, to the syscalls and files that following the
// jail and removing its files at the end take. The launcher has to read and write what
// else it needs on the host before; it can still print and call Wait. removes are
// directories beneath which the caller removes something at the end, in addition to those
// of the jail itself.
//
// Confine does nothing for a jail that has ended, since no process of it can attack the
// launcher. After an error the jail is killed, and the caller still has to Wait.
func (p *Process) Confine(removes ...string) error {
	if p.confinement == nil || p.ended() {
		return nil
	}
	if group, ok := p.options.Group.(interface{ Dir() string }); ok {
		if dir := group.Dir(); dir != "" {
			removes = append(removes, path.Dir(dir))
		}
	}
	user := 0
	if p.rules != nil {
		user = p.rules.User
	}
	p.sockets.FindNetwork()
	err := p.confinement.Enter(&confine.Needs{
		Init: p.init, Program: p.program,
		Connects: p.sockets != nil, User: user,
		Terminal: p.relay != nil, Frees: p.free != nil, Renames: p.free.dirs(p.plan), Reports: existing(p.plan.Reported),
		Lists: p.plan.Handed > 0, Removes: removes,
	})
	if err != nil {
		p.exposed = true
		_ = p.Kill()
		return fmt.Errorf("confine the launcher: %w", err)
	}
	return nil
}

// existing are the nearest directories that exist on the way to each path.
func existing(paths []string) []string {
	var dirs []string
	var st unix.Stat_t
	for _, p := range paths {
		dir := path.Dir(p)
		for !slices.Contains(dirs, dir) {
			if unix.Lstat(dir, &st) == nil {
				dirs = append(dirs, dir)
				break
			}
			dir = path.Dir(dir)
		}
	}
	return dirs
}
