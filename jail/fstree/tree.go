package fstree

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/jail/host"
)

// Node is one name in the jail's file tree. It has a grant, or a link's
// target, or is only on the way to others.
type Node struct {
	Name   string
	Grant  *Grant
	Link   string
	Pinned bool // a link, or a directory, on the way to what is hidden or protected
	IsDir  bool // Pinned, and a directory
	Kids   []*Node
	byName map[string]*Node // filled when there are more than a few kids
}

const fewKids = 8

// Kid returns the node for one more component, made on demand.
func (n *Node) Kid(name string, create bool) *Node {
	k := n.byName[name]
	if n.byName == nil {
		if i := slices.IndexFunc(n.Kids, func(k *Node) bool { return k.Name == name }); i >= 0 {
			k = n.Kids[i]
		}
	}
	if k != nil || !create {
		return k
	}
	k = &Node{Name: name}
	n.Kids = append(n.Kids, k)
	if n.byName == nil && len(n.Kids) > fewKids {
		n.byName = make(map[string]*Node, 4*fewKids)
		for _, other := range n.Kids {
			n.byName[other.Name] = other
		}
	} else if n.byName != nil {
		n.byName[name] = k
	}
	return k
}

// At returns the node of an absolute path, made on demand.
func (n *Node) At(path string) *Node {
	for part := range strings.SplitSeq(path[1:], "/") {
		if part != "" {
			n = n.Kid(part, true)
		}
	}
	return n
}

// find returns the node of an absolute path, nil where the tree has none.
func (n *Node) find(path string) *Node {
	for part := range strings.SplitSeq(path[1:], "/") {
		if part == "" {
			continue
		}
		if n = n.Kid(part, false); n == nil {
			return nil
		}
	}
	return n
}

// grow builds the tree of all grants and links. For one path the grant with
// the higher rank remains.
func grow(grants []*Grant, links, pins []host.Link) *Node {
	root := &Node{}
	for _, l := range pins {
		n := root.At(l.Path)
		n.Pinned, n.IsDir = true, l.IsDir()
	}
	for _, l := range links {
		root.At(l.Path).Link = l.Target
	}
	for _, gr := range grants {
		n := root.At(gr.Real)
		if n.Grant != nil && !gr.over(n.Grant) {
			continue
		}
		if gr.Kind == GrantGuard && n.Grant != nil && n.Grant.Kind != GrantHide {
			// The path was granted by name; being jail's own it stays readable at most.
			gr.Kind = GrantRead
		}
		n.Grant = gr
	}
	root.sort()
	return root
}

func (n *Node) sort() {
	slices.SortFunc(n.Kids, func(a, b *Node) int { return strings.Compare(a.Name, b.Name) })
	for _, k := range n.Kids {
		k.sort()
	}
}

// forgetHost removes the grants that hide or protect files of the host's home from a jail
// that has a home of its own there. Those files are not in it, and a mask or a protected
// copy would show that they exist, or their content. Files below a path that is granted
// into the home keep their guards.
func (n *Node) forgetHost(home *Grant) {
	if n.Grant != nil && n.Grant != home {
		if n.Grant.shows() {
			return
		}
		n.Grant = nil
	}
	for _, k := range n.Kids {
		k.forgetHost(home)
	}
}

// Setting is the state in which a node's parent directories leave it: how visible a file
// is there that has no grant of its own.
type Setting struct {
	Bound    bool // a directory of the host (or of a private home) shows through
	Writable bool
	Own      bool   // bound, and mount points may be made in it: a private home
	By       *Grant // what decided; nil for the bare root
}

// Apply returns the setting inside a node with grant gr, given the setting
// around it.
func (s Setting) Apply(gr *Grant) Setting {
	if gr == nil {
		return s
	}
	switch gr.Kind {
	case GrantRead, GrantSocket:
		return Setting{Bound: true, By: gr}
	case GrantWrite, GrantOverlay:
		return Setting{Bound: true, Writable: true, Own: gr.Source != "" || gr.Kind == GrantOverlay, By: gr}
	case GrantFree:
		return s // the directories on the way may be made
	case GrantGuard:
		if s.Bound && s.Writable {
			return Setting{Bound: true, By: gr}
		}
		return s
	case GrantTmpfs:
		return Setting{Writable: true, By: gr}
	default: // hide, /dev, /proc, text, empty
		return Setting{By: gr}
	}
}

// Lookup tells the setting at a real path and the last node on the way to
// it, whether or not the path exists.
func (n *Node) Lookup(path string) (at Setting, decided []*Grant) {
	s := Setting{}.Apply(n.Grant)
	if n.Grant != nil {
		decided = append(decided, n.Grant)
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		if part == "" {
			continue
		}
		if n = n.Kid(part, false); n == nil {
			break
		}
		if n.Grant != nil {
			s = s.Apply(n.Grant)
			decided = append(decided, n.Grant)
		}
	}
	return s, decided
}

// LeadsSomewhere tells whether anything is visible below n.
func LeadsSomewhere(n *Node) bool {
	for _, k := range n.Kids {
		if k.Grant != nil && k.Grant.shows() || k.Link != "" || LeadsSomewhere(k) {
			return true
		}
	}
	return false
}

// HoldsProtected tells whether a path below n is less than writable. A tmpfs and an
// overlay count as such: they cover files of the host, which the next jail would see under
// another name if the program could rename a directory above them. Files in them are not
// the host's.
func HoldsProtected(n *Node) bool {
	for _, k := range n.Kids {
		switch {
		case k.Pinned:
			return true
		case k.Grant == nil || k.Grant.Kind == GrantWrite:
			if HoldsProtected(k) {
				return true
			}
		case k.Grant.Kind == GrantRead || k.Grant.Kind == GrantTmpfs || k.Grant.Kind == GrantOverlay || !k.Grant.shows():
			return true
		}
	}
	return false
}
