package host

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// mapProgramPaths are the places of newgidmap(1). It is not looked for in PATH: a
// directory of a project may be in there.
var mapProgramPaths = [...]string{"/usr/bin/newgidmap", "/bin/newgidmap", "/run/wrappers/bin/newgidmap"}

// Subordinate is the help that dropping groups takes: the program that may
// write the map, and a group id that was given to the caller for such maps.
// The kernel leaves setgroups(2) on in the namespace because newgidmap does,
// and newgidmap does where the map holds such an id.
type Subordinate struct {
	Program string
	GID     int
}

// Subordinate tells by what the caller's groups could be dropped, or why they
// can't be.
func (h *Host) Subordinate() (Subordinate, error) {
	at := slices.IndexFunc(mapProgramPaths[:], h.Files.Executable)
	if at < 0 {
		return Subordinate{}, errors.New("there is no newgidmap")
	}
	// newgidmap asks who the caller is; it is enough to guess that well.
	who := []string{h.User, strconv.Itoa(h.UID), NameOf(h.Files.Text("/etc/passwd"), h.UID)}
	for line := range strings.Lines(h.Files.Text("/etc/subgid")) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 || f[0] == "" || !slices.Contains(who, f[0]) {
			continue
		}
		first, errFirst := strconv.ParseUint(f[1], 10, 31)
		count, errCount := strconv.ParseUint(f[2], 10, 31)
		if errFirst == nil && errCount == nil && first > 0 && count > 0 {
			return Subordinate{Program: mapProgramPaths[at], GID: int(first)}, nil
		}
	}
	return Subordinate{}, errors.New("/etc/subgid gives you no group ids")
}
