package fstree

import (
	"github.com/jail-project/jail/jail/host"
)

// A jail of root shows some directories that its user can't enter, since only
// root can: below a mount that the jail's own process made, owners are who they
// are on the host. Nothing can be mounted in such a directory then, neither over
// what is to be hidden there nor for what is granted. So it is hidden as a whole,
// which takes nothing from the program, and what is granted in it is shown there as
// in any other hidden directory.

// maskUnreachable hides what can't be entered and holds something that the profile is
// about. In a mount that the launcher makes, root's directories are the jail
// user's: such a mount is ID-mapped, and a grant of a directory that only root can enter
// gets one, whatever is granted around it.
func (n *Node) maskUnreachable(files host.Files, path string, around Setting, mapped bool) {
	for _, k := range n.Kids {
		at := path + "/" + k.Name
		inside, mappedInside := around.Apply(k.Grant), mapped
		switch {
		case k.Grant == nil:
			if around.Bound && !mapped && around.By.Source == "" && len(k.Kids) > 0 && !passable(files, at) {
				k.Grant = &Grant{Kind: GrantHide, Real: at, File: host.KindDir, Written: at, At: around.By.At, key: "what only root can enter"}
				inside = around.Apply(k.Grant)
			}
		case k.Grant.Kind == GrantRead && k.Grant.Source == "":
			closed := !files.Public(at)
			k.Grant.IDMapped = closed && around.Bound && !mapped
			mappedInside = closed && (k.Grant.IDMapped || !around.Bound || around.Writable || mapped)
		case k.Grant.Kind == GrantRead || k.Grant.Kind == GrantWrite || k.Grant.Kind == GrantOverlay:
			mappedInside = true
		}
		k.maskUnreachable(files, at, inside, mappedInside)
	}
}

// passable tells whether others than its owner and its group may go through a
// directory. The jail's user is nobody's member. What can't be told is left to
// the kernel.
func passable(files host.Files, dir string) bool {
	owner, known := files.Owner(dir)
	return !known || files.Kind(dir) != host.KindDir || owner.Mode&0o001 != 0
}
