// Package groups finds grants that work by a supplementary group of the caller alone. It
// reads the owners, modes and access control lists of a host's files, and makes neither a
// plan nor a grant.
package groups

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
)

// A process that an unprivileged user puts into a user namespace keeps his
// supplementary groups: the kernel allows setgroups(2) there only if somebody
// with privileges wrote the map of groups (user_namespaces(7)), since a file
// may also deny a group what it gives all others. So the groups still open
// files in a jail. identity.groups says what is done about that: masked
// refuses a grant that works by such a group alone, dropped has newgidmap(1)
// write the map and gives the groups up, keep does nothing.

// The rights of permission bits (inode(7)). Search of a directory allows to reach its
// entries.
const (
	mayRead   = 4
	mayWrite  = 2
	maySearch = 1
)

// Judge reports the grants of a view that the caller has only by a supplementary group,
// one diagnostic each, with the code "by-group". It looks at granted paths and the
// directories on the way, and not at the files below a granted directory, which could take
// minutes. With onlySockets, other grants are not judged: connections are made by the
// launcher, which has its groups although the program has dropped them.
func Judge(h *host.Host, view *fstree.View, onlySockets bool) diag.List {
	j := judge{h: h, view: view, sockets: onlySockets, ways: map[string]int{"/": noGroup}}
	j.node(view.Root)
	return j.problems
}

const noGroup = -1

type judge struct {
	h        *host.Host
	view     *fstree.View
	sockets  bool           // only they are judged
	ways     map[string]int // directories: the group that is needed to pass, or noGroup
	problems diag.List
}

func (j *judge) node(n *fstree.Node) {
	if gr := n.Grant; gr != nil && j.judges(gr.Kind) {
		j.grant(gr)
	}
	for _, kid := range n.Kids {
		j.node(kid)
	}
}

func (j *judge) judges(kind fstree.GrantKind) bool {
	switch kind {
	case fstree.GrantSocket:
		return true
	case fstree.GrantRead, fstree.GrantWrite, fstree.GrantOverlay:
		return !j.sockets
	}
	return false
}

func (j *judge) grant(gr *fstree.Grant) {
	path := j.view.HostPath(gr.Real)
	if gr.Source != "" && gr.Kind != fstree.GrantOverlay { // an overlay's source holds the changes
		path = gr.Source
	}
	o, ok := j.h.Files.Owner(path)
	if !ok {
		return // it is made by this launch
	}
	want := mayRead | o.Mode>>6&maySearch // to execute, for a file
	switch o.Mode & unix.S_IFMT {
	case unix.S_IFDIR, unix.S_IFREG:
		if gr.Kind == fstree.GrantWrite {
			want |= mayWrite
		}
	default:
		want |= mayWrite // a read-only mount does not forbid writing to a socket, a pipe or a device
	}
	if gid := j.needed(path, o, want); gid != noGroup {
		j.refuse(gr, path, path, gid)
	} else if way, gid := j.way(host.Parent(path)); gid != noGroup {
		j.refuse(gr, path, way, gid)
	}
}

// way finds a directory among dir and those before it that only a
// supplementary group lets the caller pass.
func (j *judge) way(dir string) (string, int) {
	for {
		gid, known := j.ways[dir]
		if !known {
			gid = noGroup
			if o, ok := j.h.Files.Owner(dir); ok {
				gid = j.needed(dir, o, maySearch)
			}
			j.ways[dir] = gid
		}
		if gid != noGroup || dir == "/" {
			return dir, gid
		}
		dir = host.Parent(dir)
	}
}

// needed returns the supplementary group without which the caller would lack
// one of the wanted rights that he has, or noGroup.
func (j *judge) needed(path string, o host.Owner, want uint32) int {
	if o.UID == j.h.UID || o.Mode&want == want && o.Mode>>3&want == want {
		return noGroup
	}
	acl := parseACL(j.h.Files.ACL(path))
	if acl == nil && (o.GID == j.h.GID || !slices.Contains(j.h.Groups, o.GID)) {
		return noGroup
	}
	for _, bit := range [...]uint32{mayRead, mayWrite, maySearch} {
		if want&bit == 0 || allowed(o, acl, j.h.UID, []int{j.h.GID}, bit) {
			continue
		}
		for _, gid := range j.h.Groups {
			if allowed(o, acl, j.h.UID, []int{j.h.GID, gid}, bit) {
				return gid
			}
		}
	}
	return noGroup
}

func (j *judge) refuse(gr *fstree.Grant, path, why string, gid int) {
	group := "the group " + strconv.Itoa(gid)
	if name := host.NameOf(j.h.Files.Text("/etc/group"), gid); name != "" {
		group = fmt.Sprintf("the group %s (%d)", diag.Quote(name), gid)
	}
	summary := fmt.Sprintf("%s is open to you only through %s, a supplementary group, which no jail is to have the use of", diag.Quote(path), group)
	if why != path {
		summary = fmt.Sprintf("%s can be reached only through %s, which is open to you only through %s, a supplementary group, which no jail is to have the use of",
			diag.Quote(path), diag.Quote(why), group)
	}
	d := diag.Diagnostic{
		Code: "by-group", Summary: summary,
		Remedy: "leave the path out, or let the program use your groups wherever it can: `identity: {groups: keep}`, or --groups keep",
	}
	if gr.At != nil {
		d.Subject = *gr.At
	}
	j.problems = append(j.problems, d)
}

// aclEntry is one of acl(5).
type aclEntry struct {
	tag  uint16
	perm uint32
	id   int
}

// Tags of entries (linux/posix_acl.h).
const (
	aclUser     = 0x02
	aclGroupObj = 0x04
	aclGroup    = 0x08
	aclMask     = 0x10
)

// parseACL takes the value of the attribute system.posix_acl_access apart
// (linux/posix_acl_xattr.h): a version, then entries of eight bytes.
func parseACL(b []byte) []aclEntry {
	const head, size, version = 4, 8, 2
	if len(b) < head || binary.LittleEndian.Uint32(b) != version {
		return nil
	}
	var acl []aclEntry
	for b = b[head:]; len(b) >= size; b = b[size:] {
		acl = append(acl, aclEntry{
			tag: binary.LittleEndian.Uint16(b), perm: uint32(binary.LittleEndian.Uint16(b[2:])), id: int(binary.LittleEndian.Uint32(b[4:])),
		})
	}
	return acl
}

// allowed is the kernel's decision about one right (acl(5), "Access check
// algorithm"), for a process with these groups and no capability.
func allowed(o host.Owner, acl []aclEntry, uid int, groups []int, bit uint32) bool {
	switch {
	case o.UID == uid:
		return o.Mode>>6&bit != 0
	case acl == nil && slices.Contains(groups, o.GID):
		return o.Mode>>3&bit != 0
	}
	mask := uint32(mayRead | mayWrite | maySearch)
	for _, e := range acl {
		if e.tag == aclMask {
			mask = e.perm
		}
	}
	member := false
	for _, e := range acl {
		switch {
		case e.tag == aclUser && e.id == uid:
			return e.perm&mask&bit != 0
		case e.tag == aclGroupObj && slices.Contains(groups, o.GID), e.tag == aclGroup && slices.Contains(groups, e.id):
			if e.perm&mask&bit != 0 {
				return true
			}
			member = true
		}
	}
	return !member && o.Mode&bit != 0
}
