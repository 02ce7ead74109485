package compile

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
)

// ownedFiles are files with owners; what is not listed belongs to root and is
// open to everybody.
type ownedFiles struct {
	jailtest.Files
	owners map[string]host.Owner
	acls   map[string][]byte
	texts  map[string]string
}

func (f ownedFiles) Owner(path string) (host.Owner, bool) {
	if o, ok := f.owners[path]; ok {
		return o, true
	}
	switch f.Kind(path) {
	case host.KindDir:
		return host.Owner{Mode: unix.S_IFDIR | 0o755}, true
	case host.KindFile:
		return host.Owner{Mode: unix.S_IFREG | 0o644}, true
	}
	return host.Owner{}, false
}

func (f ownedFiles) ACL(path string) []byte { return f.acls[path] }

func (f ownedFiles) Text(path string) string { return f.texts[path] }

// aclEntry is an entry of the attribute system.posix_acl_access (linux/posix_acl_xattr.h).
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

func aclOf(entries ...aclEntry) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, uint16(e.perm))
		b = binary.LittleEndian.AppendUint32(b, uint32(e.id))
	}
	return b
}

// N3: a grant that only a supplementary group makes work is refused; anything
// that works without is not.
func TestN3GrantsByGroup(t *testing.T) {
	const video, project = 44, 600
	file := func(uid, gid int, perm uint32) host.Owner {
		return host.Owner{UID: uid, GID: gid, Mode: unix.S_IFREG | perm}
	}
	for _, tc := range []struct {
		name    string
		o       host.Owner
		acl     []byte
		write   bool
		refused bool
	}{
		{name: "of the group", o: file(0, video, 0o640), refused: true},
		{name: "of the other group", o: file(0, project, 0o640), refused: true},
		{name: "of a stranger's group", o: file(0, 99, 0o640)},
		{name: "the caller's own", o: file(1000, video, 0o640)},
		{name: "of the primary group", o: file(0, 1000, 0o640)},
		{name: "open to all", o: file(0, video, 0o664)},
		{name: "open to all, to be written", o: file(0, video, 0o664), write: true, refused: true},
		{name: "to be executed", o: file(0, video, 0o754), refused: true},
		{name: "denied to the group", o: file(0, video, 0o604)},
		{name: "a socket", o: host.Owner{UID: 0, GID: video, Mode: unix.S_IFSOCK | 0o660}, refused: true},
		{name: "a device that all may read", o: host.Owner{UID: 0, GID: video, Mode: unix.S_IFCHR | 0o664}, refused: true},
		{name: "an ACL for the caller", o: file(0, video, 0o640), acl: aclOf(aclEntry{aclUser, 4, 1000}, aclEntry{aclGroupObj, 4, 0}, aclEntry{aclMask, 7, 0})},
		{name: "an ACL for the caller, masked", o: file(0, video, 0o640), acl: aclOf(aclEntry{aclUser, 4, 1000}, aclEntry{aclGroupObj, 4, 0}, aclEntry{aclMask, 0, 0})},
		{name: "an ACL for another", o: file(0, video, 0o640), acl: aclOf(aclEntry{aclUser, 4, 1001}, aclEntry{aclGroupObj, 4, 0}, aclEntry{aclMask, 4, 0}), refused: true},
		{name: "an ACL for the group", o: file(0, 0, 0o640), acl: aclOf(aclEntry{aclGroupObj, 0, 0}, aclEntry{aclGroup, 4, video}, aclEntry{aclMask, 4, 0}), refused: true},
		{name: "an ACL behind the primary group", o: file(0, 1000, 0o640), acl: aclOf(aclEntry{aclGroupObj, 0, 0}, aclEntry{aclGroup, 4, video}, aclEntry{aclMask, 4, 0}), refused: true},
	} {
		access := "read"
		if tc.write {
			access = "write"
		}
		for use, refused := range map[string]bool{"masked": tc.refused, "keep": false} {
			h := groupHost(video, project)
			f := h.Files.(ownedFiles)
			f.owners["/srv/docs/x"], f.acls["/srv/docs/x"] = tc.o, tc.acl
			_, problems := compileFor(t, "identity: {groups: "+use+"}\nfilesystem: {"+access+": [/srv/docs/x]}\n", h, "true")
			if got := codes(problems); slices.Contains(got, "by-group") != refused {
				t.Errorf("%s, %s: %v, want it refused: %v", tc.name, use, got, refused)
			}
		}
	}
}

// N3: likewise where only a directory on the way is the group's.
func TestN3WayByGroup(t *testing.T) {
	h := groupHost(44)
	h.Files.(ownedFiles).owners["/srv"] = host.Owner{UID: 0, GID: 44, Mode: unix.S_IFDIR | 0o750}
	c, problems := compileFor(t, "filesystem: {read: [/usr, /srv/docs/x]}\n", h, "true")
	if !slices.Contains(codes(problems), "by-group") || !strings.Contains(problems[len(problems)-1].Summary, `through "/srv"`) || !strings.Contains(problems[len(problems)-1].Summary, `"video" (44)`) {
		t.Errorf("%v", problems)
	}
	if c.Plan != nil {
		t.Error("there is a plan")
	}
	h.Groups = nil
	if _, problems := compileFor(t, "filesystem: {read: [/usr, /srv/docs/x]}\n", h, "true"); problems.HasErrors() {
		t.Errorf("without groups: %v", problems)
	}
}

// N3: groups are dropped with a map that somebody with privileges writes, or
// there is no plan.
func TestN3DroppedPlan(t *testing.T) {
	const profile = "identity: {groups: dropped}\nfilesystem: {read: [/usr]}\n"
	for _, tc := range []struct{ subgid, want string }{
		{"bob:1:1\nann:100000:65536\n", "1000 1000 1 100000 100000 1"},
		{"1000:7:1\n", "1000 1000 1 7 7 1"},
		{"ann:1000:1\n", "1000 1000 1 1001 1000 1"}, // newgidmap has the last word
		{"ann:0:5\nann:x:5\nann:5:0\nann:5\nbob:5:5\n", ""},
		{"", ""},
	} {
		h := groupHost(44)
		f := h.Files.(ownedFiles)
		f.Files["/usr/bin/newgidmap"] = "x"
		f.texts["/etc/subgid"] = tc.subgid
		c, problems := compileFor(t, profile, h, "true")
		if tc.want == "" {
			if !slices.Contains(codes(problems), "groups-stay") || c.Plan != nil {
				t.Errorf("%q: %v, plan %v", tc.subgid, problems, c.Plan != nil)
			}
			continue
		}
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		if c.Plan.GroupMap.Map != tc.want || len(c.Plan.KeptGroups) != 0 {
			t.Errorf("%q: the map %q, kept %v", tc.subgid, c.Plan.GroupMap.Map, c.Plan.KeptGroups)
		}
		var calls []string
		for i := range c.Plan.Setup {
			if op := &c.Plan.Setup[i]; op.Name == "setgroups" && op.Each || op.Name == "openat" && strings.Contains(op.String(), "_map") || op.Name == "open_tree_attr" && len(calls) < 3 {
				calls = append(calls, op.Name)
			}
		}
		if !slices.Equal(calls, []string{"openat", "setgroups", "open_tree_attr"}) {
			t.Errorf("the order is %v", calls)
		}
	}
	h := groupHost(44)
	h.Files.(ownedFiles).texts["/etc/subgid"] = "ann:100000:1\n"
	if c, problems := compileFor(t, profile, h, "true"); c.Plan != nil || !slices.Contains(codes(problems), "groups-stay") {
		t.Errorf("without newgidmap: %v", problems)
	}
	h.Groups = nil
	if c, problems := compileFor(t, profile, h, "true"); problems.HasErrors() || c.Plan.GroupMap.Program != "" {
		t.Errorf("without groups: %v", problems)
	}
}

func groupHost(groups ...int) *host.Host {
	h := jailtest.Desktop()
	h.Groups = groups
	h.Files = ownedFiles{
		Files: h.Files.(jailtest.Files), owners: map[string]host.Owner{}, acls: map[string][]byte{},
		texts: map[string]string{"/etc/group": "root:x:0:\nvideo:x:44:ann\n"},
	}
	return h
}

func codes(problems diag.List) []string {
	var out []string
	for i := range problems {
		out = append(out, problems[i].Code)
	}
	return out
}
