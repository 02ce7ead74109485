package jail

// A jail of root shows some directories that its user can't enter, since only
// root can: below a mount that the jail's own process made, owners are who they
// are on the host. Nothing can be mounted in such a directory then, neither over
// what is to be hidden there nor for what is granted. So it is hidden as a whole,
// which takes nothing from the program, and what is granted in it is shown there as
// in any other hidden directory.

// shut hides what can't be entered and holds something that the profile is
// about. In a mount that the launcher makes, root's directories are the jail
// user's: such a mount is lent, and a grant of a directory that only root can enter
// gets one, whatever is granted around it.
func (n *node) shut(files Files, path string, around setting, lent bool) {
	for _, k := range n.kids {
		at := path + "/" + k.name
		inside, lentInside := around.apply(k.grant), lent
		switch {
		case k.grant == nil:
			if around.bound && !lent && around.by.source == "" && len(k.kids) > 0 && !passable(files, at) {
				k.grant = &grant{kind: grantHide, real: at, file: KindDir, written: at, at: around.by.at, key: "what only root can enter"}
				inside = around.apply(k.grant)
			}
		case k.grant.kind == grantRead && k.grant.source == "":
			closed := !files.Public(at)
			k.grant.lent = closed && around.bound && !lent
			lentInside = closed && (k.grant.lent || !around.bound || around.writable || lent)
		case k.grant.kind == grantRead || k.grant.kind == grantWrite || k.grant.kind == grantOverlay:
			lentInside = true
		}
		k.shut(files, at, inside, lentInside)
	}
}

// passable tells whether others than its owner and its group may go through a
// directory. The jail's user is nobody's member. What can't be told is left to
// the kernel.
func passable(files Files, dir string) bool {
	owner, known := files.Owner(dir)
	return !known || files.Kind(dir) != KindDir || owner.Mode&0o001 != 0
}
