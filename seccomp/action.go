package seccomp

import "slices"

// actionNames are the spellings of a profile, indexed by Action.
var actionNames = [...]string{Allow: "allow", Errno: "errno", Kill: "kill", Log: "log"}

// ActionNames returns the spellings that ParseAction accepts.
func ActionNames() []string { return actionNames[:] }

// ParseAction resolves the name of an action as a profile writes it.
func ParseAction(name string) (Action, bool) {
	i := slices.Index(actionNames[:], name)
	return Action(max(i, 0)), i >= 0
}

// String is the name of the action as a profile writes it.
func (a Action) String() string {
	if a < 0 || int(a) >= len(actionNames) {
		return "invalid"
	}
	return actionNames[a]
}
