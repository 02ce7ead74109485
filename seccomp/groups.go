package seccomp

// group is a named set of syscalls. Members are syscalls and other groups,
// taken without conditions; rules are the members with conditions or with an
// action of their own.
type group struct {
	name    string
	doc     string
	members []string
	rules   []Rule
}

func (g group) key() string { return g.name }

// IsGroup reports whether name, with its "@", is a group.
func IsGroup(name string) bool { return find(groupTable[:], name) != nil }

// GroupNames returns every group name, with the "@", sorted.
func GroupNames() []string { return namesOf(groupTable[:]) }

// GroupDoc says in a few words what the members of a group are for; "" for an
// unknown group.
func GroupDoc(name string) string {
	if g := find(groupTable[:], name); g != nil {
		return g.doc
	}
	return ""
}

// Group returns the members of a group as rules: syscalls, other groups, and
// syscalls with conditions. A member with an action other than Allow is not
// granted by the group but says how it is refused. An unknown group has no
// members. The conditions are shared with the table and must not be changed.
func Group(name string) []Rule {
	g := find(groupTable[:], name)
	if g == nil {
		return nil
	}
	rules := make([]Rule, 0, len(g.members)+len(g.rules))
	for _, member := range g.members {
		rules = append(rules, Rule{Name: member})
	}
	return append(rules, g.rules...)
}
