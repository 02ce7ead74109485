package jail

// Shown explains every path that has a rule of its own: what is granted,
// covered or made. What lies between them follows from them.
func (v *View) Shown() []Explanation {
	var all []Explanation
	var walk func(n *node, path string)
	walk = func(n *node, path string) {
		if n.grant != nil {
			all = append(all, v.Explain(path))
		}
		for _, k := range n.kids {
			walk(k, join(path, k.name))
		}
	}
	walk(v.root, "/")
	return all
}

// Makes tells whether a launch makes paths on the host that are missing now.
func (v *View) Makes() bool { return len(v.creates) > 0 }
