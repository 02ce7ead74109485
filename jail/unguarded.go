package jail

// Unguarded lists jail's own directories that do not exist on the host and
// that this jail would show once they do, or where a program in it could make
// them: profiles of its own for the next jail, or records of launches and of
// jails. Once they exist they are guarded.
func (v *View) Unguarded(own *OwnPaths) []string {
	var dirs []string
	add := func(dir string, hidden bool) {
		if dir == "" {
			return
		}
		at := v.resolver.resolve(dir)
		if at.kind != KindMissing {
			return
		}
		if s, _ := v.root.lookup(at.real); s.bound && (s.writable || hidden) && !s.own {
			dirs = append(dirs, at.real)
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
