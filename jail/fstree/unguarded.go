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
	return dirs
}
