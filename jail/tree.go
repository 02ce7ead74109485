package jail

import (
	"slices"
	"strings"
)

// node is one name in the jail's file tree. It has a grant, or a link's
// target, or is only on the way to others.
type node struct {
	name   string
	grant  *grant
	link   string
	pinned bool // a link on the way to what is hidden or protected
	kids   []*node
	byName map[string]*node // filled when there are more than a few kids
}

const fewKids = 8

// kid returns the node for one more component, made on demand.
func (n *node) kid(name string, create bool) *node {
	if n.byName != nil {
		if k := n.byName[name]; k != nil || !create {
			return k
		}
	} else {
		for _, k := range n.kids {
			if k.name == name {
				return k
			}
		}
		if !create {
			return nil
		}
	}
	k := &node{name: name}
	n.kids = append(n.kids, k)
	if n.byName == nil && len(n.kids) > fewKids {
		n.byName = make(map[string]*node, 4*fewKids)
		for _, other := range n.kids {
			n.byName[other.name] = other
		}
	} else if n.byName != nil {
		n.byName[name] = k
	}
	return k
}

// at returns the node of an absolute path, made on demand.
func (n *node) at(path string) *node {
	for part := range strings.SplitSeq(path[1:], "/") {
		if part != "" {
			n = n.kid(part, true)
		}
	}
	return n
}

// grow builds the tree of all grants and links. For one path the grant with
// the higher rank remains.
func grow(grants []*grant, links, pins []link) *node {
	root := &node{}
	for _, l := range pins {
		root.at(l.path).pinned = true
	}
	for _, l := range links {
		root.at(l.path).link = l.target
	}
	for _, gr := range grants {
		n := root.at(gr.real)
		if n.grant != nil && !gr.over(n.grant) {
			continue
		}
		if gr.kind == grantGuard && n.grant != nil && n.grant.kind != grantHide {
			// The path was granted by name; being jail's own it stays readable at most.
			gr.kind = grantRead
		}
		n.grant = gr
	}
	root.sort()
	return root
}

func (n *node) sort() {
	slices.SortFunc(n.kids, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	for _, k := range n.kids {
		k.sort()
	}
}

// forgetHost takes away what hides or protects files of the host's home in
// a jail that has a home of its own there: those files are not in it, and a
// mask or a protected copy would show that they exist, or what they hold. What
// lies below a path that is granted into the home keeps its guards.
func (n *node) forgetHost(home *grant) {
	if n.grant != nil && n.grant != home {
		if n.grant.kind != grantHide && n.grant.kind != grantGuard && n.grant.kind != grantAbsent {
			return
		}
		n.grant = nil
	}
	for _, k := range n.kids {
		k.forgetHost(home)
	}
}

// setting is what surrounds a node: what a file without a grant of its own
// is in that directory.
type setting struct {
	bound    bool // a directory of the host (or of a private home) shows through
	writable bool
	own      bool   // bound, and mount points may be made in it: a private home
	by       *grant // what decided; nil for the bare root
}

// apply returns the setting inside a node with grant gr, given the setting
// around it.
func (s setting) apply(gr *grant) setting {
	if gr == nil {
		return s
	}
	switch gr.kind {
	case grantRead, grantSocket:
		return setting{bound: true, by: gr}
	case grantWrite, grantOverlay:
		return setting{bound: true, writable: true, own: gr.source != "" || gr.kind == grantOverlay, by: gr}
	case grantGuard, grantAbsent:
		if s.bound && s.writable {
			return setting{bound: true, by: gr}
		}
		return s
	case grantTmpfs:
		return setting{writable: true, by: gr}
	default: // hide, /dev, /proc, text
		return setting{by: gr}
	}
}

// lookup tells the setting at a real path and the last node on the way to
// it, whether or not the path exists.
func (n *node) lookup(path string) (at setting, decided []*grant) {
	s := setting{}.apply(n.grant)
	if n.grant != nil {
		decided = append(decided, n.grant)
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		if part == "" {
			continue
		}
		if n = n.kid(part, false); n == nil {
			break
		}
		if n.grant != nil {
			s = s.apply(n.grant)
			decided = append(decided, n.grant)
		}
	}
	return s, decided
}

// visible tells whether a host path can be seen inside the jail.
func (n *node) visible(real string) bool {
	s, _ := n.lookup(real)
	return s.bound
}
