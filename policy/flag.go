package policy

import (
	"cmp"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/policy/node"
)

// CommandLine is the name under which the sources of a policy hold the text
// of the command line. The ranges of settings use it as their file.
const CommandLine = "command line"

// Setting is what one flag says: a value for a key of the language. All
// settings of a command line form the last layer, under the rules of any
// other, except that a scalar given twice takes the last value, an entry
// repeated word by word counts once, and paths are required.
type Setting struct {
	// Path leads to the key: {"filesystem", "read"}. For an environment
	// variable it ends with the name: {"environment", "set", "LANG"}.
	Path []string
	// Text is the value as a profile would have it, without quotes. A
	// relative path must have been made absolute, and an existing file's
	// name goes through paths.Escape.
	Text string
	// Fields are further keys of an entry: {"size", "512M"} beside a path.
	Fields []SettingField
	// Replace makes a list forget what earlier layers said. With None the
	// setting adds no entry.
	Replace, None bool
	At            diag.Range // where in the command line it stands
}

// SettingField is a further key of the entry that a Setting makes.
type SettingField struct {
	Name, Text string
	At         diag.Range // zero: that of the setting
}

// flags adds the layer of the command line.
func (l *loader) flags(settings []Setting) {
	if len(settings) == 0 {
		return
	}
	root := &node.Node{Shape: node.Mapping, Style: node.Given, At: settings[0].At}
	c := checker{flags: true, noDir: true}
	said := make(map[string]bool, len(settings))
	for i := range settings {
		s := &settings[i]
		// The same entry once more, as an alias and a script may add it.
		words := s.words()
		key := schema().find(s.Path)
		if said[words] && !s.Replace && key != nil && key.Kind == kind.List {
			continue
		}
		said[words] = true
		if d := place(root, s); d != nil {
			c.list = append(c.list, *d)
		}
	}
	c.document(root)
	l.list = append(l.list, c.list...)
	l.push(c.doc, Layer{Name: CommandLine, File: CommandLine, Reason: "flags"})
}

// place puts a setting into the tree that a file saying the same would have.
func place(root *node.Node, s *Setting) *diag.Diagnostic {
	n := root
	key := Schema()
	for i, name := range s.Path {
		sub := key.Sub(name)
		if key.Kind == kind.Variables && i == len(s.Path)-1 {
			setPair(n, name, &node.Node{Style: node.Given, Text: s.Text, At: s.At})
			return nil
		}
		if sub == nil {
			return &diag.Diagnostic{Code: "unknown-key", Summary: "unknown key " + diag.Quote(strings.Join(s.Path, ".")), Subject: s.At}
		}
		key = sub
		switch key.Kind {
		case kind.Mapping, kind.Variables:
			n = child(n, name, node.Mapping, s)
		case kind.List:
			n = child(n, name, node.List, s)
		default:
			setPair(n, name, &node.Node{Style: node.Given, Text: s.Text, At: s.At})
			return nil
		}
	}
	if s.Replace {
		n.Tag = replaceTag
	}
	if s.None {
		return nil
	}
	if key.Kind != kind.List {
		return &diag.Diagnostic{Code: "wrong-type", Summary: diag.Quote(strings.Join(s.Path, ".")) + " takes no single value", Subject: s.At}
	}
	n.Items = append(n.Items, s.entry(key))
	return nil
}

// entry is the list entry that a setting makes.
func (s *Setting) entry(key *Key) *node.Node {
	text := &node.Node{Style: node.Given, Text: s.Text, At: s.At}
	if len(s.Fields) == 0 || len(key.Elem.Keys) == 0 {
		return text
	}
	entry := &node.Node{Shape: node.Mapping, Style: node.Given, At: s.At}
	setPair(entry, key.Elem.Keys[0].Name, text)
	for _, f := range s.Fields {
		at := cmp.Or(f.At, s.At)
		name := &node.Node{Style: node.Given, Text: f.Name, At: at}
		entry.Pairs = append(entry.Pairs, node.Pair{Key: name, Value: &node.Node{Style: node.Given, Text: f.Text, At: at}})
	}
	return entry
}

// child returns the collection under a key, made when it is not there.
func child(n *node.Node, name string, want node.Shape, s *Setting) *node.Node {
	for i := range n.Pairs {
		if n.Pairs[i].Key.Text == name {
			return n.Pairs[i].Value
		}
	}
	c := &node.Node{Shape: want, Style: node.Given, At: s.At}
	setPair(n, name, c)
	return c
}

// setPair sets a key, in the place of an earlier value.
func setPair(n *node.Node, name string, value *node.Node) {
	for i := range n.Pairs {
		if n.Pairs[i].Key.Text == name {
			n.Pairs[i].Key.At = value.At
			n.Pairs[i].Value = value
			return
		}
	}
	n.Pairs = append(n.Pairs, node.Pair{Key: &node.Node{Style: node.Given, Text: name, At: value.At}, Value: value})
}

// words is all that a setting says, for comparison.
func (s *Setting) words() string {
	words := append([]string{s.Text}, s.Path...)
	for _, f := range s.Fields {
		words = append(words, f.Name, f.Text)
	}
	return strings.Join(words, "\x00")
}
