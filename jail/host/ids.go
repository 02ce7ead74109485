package host

import (
	"strconv"
	"strings"
)

// Nobody is the user and group that stand for all that a namespace has no
// number for (user_namespaces(7), overflowuid).
const Nobody = 65534

// InsideIDs tells which user and group the caller is in a jail whose profile has this
// identity.user.
func (h *Host) InsideIDs(user string) (uid, gid int, ok bool) {
	switch user {
	case "", "keep":
		return h.UID, h.GID, true
	case "root":
		return 0, 0, true
	case "nobody":
		return Nobody, Nobody, true
	}
	n, err := strconv.ParseUint(user, 10, 31)
	return int(n), int(n), err == nil
}

// NameOf looks a number up in the text of group(5) or passwd(5).
func NameOf(text string, id int) string {
	for line := range strings.Lines(text) {
		if f := strings.Split(line, ":"); len(f) > 2 && f[2] == strconv.Itoa(id) {
			return f[0]
		}
	}
	return ""
}
