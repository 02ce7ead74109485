package trust

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The files in which accounts and groups are looked up: passwd(5), group(5). Whom another
// service knows (nsswitch.conf(5)) is in neither, and has no group that is taken to be
// theirs alone.
const (
	passwdFile = "/etc/passwd"
	groupFile  = "/etc/group"
)

// overflow is who owns a file of somebody that the user namespace has no id for.
const overflow = 65534

// owned reports whether an owner is root or the user.
func owned(uid int, owner uint32) bool { return owner == 0 || owner == uint32(uid) }

// leads is owned for what is on the way. In a user namespace that has no id for the
// host's root, as in another sandbox, root's directories belong to nobody.
func leads(uid int, owner uint32) bool { return owned(uid, owner) || owner == overflow && !rootHasID() }

// rootHasID tells whether this user namespace has an id for user 0 outside of it, as the
// first namespace has for everybody.
func rootHasID() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return true
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[1] == "0" {
			return true
		}
	}
	return false
}

// alone reports whether nobody but the user and root is in a group: it is the user's own,
// of the same name as the account, as many distributions make one for each user, and has
// no other members. Nor may an access list (acl(5)) of the file let others write: the
// group's part of the mode stands for all of it then.
func alone(uid, gid int, name string) bool {
	if n, err := unix.Lgetxattr(name, "system.posix_acl_access", nil); n > 0 || err != nil && err != unix.ENODATA && err != unix.EOPNOTSUPP {
		return false
	}
	accounts, err := os.ReadFile(passwdFile)
	if err != nil {
		return false
	}
	groups, err := os.ReadFile(groupFile)
	return err == nil && ownGroup(string(accounts), string(groups), uid, gid)
}

// ownGroup is alone by the texts of the two files.
func ownGroup(accounts, groups string, uid, gid int) bool {
	var user string
	for line := range strings.Lines(accounts) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 4 {
			continue
		}
		if f[2] == strconv.Itoa(uid) && f[3] == strconv.Itoa(gid) && user == "" {
			user = f[0]
		} else if f[3] == strconv.Itoa(gid) {
			return false // somebody else begins in it
		}
	}
	found := false
	for line := range strings.Lines(groups) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 4 || f[2] != strconv.Itoa(gid) {
			continue
		}
		found = f[0] == user
		members := strings.FieldsFunc(f[3], func(r rune) bool { return r == ',' })
		if !found || slices.ContainsFunc(members, func(m string) bool { return m != user && m != "root" }) {
			return false
		}
	}
	return user != "" && found
}
