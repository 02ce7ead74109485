package policy

import "github.com/jail-project/jail/diag"

// shape tells the three sorts of nodes apart.
type shape int

const (
	scalarNode shape = iota
	listNode
	mappingNode
)

// style says how a scalar was written, because in YAML that decides what it
// is: plain 0755 is a number to many readers, "0755" is a text to all.
type style int

const (
	plain  style = iota
	quoted       // in quotes, or a block text
	given        // on the command line, where everything is text
)

// node is one element of a profile as it was written. Aliases are already
// replaced by what they stand for.
type node struct {
	shape shape
	style style
	tag   string // explicit tag such as "!replace", "" for none
	text  string // scalars
	items []*node
	pairs []pair
	at    diag.Range

	// body is the column of the first byte of text when text stands in the
	// source exactly as it is, 0 otherwise. It lets a diagnostic point into
	// the middle of a text.
	body int
}

// pair is one "key: value" of a mapping.
type pair struct {
	key, value *node
}

// isNull reports whether n is what YAML reads as nothing at all.
func (n *node) isNull() bool {
	if n.shape != scalarNode || n.style != plain {
		return false
	}
	switch n.text {
	case "", "~", "null", "Null", "NULL":
		return true
	}
	return false
}

// part is the range of the bytes [from, to) of the text of a scalar, or that
// of the whole node when the source spells the text differently.
func (n *node) part(from, to int) diag.Range {
	if n.body == 0 || from < 0 || to > len(n.text) || from >= to {
		return n.at
	}
	r := n.at
	r.Start.Column = n.body + from
	r.End = diag.Pos{Line: r.Start.Line, Column: n.body + to}
	return r
}

// noun names the sort of node in messages.
func (n *node) noun() string {
	switch {
	case n.shape == listNode:
		return "a list"
	case n.shape == mappingNode:
		return "a mapping"
	case n.isNull():
		return "empty"
	}
	return "a text"
}
