package score

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func identityChecks() []Check {
	return []Check{
		rootOutsideCheck(),
		rootInsideCheck(),
		groupsCheck(),
		pathChecked("machine-id", "the host cannot be recognised by its machine id", 3, "/etc/machine-id",
			"identity: {machine-id: random}", "programs that bind a licence to the machine"),
		hostNameCheck(),
	}
}

func rootOutsideCheck() Check {
	return Check{
		ID: "root-outside", Doc: "the program is not root outside", Weight: 40, Range: 10,
		Fix: "start jail as an ordinary user", Cost: "files of root cannot be granted",
		assess: func(f *facts) outcome {
			o := either(f.outside != "0" && f.mapped, 10, "outside it is user "+f.outside, "outside it is root")
			o.escape = true
			return o
		},
		ask: func(f *facts, _ *Outside) []Question {
			ids := func(answer string) string { return strings.Join(strings.Fields(asIs(answer)), " ") }
			return askOne("the map of user ids", f.inside+" "+f.outside+" 1", toRead("/proc/self/uid_map"), ids)
		},
	}
}

func rootInsideCheck() Check {
	return Check{
		ID: "root-inside", Doc: "the program is not user 0 inside", Weight: 5, Range: 10,
		Fix: "identity: {user: keep}", Cost: "programs that insist on being root",
		assess: func(f *facts) outcome {
			u := &f.Policy.Identity.User
			return either(f.inside != "0", 10, "inside it is user "+f.inside, "inside it is user 0", leaf("identity.user", u.V, u.Origin))
		},
		ask: func(f *facts, _ *Outside) []Question {
			return askStatus("Uid", "the user id", f.inside, func(ids string) string {
				id, _, _ := strings.Cut(ids, "\t")
				return id
			})
		},
	}
}

func groupsCheck() Check {
	return Check{
		ID: "groups", Doc: "no supplementary group of the caller's counts", Weight: 10, Range: 10,
		Fix: "identity: {groups: dropped}", Cost: "files of the groups; a start that takes longer",
		assess: func(f *facts) outcome {
			if len(f.Groups) == 0 {
				return outcome{state: NotApplicable, detail: "none is left in the jail"}
			}
			return outcome{
				badness: 10, detail: fmt.Sprintf("%d groups of the caller still count where a path is granted", len(f.Groups)),
				by: []Cause{leaf("identity.groups", f.Policy.Identity.Groups.V, f.Policy.Identity.Groups.Origin)},
			}
		},
		ask: func(f *facts, _ *Outside) []Question {
			// An id that the jail has no number for can be there more than once.
			others := func(ids string) string {
				own := func(id string) bool { return id == f.insideGroup }
				return strconv.Itoa(len(slices.DeleteFunc(strings.Fields(ids), own)))
			}
			return askStatus("Groups", "the number of groups beside the own one", strconv.Itoa(len(f.Groups)), others)
		},
	}
}

func hostNameCheck() Check {
	return Check{
		ID: "host-name", Doc: "the host's name is not shown", Weight: 2, Range: 10,
		Fix: "namespaces: {uts: true}", Cost: "programs that look themselves up by name",
		assess: func(f *facts) outcome {
			return either(f.own(unix.CLONE_NEWUTS) && f.hostName, 10, "it has a name of its own", "it has the host's name",
				leaf("namespaces.uts", strconv.FormatBool(f.own(unix.CLONE_NEWUTS)), f.Policy.Namespaces.UTS.Origin))
		},
		ask: func(f *facts, _ *Outside) []Question {
			if !f.own(unix.CLONE_NEWUTS) || !f.hostName {
				return nil
			}
			return askOne("the host name", f.Policy.Identity.Hostname.V, toRead("/proc/sys/kernel/hostname"), asIs)
		},
	}
}

// pathChecked is a pathCheck of one secret path, with its remedy.
func pathChecked(id, doc string, weight int, path, fix, cost string) Check {
	c := pathCheck(id, doc, weight, secret(), none, fixed(path))
	c.Fix, c.Cost = fix, cost
	return c
}
