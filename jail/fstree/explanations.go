package fstree

import (
	"github.com/jail-project/jail/jail/host"
)

// Explanations explains every path that has a rule of its own, which decides about all
// paths below it without one.
func (v *View) Explanations() []Explanation {
	var all []Explanation
	var walk func(n *Node, path string)
	walk = func(n *Node, path string) {
		if n.Grant != nil {
			all = append(all, v.Explain(path))
		}
		for _, k := range n.Kids {
			walk(k, host.Join(path, k.Name))
		}
	}
	walk(v.Root, "/")
	return all
}

// Makes tells whether a launch makes paths on the host that are missing now.
func (v *View) Makes() bool { return len(v.Creates) > 0 }
