package fstree

import (
	"github.com/jail-project/jail/jail/host"
)

// In a jail of root, some directories are visible that only root can enter, and the
// jail's user can't: below a mount that the jail's own process made, files have the
// owners that they have on the host. The jail's process can't mount anything in such a
// directory, neither over a file that is to be hidden there nor for one that is granted.
// So the directory is masked as a whole, of which the program could read nothing anyway,
// and granted files are mounted in it as in any other hidden directory.

// maskUnreachable masks directories that the jail's user can't enter and that a rule of
// the profile is about. In an ID-mapped mount, which only the launcher can make, root's
// directories are the jail user's: a grant of a directory that only root can enter gets
// such a mount, unless idMapped says that it lies in one.
func (n *Node) maskUnreachable(files host.Files, path string, around Setting, idMapped bool) {
	for _, k := range n.Kids {
		at := path + "/" + k.Name
		inside, mappedInside := around.Apply(k.Grant), idMapped
		switch {
		case k.Grant == nil:
			if around.Bound && !idMapped && around.By.Source == "" && len(k.Kids) > 0 && !passable(files, at) {
				k.Grant = &Grant{Kind: GrantHide, Real: at, File: host.KindDir, Written: at, At: around.By.At, key: "what only root can enter"}
				inside = around.Apply(k.Grant)
			}
		case k.Grant.Kind == GrantRead && k.Grant.Source == "":
			closed := !files.Public(at)
			k.Grant.IDMapped = closed && around.Bound && !idMapped
			mappedInside = closed && (k.Grant.IDMapped || !around.Bound || around.Writable || idMapped)
		case k.Grant.Kind == GrantRead || k.Grant.Kind == GrantWrite || k.Grant.Kind == GrantOverlay:
			mappedInside = true
		}
		k.maskUnreachable(files, at, inside, mappedInside)
	}
}

// passable tells whether users may search a directory who are neither its owner nor in
// its group, as the jail's user. If the owner is unknown, it says yes, and the kernel
// decides.
func passable(files host.Files, dir string) bool {
	owner, known := files.Owner(dir)
	return !known || files.Kind(dir) != host.KindDir || owner.Mode&0o001 != 0
}
