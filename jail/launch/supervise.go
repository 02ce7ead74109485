package launch

import (
	"fmt"
	"path"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/confine"
)

// connects tells whether the launcher will make connections for the jail.
func (l *launch) connects() bool {
	guard := l.plan.Sockets
	return guard != nil && (guard.Listener != nil || l.options.Sockets != nil)
}

// prepareConfinement tries what Process.Confine relies on.
func (l *launch) prepareConfinement() (err error) {
	if !l.options.Confined {
		return nil
	}
	if l.confine, err = confine.Prepare(l.connects()); err != nil {
		return fmt.Errorf("prepare to confine the launcher: %w", err)
	}
	return nil
}

// takeConfinement gives away what was prepared.
func (l *launch) takeConfinement() *confine.Confinement {
	c := l.confine
	l.confine = nil
	return c
}

// Confine takes from this process, for good, what following the jail and clearing up
// behind it does not need. Before it comes what is still to be read or written on the
// host, after it Wait, and what the launcher prints. removes are directories beneath which
// the caller removes something at the end; those of the jail itself are known.
//
// A jail that has ended already has nobody who could do the launcher any harm: nothing
// is done then. An error has ended the jail. It is left to Wait for it.
func (p *Process) Confine(removes ...string) error {
	if p.confinement == nil || p.ended() {
		return nil
	}
	removes = append(removes, p.placeholders.Dirs()...)
	if group, ok := p.options.Group.(interface{ Dir() string }); ok {
		if dir := group.Dir(); dir != "" {
			removes = append(removes, path.Dir(dir))
		}
	}
	user := 0
	if p.rules != nil {
		user = p.rules.User
	}
	err := p.confinement.Enter(&confine.Needs{
		Init: p.init, Program: p.program,
		Connects: p.sockets != nil, User: user,
		Terminal: p.relay != nil, Clears: p.placeholders != nil, Removes: removes,
	})
	if err != nil {
		_ = p.Kill()
		return fmt.Errorf("confine the launcher: %w", err)
	}
	return nil
}

// ended tells whether the jail's init has ended.
func (p *Process) ended() bool {
	fds := []unix.PollFd{{Fd: int32(p.initfd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return n > 0 && err == nil
}
