package policy

import (
	"cmp"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/policy/node"
	"github.com/jail-project/jail/policy/paths"
)

// leaf checks the value of a leaf of the schema and stores it.
func (c *checker) leaf(n *node.Node, key *Key) {
	out := &c.doc.leaves[key.id]
	out.at = n.At
	switch key.Kind {
	case kind.List:
		c.listLeaf(n, key, out)
	case kind.Variables:
		c.variables(n, key, out)
	default:
		v, ok := c.scalar(n, key)
		if ok {
			out.given = true
			out.items = []item{{text: v.Text, num: v.Num, site: site{at: n.At}}}
		}
	}
}

func (c *checker) listLeaf(n *node.Node, key *Key, out *leaf) {
	if !c.shaped(n, node.List, key) || n.Tag != replaceTag && !c.untagged(n) {
		return
	}
	out.given = true
	out.replace = n.Tag == replaceTag
	out.items = make([]item, 0, len(n.Items))
	isHosts := key.Elem.Kind == kind.HostEntry
	for _, entry := range n.Items {
		if isHosts {
			out.items = append(out.items, c.hostEntries(entry, key.Elem)...)
		} else if it, ok := c.entry(entry, key); ok {
			out.items = append(out.items, it)
		}
	}
	if isHosts {
		out.items = dropRepeated(out.items)
	}
	if key.Path == "extends" {
		c.extends = out.items
		*out = leaf{}
	}
	// Rivals inside one list. Lists of one group are compared with each
	// other when the document is complete.
	if key.Group == "" {
		c.rivals(out.items)
	}
}

// entry checks one entry of a list.
func (c *checker) entry(n *node.Node, key *Key) (item, bool) {
	elem := key.Elem
	if len(elem.Keys) == 0 {
		v, ok := c.scalar(n, elem)
		// Some kinds have several spellings.
		return item{key: cmp.Or(v.Key, v.Text), text: v.Text, num: v.Num, site: site{at: n.At}}, ok
	}
	v, ok := c.record(n, elem)
	if !ok {
		return item{}, false
	}
	switch elem.Kind {
	case kind.PathElement:
		return c.pathEntry(&v, key)
	case kind.SyscallEntry:
		return c.syscallEntry(&v, key)
	}
	return c.testEntry(&v)
}

// record checks an entry that is a mapping, or a scalar that stands for the
// first key of the mapping.
func (c *checker) record(n *node.Node, elem *Key) (value, bool) {
	v := value{node: n}
	before := len(c.list)
	if n.IsNull() {
		return v, c.shaped(n, node.Scalar, elem)
	}
	if n.Shape == node.Scalar && elem.Kind != kind.TestEntry && elem.Kind != kind.Mapping {
		first, ok := c.scalar(n, &elem.Keys[0])
		v.fields = []field{{elem.Keys[0].Name, first}}
		return v, ok
	}
	c.mapping(n, elem, func(sub *Key, value *node.Node) {
		if f, ok := c.value(value, sub); ok {
			v.fields = append(v.fields, field{sub.Name, f})
		}
	})
	if len(c.list) > before {
		return v, false
	}
	for i := range elem.Keys {
		if elem.Keys[i].Required && v.get(elem.Keys[i].Name) == nil {
			c.fault(n, &diag.Problem{Code: "missing-key", Summary: "the entry has no " + elem.Keys[i].Name})
			return v, false
		}
	}
	return v, true
}

// value checks a value inside an entry.
func (c *checker) value(n *node.Node, key *Key) (value, bool) {
	if key.Kind != kind.List {
		return c.scalar(n, key)
	}
	v := value{node: n}
	if !c.shaped(n, node.List, key) || !c.untagged(n) {
		return v, false
	}
	for _, entry := range n.Items {
		check := c.scalar
		if key.Elem.Kind == kind.Mapping {
			check = c.record
		}
		e, ok := check(entry, key.Elem)
		if !ok {
			return v, false
		}
		v.list = append(v.list, e)
	}
	return v, true
}

// variables checks a mapping of variable names to texts.
func (c *checker) variables(n *node.Node, key *Key, out *leaf) {
	if !c.shaped(n, node.Mapping, key) || n.Tag != replaceTag && !c.untagged(n) {
		return
	}
	out.given = true
	out.replace = n.Tag == replaceTag
	for _, p := range n.Pairs {
		if !c.shaped(p.Key, node.Scalar, &Key{Path: "a variable name"}) {
			continue
		}
		if fault := kind.CheckEnvName(p.Key.Text, false); fault != nil {
			c.fault(p.Key, fault)
			continue
		}
		v, ok := c.scalar(p.Value, &Key{Kind: kind.Text, Path: diag.Escape(p.Key.Text)})
		if !ok {
			continue
		}
		fault := paths.CheckText(v.Text)
		if fault == nil {
			fault = c.checkProfileDir(v.Text)
		}
		if fault != nil {
			c.fault(p.Value, fault)
		} else {
			out.items = append(out.items, item{key: p.Key.Text, text: p.Key.Text, data: v.Text, site: site{at: p.Key.At}})
		}
	}
}

// rivals reports entries that are about the same thing.
func (c *checker) rivals(items []item) {
	if len(items) < 2 {
		return
	}
	seen := make(map[string]*item, len(items))
	for i := range items {
		it := &items[i]
		if first, ok := seen[it.key]; ok {
			c.twice("duplicate-entry", diag.Quote(it.text)+" is listed twice", it.at, "first listed here", first.at)
		} else {
			seen[it.key] = it
		}
	}
}

// groupRivals reports entries of one document that are about the same thing
// in any of the lists of a group: one layer cannot be later than itself.
func (c *checker) groupRivals() {
	groups := map[string][]item{}
	for i, key := range schema().leaves {
		if key.Group != "" {
			groups[key.Group] = append(groups[key.Group], c.doc.leaves[i].items...)
		}
	}
	for _, items := range groups {
		c.rivals(items)
	}
}

// pathEntry makes a rule of an entry of filesystem.read and its kin.
func (c *checker) pathEntry(v *value, key *Key) (item, bool) {
	path := v.get("path")
	rule := &PathRule{Access: key.access, Path: path.Text}
	group := strings.HasPrefix(path.Text, "@") || path.Text == paths.AnySocket && key.access == Connect
	// The tmpfs makes the directory itself, a group names what may exist, and
	// so does an abstract socket.
	rule.Required = c.flags && !group && key.access != Tmpfs
	for i := range v.fields {
		f := &v.fields[i]
		switch f.name {
		case "create":
			rule.Create = CreateDirectory
			if f.Text == "file" {
				rule.Create = CreateFile
			}
			if group || paths.IsGlob(path.Text) {
				c.fault(f.node, &diag.Problem{Code: "bad-path", Summary: "only a single path can be created, not a pattern or a group"})
				return item{}, false
			}
		case "required":
			rule.Required = rule.Required || f.Num != 0
		case "size":
			rule.Size = f.Num
		case "inodes":
			rule.Inodes = f.Num
		case "mode":
			rule.Mode = uint32(f.Num)
		case "keep":
			rule.Keep = f.Text
		case "from":
			rule.FromHost = f.Text == "host"
		}
	}
	if from := v.get("from"); from != nil && noFile(path.Text, key.access) {
		c.fault(from.node, &diag.Problem{Code: "contradiction", Summary: diag.Quote(path.Text) + " is no file, so it comes from nowhere", Remedy: "remove from"})
		return item{}, false
	}
	if changes := v.get("changes"); changes != nil && rule.Keep != "" {
		c.fault(changes.node, &diag.Problem{Code: "contradiction", Summary: "changes cannot be both discarded and kept", Remedy: "write changes or keep, not both"})
		return item{}, false
	}
	if rule.Keep != "" && rule.Size != 0 {
		c.fault(v.get("size").node, &diag.Problem{Code: "contradiction", Summary: "a size limits changes in memory, and these are kept on disk", Remedy: "remove size or keep"})
		return item{}, false
	}
	return item{key: path.Key, text: path.Text, data: rule, site: site{at: path.node.At}}, true
}

// noFile tells whether an entry of sockets names no file: an abstract name, or all.
func noFile(path string, access Access) bool {
	return access == Connect && (path == paths.AnySocket || strings.HasPrefix(path, "@"))
}

// testEntry makes a Test.
func (c *checker) testEntry(v *value) (item, bool) {
	test := &Test{Expect: v.get("expect").Text}
	for i := range v.fields {
		f := &v.fields[i]
		if f.name == "expect" {
			continue
		}
		if test.Probe != "" {
			c.fault(f.node, &diag.Problem{Code: "contradiction", Summary: "an entry of tests tries one thing", Remedy: "make two entries of " + test.Probe + " and " + f.name})
			return item{}, false
		}
		test.Probe, test.Target = f.name, f.Text
		for _, word := range f.list {
			test.Run = append(test.Run, word.Text)
		}
		if f.name == "run" && len(test.Run) == 0 {
			c.fault(f.node, &diag.Problem{Code: "empty", Summary: "run has no command"})
			return item{}, false
		}
	}
	if test.Probe == "" {
		c.fault(v.node, &diag.Problem{Code: "missing-key", Summary: "the entry tries nothing", Remedy: "give it one of read, write, connect, run"})
		return item{}, false
	}
	key := test.Probe + "\x00" + test.Target + "\x00" + strings.Join(test.Run, "\x00")
	about := strings.TrimSpace(test.Probe + " " + test.Target + strings.Join(test.Run, " "))
	return item{key: key, text: about, data: test, site: site{at: v.node.At}}, true
}
