// Package node holds the tree that a profile is as a text: lists, mappings and
// scalars with their places, before anything is known about their meaning.
// Package yaml makes it of YAML, package policy of flags, and gives it its
// meaning.
package node

import (
	"slices"

	"github.com/jail-project/jail/diag"
)

// MaxFileSize is the most bytes that the text of one profile may have.
const MaxFileSize = 1 << 20

// Shape tells the three sorts of nodes apart.
type Shape int

// The sorts of nodes.
const (
	Scalar Shape = iota
	List
	Mapping
)

// Style says how a scalar was written, because in YAML that decides what it
// is: plain 0755 is a number to many readers, "0755" is a text to all.
type Style int

// The ways in which a scalar can be written.
const (
	Plain  Style = iota
	Quoted       // in quotes, or a block text
	Given        // on the command line, where everything is text
)

// Node is one element of a profile as it was written. Aliases are already
// replaced by what they stand for.
type Node struct {
	Shape Shape
	Style Style   // scalars
	Tag   string  // explicit tag such as "!replace", "" for none
	Text  string  // scalars
	Items []*Node // lists
	Pairs []Pair  // mappings, in the order of the text
	At    diag.Range

	// Body is the column of the first byte of Text when it stands in the
	// source exactly as it is, 0 otherwise. It lets a diagnostic point into
	// the middle of a text.
	Body int
}

// Pair is one "key: value" of a mapping.
type Pair struct {
	Key, Value *Node
}

// IsNull reports whether n is what YAML reads as nothing at all.
func (n *Node) IsNull() bool {
	return n.Shape == Scalar && n.Style == Plain && slices.Contains([]string{"", "~", "null", "Null", "NULL"}, n.Text)
}

// Part is the range of the bytes [from, to) of the text of a scalar, or that
// of the whole node when the source spells the text differently.
func (n *Node) Part(from, to int) diag.Range {
	if n.Body == 0 || from < 0 || to > len(n.Text) || from >= to {
		return n.At
	}
	r := n.At
	r.Start.Column = n.Body + from
	r.End = diag.Pos{Line: r.Start.Line, Column: n.Body + to}
	return r
}

// Noun names the sort of node in messages.
func (n *Node) Noun() string {
	switch {
	case n.Shape == List:
		return "a list"
	case n.Shape == Mapping:
		return "a mapping"
	case n.IsNull():
		return "empty"
	}
	return "a text"
}
