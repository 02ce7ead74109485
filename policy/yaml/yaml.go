// Package yaml reads the text of a profile into a tree of nodes with places.
//
// Parse refuses what has no business in a profile (scan.go), lets the library
// parse (this file), explains its errors (syntax.go), and finds the places
// that the library does not tell (measure.go). It knows nothing of the keys of
// profiles.
package yaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/node"
)

// This is the only file that knows the YAML library. Its decoder is not
// used: it has no columns, and drops duplicate keys and second documents
// without a word. The library's parser gives a tree with the line and column
// of the start of each node; what else a diagnostic needs is read off the
// source text here.

// Parse reads one document; file is what diagnostics call it. The node is nil
// when the text says nothing or when the list has errors.
func Parse(file string, text []byte) (*node.Node, diag.List) {
	src, fault := scan(file, text)
	if fault != nil {
		return nil, diag.List{*fault}
	}
	first, second, err := decode(text)
	if err != nil {
		return nil, diag.List{syntaxError(src, err)}
	}
	if second != nil {
		return nil, diag.List{{
			Code: "second-document", Summary: "a second document in the file",
			Subject: src.wholeLine(second.Line), Remedy: "a profile is one document: put the second into a file of its own",
		}}
	}
	if first == nil || len(first.Content) != 1 {
		return nil, nil
	}
	c := converter{src: src, anchored: map[*yaml.Node]converted{}, columns: map[int][]int32{}}
	n, _ := c.convert(first.Content[0], 0)
	if c.list.HasErrors() {
		return nil, c.list
	}
	if n.IsNull() && n.Text == "" && n.Tag == "" {
		return nil, nil
	}
	return n, nil
}

// decode runs the library's parser. A panic in it is an error like any
// other: the text comes from outside.
func decode(text []byte) (first, second *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			first, second, err = nil, nil, fmt.Errorf("yaml: the parser gave up: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var a, b yaml.Node
	if err := dec.Decode(&a); errors.Is(err, io.EOF) {
		return nil, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	if err := dec.Decode(&b); errors.Is(err, io.EOF) {
		return &a, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	return &a, &b, nil
}

// converter turns the library's tree into ours. An alias becomes the very
// node that it stands for, so that the tree takes no more memory than the
// text; what the tree has grown to when it is walked is counted against the
// bounds all the same.
type converter struct {
	src      *source
	list     diag.List
	nodes    int // converted so far, aliases expanded
	bytes    int // of their texts
	anchored map[*yaml.Node]converted

	// columns holds the byte offset of each character of the lines that
	// are not plain ASCII; for others there is an empty entry.
	columns map[int][]int32
}

// extent is the size of a tree with all aliases in it expanded.
type extent struct {
	nodes, bytes, height int
}

// converted is a node that aliases may stand for.
type converted struct {
	node *node.Node
	size extent
}

// convert returns our form of n with its size. After a fault it only finds a
// quick way out.
func (c *converter) convert(n *yaml.Node, depth int) (*node.Node, extent) {
	if n.Kind == yaml.AliasNode {
		return c.alias(n, depth)
	}
	out := c.begin(n)
	size := extent{nodes: 1, bytes: len(n.Value)}
	if !c.count(size, depth, out.At) {
		return out, size
	}
	child := func(n *yaml.Node) *node.Node {
		node, s := c.convert(n, depth+1)
		size.nodes += s.nodes
		size.bytes += s.bytes
		size.height = max(size.height, s.height+1)
		return node
	}
	switch out.Shape {
	case node.List:
		out.Items = make([]*node.Node, len(n.Content))
		for i, item := range n.Content {
			out.Items[i] = child(item)
		}
	case node.Mapping:
		out.Pairs = make([]node.Pair, len(n.Content)/2)
		for i := range out.Pairs {
			out.Pairs[i] = node.Pair{Key: child(n.Content[2*i]), Value: child(n.Content[2*i+1])}
		}
	default:
		if strings.IndexByte(n.Value, 0) >= 0 {
			c.fault("control-character", "a NUL character in a text", out.At)
		}
	}
	if n.Anchor != "" {
		c.anchored[n] = converted{out, size}
	}
	return out, size
}

// begin makes a node without what it contains.
func (c *converter) begin(n *yaml.Node) *node.Node {
	out := &node.Node{At: c.start(n)}
	if n.Style&yaml.TaggedStyle != 0 {
		out.Tag = n.Tag
	}
	switch n.Kind {
	case yaml.SequenceNode:
		out.Shape = node.List
	case yaml.MappingNode:
		out.Shape = node.Mapping
	default:
		out.Text = n.Value
		if n.Style&^yaml.TaggedStyle != 0 {
			out.Style = node.Quoted
		}
	}
	measure(out, c.src.line(n.Line), n.Anchor != "")
	return out
}

// alias returns the node that an alias stands for. One whose conversion has
// not ended contains the alias.
func (c *converter) alias(n *yaml.Node, depth int) (*node.Node, extent) {
	at := c.start(n)
	at.End.Column = at.Start.Column + 1 + len(n.Value)
	target, ok := c.anchored[n.Alias]
	if !ok {
		c.fault("alias-cycle", "the alias stands for something that contains it", at)
		return &node.Node{At: at}, extent{}
	}
	c.count(target.size, depth, at)
	return target.node, target.size
}

// count adds to what was converted and reports whether all is well.
func (c *converter) count(size extent, depth int, at diag.Range) bool {
	c.nodes += size.nodes
	c.bytes += size.bytes
	switch {
	case c.nodes > maxNodes || c.bytes > maxText:
		c.fault("too-large", "with its aliases expanded the file is too large", at)
	case depth+size.height > maxDepth:
		c.fault("too-deep", "lists and mappings are nested too deep", at)
	}
	return len(c.list) == 0
}

func (c *converter) fault(code, summary string, at diag.Range) {
	if len(c.list) == 0 {
		c.list = append(c.list, diag.Diagnostic{Code: code, Summary: summary, Subject: at})
	}
}

// start converts the position of n; the end is one byte after it until
// measure knows better.
func (c *converter) start(n *yaml.Node) diag.Range {
	col := c.column(n.Line, n.Column)
	return diag.Range{File: c.src.file, Start: diag.Pos{Line: n.Line, Column: col}, End: diag.Pos{Line: n.Line, Column: col + 1}}
}

// column converts a column of the library, which counts characters, to ours,
// which counts bytes.
func (c *converter) column(line, char int) int {
	table, known := c.columns[line]
	if !known {
		table = columnTable(c.src.line(line))
		c.columns[line] = table
	}
	if char <= len(table) {
		return int(table[char-1]) + 1
	}
	return char
}
