package compile

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/groups"
	"github.com/jail-project/jail/jail/plan"
)

// judgeGroups does what identity.groups says about the supplementary groups: see package
// groups.
func (k *compiler) judgeGroups() {
	if len(k.h.Groups) == 0 || k.h.RunAs > 0 {
		return
	}
	use := k.p.Identity.Groups.V
	if use == "dropped" {
		k.findSubordinate()
	} else {
		k.plan.KeptGroups = k.h.Groups
	}
	if use != "keep" {
		k.problems = append(k.problems, groups.Judge(k.h, k.view, use == "dropped")...)
	}
}

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
