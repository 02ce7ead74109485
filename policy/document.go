package policy

import (
	"slices"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
)

// site is a place in one layer.
type site struct {
	at    diag.Range
	layer int
}

// item is a checked value: a scalar, or one entry of a list.
type item struct {
	key  string // what an entry is about; two entries with one key are rivals
	text string // as written, or canonical where a kind says so
	num  int64  // Bool, Int, Size, Percent, Duration (nanoseconds), Mode
	data any    // *PathRule, *SyscallRule, *Test, or the text of a variable
	site
	over []site // what it replaced, latest first
	dead bool   // replaced by a later entry of the same list
}

// leaf is what a document or a merge of documents says about one leaf of the
// schema.
type leaf struct {
	given   bool // some layer mentions it, be it with an empty list
	replace bool // a list that forgets what weaker layers say
	at      diag.Range
	items   []item // a scalar has one
	index   map[string]int
}

// document is what one layer says, or several merged. The leaves stand in
// the order of table.leaves.
type document struct {
	leaves []leaf
}

func newDocument() *document {
	return &document{leaves: make([]leaf, len(schema().leaves))}
}

// setLayer says of which layer the document is.
func (d *document) setLayer(n int) {
	for i := range d.leaves {
		for j := range d.leaves[i].items {
			d.leaves[i].items[j].layer = n
		}
	}
}

// dropOwn forgets what describes the document itself.
func (d *document) dropOwn() {
	for i, key := range schema().leaves {
		if key.Own {
			d.leaves[i] = leaf{}
		}
	}
}

// add puts the stronger document b on top of d.
//
// The operation is associative: a scalar is that of the last document that
// has it, a list is the sequence of all entries in which the last of equal
// keys survives, and !replace cuts the sequence off on the left. What an item
// replaced travels with it, latest first.
func (d *document) add(b *document) {
	for i, key := range schema().leaves {
		from := &b.leaves[i]
		if !from.given {
			continue
		}
		to := &d.leaves[i]
		to.given = true
		to.at = from.at
		if key.Kind == kind.List || key.Kind == kind.Variables {
			to.addList(from)
		} else {
			to.addScalar(from)
		}
	}
}

func (l *leaf) addScalar(from *leaf) {
	next := from.items[0]
	if len(l.items) > 0 {
		next.replaces(&l.items[0])
	}
	l.items = []item{next}
}

func (l *leaf) addList(from *leaf) {
	if from.replace {
		l.items, l.index, l.replace = nil, nil, true
	}
	if len(l.items) == 0 {
		// One list has no rivals inside: nothing needs to be looked up.
		l.items, l.index = slices.Clone(from.items), nil
		return
	}
	l.items = slices.Grow(l.items, len(from.items))
	for i := range from.items {
		if !from.items[i].dead {
			l.put(from.items[i])
		}
	}
}

// put appends an entry and retires the one it replaces.
func (l *leaf) put(next item) {
	const small = 16
	old := -1
	if len(l.items) < small {
		old = slices.IndexFunc(l.items, func(it item) bool { return !it.dead && it.key == next.key })
	} else {
		if l.index == nil {
			l.index = make(map[string]int, 2*len(l.items))
			for i := range l.items {
				if !l.items[i].dead {
					l.index[l.items[i].key] = i
				}
			}
		}
		if i, ok := l.index[next.key]; ok {
			old = i
		}
		l.index[next.key] = len(l.items)
	}
	if old >= 0 {
		next.replaces(&l.items[old])
	}
	l.items = append(l.items, next)
}

// replaces retires old and adds it to the chain of what it replaced.
func (it *item) replaces(old *item) {
	old.dead = true
	it.over = slices.Concat(it.over, []site{old.site}, old.over)
}

// live calls yield for each entry that counts.
func (l *leaf) live(yield func(*item) bool) {
	for i := range l.items {
		if !l.items[i].dead && !yield(&l.items[i]) {
			return
		}
	}
}
