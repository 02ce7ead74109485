package compile

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// findSubordinate decides by what the groups of this launch are dropped.
func (k *compiler) findSubordinate() {
	if k.c.Inside != nil {
		return // the map is that of the other jail, which drops them as well
	}
	s, err := k.h.Subordinate()
	_, gid, ok := k.h.InsideIDs(k.p.Identity.User.V)
	if err != nil {
		k.problem("groups-stay", "your supplementary groups can't be dropped: "+err.Error(), &k.p.Identity.Groups.At,
			"install newgidmap (the package uidmap, shadow or shadow-utils) and have root run "+
				"`usermod --add-subgids 100000-165535 "+k.h.User+"`; or `groups: masked`, which refuses what is granted by such a group alone")
		return
	}
	if !ok {
		return // reported by identity
	}
	inside := s.GID
	if inside == gid {
		inside++
	}
	k.plan.GroupMap = plan.GroupMap{
		Program: s.Program, Map: fmt.Sprintf("%d %d 1 %d %d 1", gid, k.h.GID, inside, s.GID), At: k.p.Identity.Groups.At,
	}
}

// dropGroups gives the supplementary groups up, before anything is looked at
// in their name.
func (k *compiler) dropGroups(b *builder) {
	if k.plan.GroupMap.Program == "" && (k.c.Inside == nil || k.p.Identity.Groups.V != "dropped") {
		return
	}
	b.because("drop", "supplementary groups", &k.p.Identity.Groups.At)
	b.call("setgroups", unix.SYS_SETGROUPS, plan.NoSlot, num(0, ""), null())
}
