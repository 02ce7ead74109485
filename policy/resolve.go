package policy

import (
	"slices"

	"github.com/jail-project/jail/caps"
)

// The lists of one group (read, write, hide …; allow and deny; keep and
// drop) are about the same things, and of two entries about one thing the
// later layer's wins. This is decided here, once, when all layers are merged,
// by the layers of the entries: deciding it during the merge would make the
// outcome depend on how the merges are bracketed.

// resolve settles the rivalries inside each group.
func resolve(d *document) {
	groups := map[string][]*leaf{}
	for i, key := range schema().leaves {
		if key.Group != "" {
			groups[key.Group] = append(groups[key.Group], &d.leaves[i])
		}
	}
	resolveCapabilities(groups["capabilities"])
	resolveSyscalls(groups["syscalls"])
	for _, lists := range groups {
		resolveKeys(lists)
	}
}

// resolveKeys lets the latest of all entries with one key survive, in
// whatever list it stands. Entries of one layer cannot be rivals: the checker
// refuses them.
func resolveKeys(lists []*leaf) {
	filled := 0
	for _, l := range lists {
		if len(l.items) > 0 {
			filled++
		}
	}
	if filled < 2 {
		return
	}
	best := make(map[string]*item)
	for _, l := range lists {
		for it := range l.live {
			other, ok := best[it.key]
			switch {
			case !ok:
				best[it.key] = it
			case it.layer > other.layer:
				it.beat(other)
				best[it.key] = it
			default:
				other.beat(it)
			}
		}
	}
}

// beat retires other and takes its place in the chain of what it replaced,
// which stays ordered from the latest layer to the first.
func (it *item) beat(other *item) {
	it.replaces(other)
	slices.SortStableFunc(it.over, func(a, b site) int { return b.layer - a.layer })
}

// latest returns the entry for a key in one list, nil for none.
func (l *leaf) latest(key string) *item {
	for it := range l.live {
		if it.key == key {
			return it
		}
	}
	return nil
}

// resolveCapabilities gives "all" its meaning between layers: dropping all
// takes back what earlier layers kept, keeping all takes back what they
// dropped. What stays dropped beside a "keep: [all]" is written out, since a
// capability that is kept counts as kept whatever is dropped.
func resolveCapabilities(lists []*leaf) {
	drop, keep := lists[0], lists[1]
	cut := func(all *item, weaker *leaf) {
		if all == nil {
			return
		}
		for it := range weaker.live {
			if it.key != "all" && it.layer < all.layer {
				all.beat(it)
			}
		}
	}
	cut(drop.latest("all"), keep)
	cut(keep.latest("all"), drop)
	keepAll, dropAll := keep.latest("all"), drop.latest("all")
	if keepAll == nil || dropAll != nil && dropAll.layer > keepAll.layer {
		return
	}
	dropped := map[string]bool{}
	for it := range drop.live {
		if it.key != "all" && it.layer >= keepAll.layer {
			dropped[it.key] = true
		}
	}
	if len(dropped) == 0 {
		return
	}
	keepAll.dead = true
	for _, name := range caps.Names() {
		if !dropped[name] && keep.latest(name) == nil {
			one := *keepAll
			one.key, one.text, one.dead = name, name, false
			keep.items = append(keep.items, one)
		}
	}
}
