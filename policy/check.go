package policy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/policy/node"
)

// checker turns the nodes of one document into a document of checked leaves.
// It goes on after a fault, so that all faults of a file are reported.
type checker struct {
	list    diag.List
	doc     *document
	extends []item
	flags   bool // the document is the command line
	noDir   bool // the document has no directory, so ${PROFILE_DIR} has no value
	// readList reads a file of hosts that the document names at a place, and
	// reports what prevents that. It is nil where no file can be named.
	readList func(name string, at diag.Range) (list hostList, ok bool)
}

// value is a checked value of any shape, between the generic walk and the
// leaf that is made of it.
type value struct {
	node *node.Node
	kind.Value
	list   []value
	fields []field // mappings
}

type field struct {
	name string
	value
}

// get returns a field of a mapping, nil when it is absent.
func (v *value) get(name string) *value {
	for i := range v.fields {
		if v.fields[i].name == name {
			return &v.fields[i].value
		}
	}
	return nil
}

func (c *checker) fault(n *node.Node, p *diag.Problem) {
	c.list = append(c.list, p.Diagnostic(n.Part(p.From, p.To)))
}

// document checks a whole profile.
func (c *checker) document(root *node.Node) {
	c.doc = newDocument()
	if root == nil {
		return
	}
	c.section(root, &schema().root)
	c.groupRivals()
	slices.SortStableFunc(c.list, func(a, b diag.Diagnostic) int { return a.Subject.Start.Compare(b.Subject.Start) })
}

// section checks a mapping whose keys are leaves or further sections.
func (c *checker) section(n *node.Node, key *Key) {
	if n.Shape == node.Scalar && key.Short != "" && !n.IsNull() && n.Tag == "" {
		c.leaf(n, key.Sub(key.Short))
		return
	}
	c.mapping(n, key, func(sub *Key, value *node.Node) {
		if sub.Kind == kind.Mapping {
			c.section(value, sub)
		} else {
			c.leaf(value, sub)
		}
	})
}

// mapping checks that n is a mapping with the keys of key, each at most
// once, and calls each for those that are known.
func (c *checker) mapping(n *node.Node, key *Key, each func(sub *Key, value *node.Node)) {
	if !c.shaped(n, node.Mapping, key) || !c.untagged(n) {
		return
	}
	seen := make([]*node.Node, len(key.Keys))
	for _, p := range n.Pairs {
		if p.Key.Shape != node.Scalar || p.Key.IsNull() || p.Key.Tag != "" {
			c.list = append(c.list, diag.Diagnostic{Code: "bad-key", Summary: "a key must be a plain word", Subject: p.Key.At})
			continue
		}
		i := -1
		for j := range key.Keys {
			if key.Keys[j].Name == p.Key.Text {
				i = j
			}
		}
		switch {
		case i < 0:
			c.unknownKey(p.Key, key)
		case seen[i] != nil:
			c.twice("duplicate-key", "the key "+diag.Quote(p.Key.Text)+" is given twice", p.Key.At, "first given here", seen[i].At)
		default:
			seen[i] = p.Key
			each(&key.Keys[i], p.Value)
		}
	}
}

// twice reports what stands at a place and repeats what stands at first.
func (c *checker) twice(code, summary string, at diag.Range, note string, first diag.Range) {
	c.list = append(c.list, diag.Diagnostic{
		Code: code, Summary: summary, Subject: at, Notes: []diag.Note{{Text: note, At: first}},
	})
}

// unknownKey reports a key that the mapping does not have, with the nearest
// that it has, or the section in which it exists.
func (c *checker) unknownKey(n *node.Node, key *Key) {
	d := diag.Unknown("key", n.Text, key.names()).Diagnostic(n.At)
	if key.Path != "" {
		d.Summary += " in " + key.Path
	}
	switch {
	case n.Text == "<<":
		d.Summary = "merge keys are not part of the language"
		d.Remedy = "use extends to build on another profile"
	case d.Label == "":
		d.Label = elsewhere(n.Text, key)
		d.Remedy = "known are " + strings.Join(key.names(), ", ")
	}
	c.list = append(c.list, d)
}

// elsewhere finds the place in which a key would be known.
func elsewhere(name string, key *Key) string {
	for _, l := range schema().leaves {
		if strings.HasSuffix(l.Path, "."+name) {
			return "did you mean " + diag.Quote(l.Path) + "?"
		}
		if key.Kind != kind.PathElement || l.Elem == nil || l.Elem.Kind != kind.PathElement {
			continue
		}
		if l.Elem.Sub(name) != nil {
			return "it has a meaning in " + l.Path + " only"
		}
	}
	return ""
}

// shaped reports whether n has the wanted shape, and complains otherwise.
func (c *checker) shaped(n *node.Node, want node.Shape, key *Key) bool {
	if n.Shape == want && !n.IsNull() {
		return true
	}
	name := cmp.Or(key.Path, "a profile")
	noun, empty := key.Kind.Expects(key.Enum), ""
	switch {
	case want == node.List:
		noun, empty = "a list", "[]"
	case want == node.Mapping:
		noun, empty = "a mapping", "{}"
	case key.Kind == kind.Text:
		empty = `""`
	}
	d := diag.Diagnostic{Code: "wrong-type", Subject: n.At, Summary: name + " must be " + noun + ", and this is " + n.Noun()}
	switch {
	case n.IsNull() && n.Text == "~" && want == node.Scalar:
		d.Code = "empty"
		d.Summary = name + " is empty: a plain ~ means nothing at all in YAML"
		d.Remedy = `write "~" in quotes, or ${HOME}, for the home directory`
	case n.IsNull():
		d.Code = "empty"
		d.Summary = name + " is empty"
		d.Remedy = "remove it"
		if empty != "" {
			d.Remedy = "write " + empty + " for " + noun + " that holds nothing, or remove the key"
		}
	case want == node.List && n.Shape == node.Scalar:
		d.Remedy = "write it as a list: [" + diag.Escape(n.Text) + "]"
	}
	c.list = append(c.list, d)
	return false
}

// untagged reports whether n has no tag; only lists know one.
func (c *checker) untagged(n *node.Node) bool {
	if n.Tag == "" {
		return true
	}
	d := diag.Diagnostic{Code: "unknown-tag", Summary: "the tag " + diag.Quote(n.Tag) + " means nothing here", Subject: n.At}
	if n.Tag == replaceTag {
		d.Summary = "!replace means nothing here"
		d.Remedy = "it may stand before a list, which then forgets what earlier layers said"
	} else if diag.Suggest(n.Tag, []string{replaceTag}) != "" {
		d.Label = "did you mean !replace?"
	}
	c.list = append(c.list, d)
	return false
}

// replaceTag marks a list that forgets what weaker layers say.
const replaceTag = "!replace"
