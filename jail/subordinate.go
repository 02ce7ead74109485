package jail

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
)

// mapProgramPaths are the places of newgidmap(1). It is not looked for in PATH: a
// directory of a project may be in there.
var mapProgramPaths = [...]string{"/usr/bin/newgidmap", "/bin/newgidmap", "/run/wrappers/bin/newgidmap"}

// subordinate is the help that dropping groups takes: the program that may
// write the map, and a group id that was given to the caller for such maps.
// The kernel leaves setgroups(2) on in the namespace because newgidmap does,
// and newgidmap does where the map holds such an id.
type subordinate struct {
	program string
	gid     int
}

// Subordinate tells by what the caller's groups could be dropped, or why they
// can't be.
func (h *Host) Subordinate() (program string, err error) {
	s, err := h.findSubordinate()
	return s.program, err
}

func (h *Host) findSubordinate() (subordinate, error) {
	var s subordinate
	for _, path := range mapProgramPaths {
		if h.Files.Executable(path) {
			s.program = path
			break
		}
	}
	if s.program == "" {
		return s, errors.New("there is no newgidmap")
	}
	// newgidmap asks who the caller is; it is enough to guess that well.
	who := []string{h.User, strconv.Itoa(h.UID), nameOf(h.Files.Text("/etc/passwd"), h.UID)}
	for line := range strings.Lines(h.Files.Text("/etc/subgid")) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 || f[0] == "" || !slices.Contains(who, f[0]) {
			continue
		}
		first, errFirst := strconv.ParseUint(f[1], 10, 31)
		count, errCount := strconv.ParseUint(f[2], 10, 31)
		if errFirst == nil && errCount == nil && first > 0 && count > 0 {
			s.gid = int(first)
			return s, nil
		}
	}
	return s, errors.New("/etc/subgid gives you no group ids")
}

// findSubordinate decides by what the groups of this launch are dropped.
func (k *compiler) findSubordinate() {
	s, err := k.h.findSubordinate()
	_, gid, ok := insideIDs(k.p.Identity.User.V, k.h)
	if err != nil {
		k.problems = append(k.problems, diag.Diagnostic{
			Code: "groups-stay", Summary: "your supplementary groups can't be dropped: " + err.Error(), Subject: k.p.Identity.Groups.At,
			Remedy: "install newgidmap (the package uidmap, shadow or shadow-utils) and have root run " +
				"`usermod --add-subgids 100000-165535 " + k.h.User + "`; or `groups: masked`, which refuses what is granted by such a group alone",
		})
		return
	}
	if !ok {
		return // reported by identity
	}
	inside := s.gid
	if inside == gid {
		inside++
	}
	k.plan.subordinate, k.plan.groupsAt = s.program, k.p.Identity.Groups.At
	k.plan.groupMap = fmt.Sprintf("%d %d 1 %d %d 1", gid, k.h.GID, inside, s.gid)
}

// dropGroups gives the supplementary groups up, before anything is looked at
// in their name.
func (k *compiler) dropGroups(b *builder) {
	if k.plan.subordinate == "" {
		return
	}
	b.because("drop", "supplementary groups", &k.p.Identity.Groups.At)
	b.call("setgroups", unix.SYS_SETGROUPS, NoSlot, num(0, ""), null())
}

// writeGroupMap has newgidmap write the map of groups of the jail's first
// process.
func (p *Plan) writeGroupMap(pid int) error {
	if p.subordinate == "" {
		return nil
	}
	argv := append([]string{p.subordinate, strconv.Itoa(pid)}, strings.Fields(p.groupMap)...)
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /dev/null: %w", err)
	}
	defer func() { _ = unix.Close(null) }()
	stdio := []uintptr{uintptr(null), uintptr(null), uintptr(null)}
	helper, err := syscall.ForkExec(p.subordinate, argv, &syscall.ProcAttr{Env: []string{}, Files: stdio})
	if err != nil {
		return p.mapRefusal("cannot start " + p.subordinate + ": " + err.Error())
	}
	if status := reap(helper); !status.Exited() || status.ExitStatus() != 0 {
		return p.mapRefusal(fmt.Sprintf("%s refused to map the groups %q", p.subordinate, p.groupMap))
	}
	return nil
}

func (p *Plan) mapRefusal(why string) *Refusal {
	return &Refusal{Problem: diag.Diagnostic{
		Code: "groups-stay", Summary: "your supplementary groups can't be dropped: " + why, Subject: p.groupsAt,
		Remedy: "`newgidmap PID " + p.groupMap + "` tells more; it can do nothing where setuid programs have no effect, as in many containers",
	}}
}
