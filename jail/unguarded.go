package jail

// Unguarded lists jail's own directories that do not exist on the host and
// that a program in this jail could make there: profiles of its own for the
// next jail, or records of launches. Once they exist they are guarded.
func (v *View) Unguarded(own *OwnPaths) []string {
	var dirs []string
	for _, dir := range [...]string{own.Config, own.State, own.Cache} {
		if dir == "" {
			continue
		}
		at := v.resolver.resolve(dir)
		if at.kind != KindMissing {
			continue
		}
		if s, _ := v.root.lookup(at.real); s.bound && s.writable && !s.own {
			dirs = append(dirs, at.real)
		}
	}
	return dirs
}
