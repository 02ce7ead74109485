package score

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/policy"
)

// Check is one question about a plan. The table of all is in Checks; a check
// for a new layer of confinement is a row there.
type Check struct {
	ID     string // stable; programs compare it
	Group  string
	Doc    string // what is good, in a few words
	Weight int    // how much it counts
	Range  int    // the badness of the worst outcome

	Fix  string // how to close it: a line of a profile, or what to do; "" where every jail has it
	Cost string // what the program loses by that

	assess func(*facts) outcome
	// ask turns the check into questions for a probe inside. Without it,
	// Unmeasured says why nothing inside can tell.
	ask        func(*facts, *Outside) []Question
	Unmeasured string
}

// outcome is what a check finds. The state is worked out from the badness
// unless it is set.
type outcome struct {
	state   State
	badness int
	escape  bool
	named   int // how many paths it is about
	detail  string
	by      []Cause
}

// group is a part of the table.
func group(name string, checks ...Check) []Check {
	for i := range checks {
		c := &checks[i]
		if c.Group = name; c.Fix == "" {
			c.Fix, c.Cost = "every jail has it", "nothing"
		}
	}
	return checks
}

// Checks is the table of all checks, in the order in which they are shown.
func Checks() []Check {
	return slices.Concat(
		group("files", fileChecks()...),
		group("mounts", mountChecks()...),
		group("own files", ownChecks()...),
		group("identity", identityChecks()...),
		group("capabilities", capabilityChecks()...),
		group("syscalls", syscallChecks()...),
		group("namespaces", namespaceChecks()...),
		group("network", networkChecks()...),
		group("services", serviceChecks()...),
		group("environment", environmentChecks()...),
		group("processes", processChecks()...),
		group("resources", resourceChecks()...),
	)
}

// either makes the outcome of a check that is either closed or open.
func either(c bool, badness int, closed, open string, by ...Cause) outcome {
	if c {
		return outcome{detail: closed, by: by}
	}
	return outcome{badness: badness, detail: open, by: by}
}

// leaf is the cause of what one key of the profile decides.
func leaf(key, value string, o policy.Origin) Cause {
	if o.IsDefault() {
		return Cause{Rule: key + ": " + value + " (the default)"}
	}
	return Cause{Rule: key + ": " + value, At: o.At}
}

// byJail is the cause of what every jail has.
func byJail(what string) Cause { return Cause{Rule: "jail itself: " + what} }

// pathCause names what decides about a path; nothing decides about what no
// rule shows.
func pathCause(e *fstree.Explanation) []Cause {
	g := e.By
	switch {
	case g == nil:
		return nil
	case g.Key != "":
		return []Cause{{Rule: g.Key, At: g.At}}
	case g.Rule != nil && g.Rule.Access == policy.Connect:
		return []Cause{socketCause(g.Rule)}
	case g.Rule != nil:
		access := [...]string{"read", "write", "hide", "tmpfs", "overlay"}[g.Rule.Access]
		return []Cause{{Rule: "filesystem." + access + ": " + g.Rule.Path, At: g.At}}
	case g.Guard:
		return []Cause{byJail("the protection of " + g.Written)}
	}
	return []Cause{byJail(g.Written)}
}

// few joins names for people, the first of many.
func few(names []string) string {
	const most = 4
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}
