package host

import (
	"slices"
	"strings"
)

// uidMap is /proc/self/uid_map in words, three for each range of user ids: the
// first one inside, the first one outside, and how many (user_namespaces(7)). It
// is empty when it can't be read.
func uidMap() []string {
	var buf [256]byte
	n, err := readFile("/proc/self/uid_map", buf[:])
	if err != nil {
		return nil
	}
	return strings.Fields(string(buf[:n]))
}

// FirstUserNamespace tells whether this process is in the first user namespace of
// the machine, which maps every id to itself.
func FirstUserNamespace() bool { return slices.Equal(uidMap(), []string{"0", "0", "4294967295"}) }

// mapsRoot tells whether root here is root where this user namespace was made.
func mapsRoot() bool {
	m := uidMap()
	return len(m) < 3 || m[0] == "0" && m[1] == "0"
}
