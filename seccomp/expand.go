package seccomp

import "slices"

// List tells where the rule stands that decided about a syscall.
type List int

// The places a decision can come from.
const (
	InAllow   List = iota // a rule of Filter.Allow
	InDeny                // a rule of Filter.Deny
	ByDefault             // no rule matches: Filter.Default
	Unknown               // the number has no name in this build: ENOSYS
	Foreign               // the ABI is not in Filter.Arches: the process dies
	BySetID               // Filter.NoSetID
	ByPIDs                // Filter.OthersInSight
	ByPorts               // Filter.TCPPorts
)

// String names the list as a profile does.
func (l List) String() string {
	if l < 0 || l > ByPorts {
		return "invalid"
	}
	return [...]string{"allow", "deny", "default", "unknown", "foreign", "restrict-suid-sgid", "pid", "connect"}[l]
}

// Entry is one rule of a Filter as it applies to one syscall: groups are
// opened, and the conditions of a rule that names a group are joined with
// those of the member.
type Entry struct {
	Name   string
	When   []Cond
	Answer // to a call that the entry decides
	List   List
	Index  int      // of the rule in Filter.Allow or Filter.Deny, -1 elsewhere
	Path   []string // from the rule's name to the syscall: @default, @file-system, openat
}

// Expand opens every group of a filter, in the order of the rules, Deny
// before Allow, and adds guardEntries. Names that are neither a group
// nor a syscall are left out: Check reports them.
//
// A rule of Deny applies its own action to every member of a group, including
// members that the group does not grant; a rule of Allow keeps the action of
// such a member.
func Expand(f Filter) []Entry {
	var entries []Entry
	for i := range f.Deny {
		entries = appendRule(entries, f.Deny[i], InDeny, i, nil)
	}
	for i := range f.Allow {
		entries = appendRule(entries, f.Allow[i], InAllow, i, nil)
	}
	return append(entries, guardEntries(f)...)
}

// appendRule adds the entries that one rule stands for. Groups do not nest in
// circles; a test says so.
func appendRule(entries []Entry, rule Rule, list List, index int, path []string) []Entry {
	path = append(slices.Clip(path), rule.Name)
	members := Group(rule.Name)
	for i := range members {
		member := members[i]
		if list == InDeny || member.Action == Allow {
			member.Action, member.Errno = rule.Action, rule.Errno
		}
		member.When = append(slices.Clip(rule.When), member.When...)
		entries = appendRule(entries, member, list, index, path)
	}
	if !IsSyscall(rule.Name) {
		return entries
	}
	return append(entries, Entry{
		Name: rule.Name, When: rule.When, Answer: answerOf(rule.Action, rule.Errno), List: list, Index: index, Path: path,
	})
}

// Explain returns what decides about one syscall, in the order in which it is
// asked: the first entry whose conditions hold for a call decides about that
// call. The last entry has no conditions; it is the default when no rule
// decides in every case.
func Explain(f Filter, name string) []Entry {
	return decisive(f, Expand(f), name)
}

// decisive is Explain for entries that hold at least all those of the syscall.
func decisive(f Filter, entries []Entry, name string) []Entry {
	sorted := order(f, entries, name)
	if n := len(sorted); n > 0 && len(sorted[n-1].When) == 0 {
		return sorted
	}
	return append(sorted, Entry{
		Name: name, Answer: answerOf(f.Default, 0), List: ByDefault, Index: -1, Path: []string{name},
	})
}

// order picks the entries of one syscall and sorts them by precedence: Deny
// before Allow and within Deny the later rule before the earlier, so that a
// later layer of a profile has the last word; see insertGuards for its place. In Allow the rules that grant
// come first, then those that grant and log, then members that say how a call
// is refused; so a call that one rule grants is not taken back by a group that
// happens to hold it as refused. Where the default lets calls through, an allow
// rule has nothing to refuse, and such members are left out. So is what follows
// an entry without conditions: it is never asked.
func order(f Filter, entries []Entry, name string) []Entry {
	var sorted []Entry
	for _, entry := range slices.Backward(entries) {
		if entry.Name == name && entry.List == InDeny {
			sorted = append(sorted, entry)
		}
	}
	sorted = insertGuards(sorted, entries, name)
	for _, grants := range [...]func(Action) bool{
		func(a Action) bool { return a == Allow },
		func(a Action) bool { return a == Log },
		func(a Action) bool { return a != Allow && a != Log && f.Default != Allow && f.Default != Log },
	} {
		for i := range entries {
			if entries[i].Name == name && entries[i].List == InAllow && grants(entries[i].Action) {
				sorted = append(sorted, entries[i])
			}
		}
	}
	for i := range sorted {
		if len(sorted[i].When) == 0 {
			return sorted[:i+1]
		}
	}
	return sorted
}
