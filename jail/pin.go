package jail

// pin makes a mount point of a writable directory in which something is hidden
// or protected: it shows the directory itself, but a mount point can't be
// renamed. Otherwise a program could move ~/.config away with all that is
// mounted in it, and make another one, which the host would use from then on.
// Nothing has to be pinned where writes do not reach the host's own files.
func (m *mounter) pin(n *node, path string, around setting) {
	if !around.bound || !around.writable || around.own || !holdsProtected(n) {
		return
	}
	m.onItself(path, true, m.writable, m.openTarget, around)
}

// pinLink does the same for a link on the way to something protected: a mount
// of the link itself, which is followed as before, and can be neither removed nor
// exchanged for one that leads elsewhere.
func (m *mounter) pinLink(path string, around setting) {
	m.onItself(path, false, m.readOnly, m.openLink, around)
}

// onItself mounts what is at a path there, with these attributes.
func (m *mounter) onItself(path string, dir bool, attr, how *Block, around setting) {
	m.because("keep in its place", "/"+path, around.by.at)
	s := m.clone("/"+path, dir, attr)
	t := m.slot()
	m.openat2(t, fd(slotRoot), path, how)
	m.moveOnto(s, t)
	m.close(t)
	m.close(s)
}

// holdsProtected tells whether something below n is less than writable. A tmpfs
// and an overlay are: the host's files there are covered, and would be open to
// the next jail under another name. What lies below them is not the host's.
func holdsProtected(n *node) bool {
	for _, k := range n.kids {
		switch {
		case k.pinned:
			return true
		case k.grant == nil || k.grant.kind == grantWrite:
			if holdsProtected(k) {
				return true
			}
		case k.grant.kind == grantRead || k.grant.kind == grantHide || k.grant.kind == grantGuard,
			k.grant.kind == grantAbsent || k.grant.kind == grantTmpfs || k.grant.kind == grantOverlay:
			return true
		}
	}
	return false
}
