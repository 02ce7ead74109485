//go:build cgo

package libseccomp

import "github.com/jail-project/jail/seccomp"

// masked is a rule as libseccomp takes it: what happens to the calls of a box.
type masked struct {
	box
	answer seccomp.Answer
}

// rulesOf reads the rules off a decision tree, in the order in which they are
// to be given to libseccomp. A call that no rule matches gets the answer
// unlisted, for which libseccomp accepts no rules.
//
// libseccomp arranges the rules of a syscall in levels, two for each argument
// that any of them compares: the upper and the lower half. To name each side
// of every test would be exact and long: "not 0x5412" alone takes 32 boxes.
// So on each level the most frequent answer becomes the background. It is said
// by two boxes that fix the level's highest tested bit, as every other box of
// the level does too, and is given last. Since version 2.5 libseccomp tries
// larger values first and equal ones as they were given, older ones tried
// longer masks first: in either order a box comes before the background that
// it lies in.
func rulesOf(t *tree, unlisted seccomp.Answer) []masked {
	return appendRules(nil, t, box{}, unlisted)
}

// appendRules adds the rules for the calls of a box, which the tree decides.
func appendRules(rules []masked, t *tree, in box, unlisted seccomp.Answer) []masked {
	if t.leaf() {
		if t.answer == unlisted {
			return rules
		}
		return append(rules, masked{in, t.answer})
	}
	branches := t.level(t.arg, t.bit/32, in, nil)
	back := background(branches, t.holds(unlisted), unlisted)
	for _, b := range branches {
		if back == nil || !b.tree.equal(back) {
			rules = appendRules(rules, b.tree, b.box, unlisted)
		}
	}
	if back == nil {
		return rules
	}
	// Both halves get the background unless one has nothing of it.
	for side, half := range [...]*tree{t.zero, t.one} {
		if half.reaches(back, t.arg, t.bit/32) {
			rules = appendRules(rules, back, in.with(t.arg, t.bit, uint64(side)), unlisted)
		}
	}
	return rules
}

// branch is what follows when the tests of one level gave one answer.
type branch struct {
	box
	tree *tree
}

// level collects the branches below the tests of one half of one argument.
func (t *tree) level(arg, half int, in box, found []branch) []branch {
	if t.leaf() || t.arg != arg || t.bit/32 != half {
		return append(found, branch{in, t})
	}
	found = t.zero.level(arg, half, in.with(t.arg, t.bit, 0), found)
	return t.one.level(arg, half, in.with(t.arg, t.bit, 1), found)
}

// background picks the tree that most branches of a level lead to. A box whose
// answer is unlisted has no rule that could stand before the background: when
// there are such calls, only that answer itself can be the background, and
// otherwise there is none.
func background(branches []branch, hasUnlisted bool, unlisted seccomp.Answer) *tree {
	if hasUnlisted {
		for _, b := range branches {
			if b.tree.leaf() && b.tree.answer == unlisted {
				return b.tree
			}
		}
		return nil
	}
	var pick *tree
	most := 0
	for _, b := range branches {
		count := 0
		for _, other := range branches {
			if other.tree.equal(b.tree) {
				count++
			}
		}
		if count > most {
			pick, most = b.tree, count
		}
	}
	return pick
}

// leaf reports whether nothing is left to test.
func (t *tree) leaf() bool { return t.zero == nil }

// holds reports whether any call has the answer.
func (t *tree) holds(o seccomp.Answer) bool {
	if t.leaf() {
		return t.answer == o
	}
	return t.zero.holds(o) || t.one.holds(o)
}

// reaches reports whether the tests of one half of one argument can lead to
// the given tree.
func (t *tree) reaches(back *tree, arg, half int) bool {
	if t.leaf() || t.arg != arg || t.bit/32 != half {
		return t.equal(back)
	}
	return t.zero.reaches(back, arg, half) || t.one.reaches(back, arg, half)
}
