package fstree

import (
	"github.com/jail-project/jail/jail/host"
)

// Unguarded lists jail's own directories that do not exist on the host and
// that this jail would show once they do, or where a program in it could make
// them: profiles of its own for the next jail, or the cache entries of launches and of
// jails. Once they exist they are guarded.
func (v *View) Unguarded(own *host.OwnPaths) []string {
	var dirs []string
	add := func(dir string, hidden bool) {
		if dir == "" {
			return
		}
		at := v.onHost.Resolve(dir)
		if at.Kind != host.KindMissing {
			return
		}
		for _, place := range v.Places(at.Real) {
			if s, _ := v.Root.Lookup(place); s.Bound && (s.Writable || hidden) && !s.Own {
				dirs = append(dirs, at.Real)
				return
			}
		}
	}
	add(own.Config, false)
	add(own.State, true)
	add(own.Cache, true)
	for _, dir := range own.Runtime {
		add(dir, true)
	}
	if q := own.Quarantine(); q != "" && v.onHost.Resolve(q).Kind == host.KindMissing && v.surrounds(host.Parent(q)) {
		dirs = append(dirs, v.onHost.Resolve(q).Real)
	}
	return dirs
}

// surrounds tells whether the jail shows the directory around one of jail's own.
func (v *View) surrounds(own string) bool {
	for _, place := range v.Places(v.onHost.Resolve(own).Real) {
		if s, _ := v.Root.Lookup(host.Parent(place)); s.Bound {
			return true
		}
	}
	return false
}

// Quarantines are the directories, on the host and without links, to which launchers move
// what programs made in names that are kept free.
func (v *View) Quarantines(own *host.OwnPaths) []string {
	var dirs []string
	for _, dir := range own.Quarantines() {
		if at := v.onHost.Resolve(dir); at.Kind == host.KindDir {
			dirs = append(dirs, at.Real)
		}
	}
	return dirs
}
