package jail

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
)

// A process that an unprivileged user puts into a user namespace keeps his
// supplementary groups: the kernel allows setgroups(2) there only if somebody
// with privileges wrote the map of groups (user_namespaces(7)), since a file
// may also deny a group what it gives all others. So the groups still open
// files in a jail. identity.groups says what is done about that: masked
// refuses a grant that works by such a group alone, dropped has newgidmap(1)
// write the map and gives the groups up, keep does nothing.

// Owner is what the mode of a file is about: chown(2), inode(7).
type Owner struct {
	UID, GID int
	Mode     uint32 // with the type
}

// What permission bits allow (inode(7)); in a directory, search stands for
// reaching what is in it.
const (
	mayRead   = 4
	mayWrite  = 2
	maySearch = 1
)

// KeptGroups are the supplementary groups of the caller that count in a jail
// of this plan, wherever a granted directory holds a file of theirs.
func (p *Plan) KeptGroups() []int { return p.groups }

// judgeGroups refuses grants that the caller has only by a supplementary
// group. It looks at what is granted and at the way to it; what lies below a
// granted directory is not looked at, which could take minutes.
func (k *compiler) judgeGroups() {
	if len(k.h.Groups) == 0 || k.h.RunAs > 0 {
		return
	}
	use := k.p.Identity.Groups.V
	if use == "dropped" {
		k.findSubordinate()
	} else {
		k.plan.groups = k.h.Groups
	}
	if use == "keep" {
		return
	}
	// Connections are made by the launcher, which has its groups in any case.
	j := groupJudge{h: k.h, sockets: use == "dropped", ways: map[string]int{"/": noGroup}}
	j.node(k.view.root)
	k.problems = append(k.problems, j.problems...)
}

const noGroup = -1

type groupJudge struct {
	h        *Host
	sockets  bool           // only they are judged
	ways     map[string]int // directories: the group that is needed to pass, or noGroup
	problems diag.List
}

func (j *groupJudge) node(n *node) {
	if gr := n.grant; gr != nil && j.judges(gr.kind) {
		j.grant(gr)
	}
	for _, kid := range n.kids {
		j.node(kid)
	}
}

func (j *groupJudge) judges(kind grantKind) bool {
	switch kind {
	case grantSocket:
		return true
	case grantRead, grantWrite, grantOverlay:
		return !j.sockets
	}
	return false
}

func (j *groupJudge) grant(gr *grant) {
	path := gr.real
	if gr.source != "" && gr.kind != grantOverlay { // an overlay's source holds the changes
		path = gr.source
	}
	o, ok := j.h.Files.Owner(path)
	if !ok {
		return // it is made by this launch
	}
	want := mayRead | o.Mode>>6&maySearch // to execute, for a file
	switch o.Mode & unix.S_IFMT {
	case unix.S_IFDIR, unix.S_IFREG:
		if gr.kind == grantWrite {
			want |= mayWrite
		}
	default:
		want |= mayWrite // a read-only mount keeps nobody from a socket, a pipe or a device
	}
	if gid := j.needed(path, o, want); gid != noGroup {
		j.refuse(gr, path, path, gid)
	} else if way, gid := j.way(parentOf(path)); gid != noGroup {
		j.refuse(gr, path, way, gid)
	}
}

// way finds a directory among dir and those before it that only a
// supplementary group lets the caller pass.
func (j *groupJudge) way(dir string) (string, int) {
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
		dir = parentOf(dir)
	}
}

// needed returns the supplementary group without which the caller would lack
// one of the wanted rights that he has, or noGroup.
func (j *groupJudge) needed(path string, o Owner, want uint32) int {
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

func (j *groupJudge) refuse(gr *grant, path, why string, gid int) {
	group := "the group " + strconv.Itoa(gid)
	if name := nameOf(j.h.Files.Text("/etc/group"), gid); name != "" {
		group = fmt.Sprintf("the group %s (%d)", diag.Quote(name), gid)
	}
	summary := fmt.Sprintf("%s is open to you only through %s, a supplementary group, which no jail is to have the use of", diag.Quote(path), group)
	if why != path {
		summary = fmt.Sprintf("%s can be reached only through %s, which is open to you only through %s, a supplementary group, which no jail is to have the use of",
			diag.Quote(path), diag.Quote(why), group)
	}
	j.problems = append(j.problems, diag.Diagnostic{
		Code: "by-group", Summary: summary, Subject: *atOrNone(gr.at),
		Remedy: "leave the path out, or let the program use your groups wherever it can: `identity: {groups: keep}`, or --groups keep",
	})
}

// nameOf looks a number up in the text of group(5) or passwd(5).
func nameOf(text string, id int) string {
	for line := range strings.Lines(text) {
		if f := strings.Split(line, ":"); len(f) > 2 && f[2] == strconv.Itoa(id) {
			return f[0]
		}
	}
	return ""
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
// algorithm"), for somebody with these groups and no capability.
func allowed(o Owner, acl []aclEntry, uid int, groups []int, bit uint32) bool {
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
