package policy

import "github.com/jail-project/jail/seccomp"

// resolveSyscalls lets a rule without conditions take back what earlier
// layers say about the same call in the other list, with conditions or
// without. Rules with the very same conditions are settled by resolveKeys.
func resolveSyscalls(lists []*leaf) {
	allow, deny := lists[0], lists[1]
	allowed, denied := unconditional(allow), unconditional(deny)
	openGroups(deny, allowed)
	cut(deny, allowed)
	cut(allow, denied)
}

// unconditional returns the rules of a list that have no conditions, by what
// they name.
func unconditional(l *leaf) map[string]*item {
	whole := make(map[string]*item)
	for it := range l.live {
		if rule := it.data.(*SyscallRule); len(rule.Rule.When) == 0 {
			whole[rule.Rule.Name] = it
		}
	}
	return whole
}

// cut retires the rules that a rule of a later layer takes back.
func cut(weaker *leaf, whole map[string]*item) {
	for it := range weaker.live {
		rule := it.data.(*SyscallRule)
		if w := whole[rule.Rule.Name]; w != nil && w.layer > it.layer {
			w.beat(it)
		}
	}
}

// openGroups replaces a denied group by its members when a later layer
// allows one of them by name: a filter lets deny win over allow, so the
// member must not be denied through its group either. cut then retires it.
func openGroups(deny *leaf, allowed map[string]*item) {
	opened := deny.items[:0:0]
	known := make(map[string]bool, len(deny.items))
	for it := range deny.live {
		known[it.key] = true
	}
	changed := false
	for it := range deny.live {
		rule := it.data.(*SyscallRule).Rule
		if !seccomp.IsGroup(rule.Name) || !takesBack(rule.Name, it.layer, allowed) {
			opened = append(opened, *it)
			continue
		}
		changed = true
		opened = appendMembers(opened, it, rule, allowed, known)
	}
	if changed {
		deny.items, deny.index = opened, nil
	}
}

// takesBack reports whether a layer above allows a member of the group.
func takesBack(group string, layer int, allowed map[string]*item) bool {
	for _, member := range seccomp.Group(group) {
		if a := allowed[member.Name]; a != nil && a.layer > layer {
			return true
		}
		if seccomp.IsGroup(member.Name) && takesBack(member.Name, layer, allowed) {
			return true
		}
	}
	return false
}

// appendMembers adds the members of a group as rules of their own, opening
// further groups where that is needed. A member that another rule of the list
// denies is left to that rule.
func appendMembers(out []item, it *item, rule seccomp.Rule, allowed map[string]*item, known map[string]bool) []item {
	for _, member := range seccomp.Group(rule.Name) {
		member.Action, member.Errno = rule.Action, rule.Errno
		if seccomp.IsGroup(member.Name) && takesBack(member.Name, it.layer, allowed) {
			out = appendMembers(out, it, member, allowed, known)
			continue
		}
		one := *it
		one.key, one.text, one.data = ruleKey(&member), member.Name, &SyscallRule{Rule: member}
		if !known[one.key] {
			known[one.key] = true
			out = append(out, one)
		}
	}
	return out
}
