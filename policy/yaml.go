package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/jail-project/jail/diag"
)

// This is the only file that knows the YAML library. Its decoder is not
// used: it has no columns, and drops duplicate keys and second documents
// without a word. The library's parser gives a tree with the line and column
// of the start of each node; what else a diagnostic needs is read off the
// source text here.

// parseYAML reads one document. The node is nil when the text says nothing
// or when the list has errors.
func parseYAML(file string, text []byte) (*node, diag.List) {
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
	c := converter{src: src, budget: maxNodes}
	n := c.convert(first.Content[0], 0)
	if c.list.HasErrors() {
		return nil, c.list
	}
	if n.isNull() && n.text == "" && n.tag == "" {
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

// converter turns the library's tree into ours.
type converter struct {
	src    *source
	list   diag.List
	budget int
	open   []*yaml.Node // anchors being expanded, to refuse cycles

	// cursor remembers the last conversion from the library's columns,
	// which count characters, to ours, which count bytes. Nodes come in
	// the order of the text, so a long line is walked once, not once for
	// each of its nodes.
	line, char, offset int
}

func (c *converter) convert(n *yaml.Node, depth int) *node {
	out := &node{at: c.start(n)}
	c.budget--
	switch {
	case len(c.list) > 0:
		return out
	case c.budget < 0:
		c.fault("too-large", "the aliases expand to more than 100,000 entries", out.at)
		return out
	case depth > maxDepth:
		c.fault("too-deep", "lists and mappings are nested too deep", out.at)
		return out
	}
	if n.Kind == yaml.AliasNode {
		return c.alias(n, out.at, depth)
	}
	if n.Style&yaml.TaggedStyle != 0 {
		out.tag = n.Tag
	}
	switch n.Kind {
	case yaml.SequenceNode:
		out.shape = listNode
		c.measure(out, n)
		for _, item := range n.Content {
			out.items = append(out.items, c.convert(item, depth+1))
		}
	case yaml.MappingNode:
		out.shape = mappingNode
		c.measure(out, n)
		for i := 0; i+1 < len(n.Content); i += 2 {
			out.pairs = append(out.pairs, pair{c.convert(n.Content[i], depth+1), c.convert(n.Content[i+1], depth+1)})
		}
	default:
		out.text = n.Value
		if n.Style&^yaml.TaggedStyle != 0 {
			out.style = quoted
		}
		c.measure(out, n)
		if at := strings.IndexByte(n.Value, 0); at >= 0 {
			c.fault("control-character", "a NUL character in a text", out.at)
		}
	}
	return out
}

func (c *converter) alias(n *yaml.Node, at diag.Range, depth int) *node {
	at.End.Column = at.Start.Column + 1 + len(n.Value)
	for _, o := range c.open {
		if o == n.Alias {
			c.fault("alias-cycle", "the alias stands for something that contains it", at)
			return &node{at: at}
		}
	}
	c.open = append(c.open, n.Alias)
	out := c.convert(n.Alias, depth)
	c.open = c.open[:len(c.open)-1]
	return out
}

func (c *converter) fault(code, summary string, at diag.Range) {
	if len(c.list) == 0 {
		c.list = append(c.list, diag.Diagnostic{Code: code, Summary: summary, Subject: at})
	}
}

// start converts the position of n; the end is one byte after it until
// measure knows better.
func (c *converter) start(n *yaml.Node) diag.Range {
	line := c.src.line(n.Line)
	if c.line != n.Line || c.char > n.Column {
		c.line, c.char, c.offset = n.Line, 1, 0
	}
	for c.char < n.Column && c.offset < len(line) {
		_, size := utf8.DecodeRune(line[c.offset:])
		c.offset += size
		c.char++
	}
	col := c.offset + 1
	return diag.Range{File: c.src.file, Start: diag.Pos{Line: n.Line, Column: col}, End: diag.Pos{Line: n.Line, Column: col + 1}}
}

// measure finds where n ends on the line on which it starts.
func (c *converter) measure(out *node, n *yaml.Node) {
	line := c.src.line(n.Line)
	from := out.at.Start.Column - 1
	if from >= len(line) {
		return
	}
	body := from
	if out.tag != "" || n.Anchor != "" {
		body = skipProperties(line, from)
	}
	out.at.End.Column = max(nodeEnd(line, body, out), from+1) + 1
	if out.shape != scalarNode {
		return
	}
	if out.style == quoted {
		body++
	}
	if body+len(out.text) <= len(line) && out.text != "" && string(line[body:body+len(out.text)]) == out.text {
		out.body = body + 1
	}
}

// skipProperties steps over "!tag" and "&anchor" before the node proper.
func skipProperties(line []byte, i int) int {
	for i < len(line) && (line[i] == '!' || line[i] == '&') {
		for i < len(line) && line[i] != ' ' && line[i] != '\t' {
			i++
		}
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
	}
	return i
}

// nodeEnd is the offset in line behind the node that begins at i. What
// goes on over further lines ends with the line.
func nodeEnd(line []byte, i int, n *node) int {
	if i >= len(line) {
		return len(line)
	}
	switch c := line[i]; {
	case n.shape != scalarNode && (c == '[' || c == '{'):
		return flowEnd(line, i)
	case n.shape == listNode:
		return i + 1
	case n.shape == mappingNode:
		if end := bytes.IndexByte(line[i:min(len(line), i+200)], ':'); end > 0 {
			return i + end
		}
		return i + 1
	case n.style == quoted && (c == '"' || c == '\''):
		return quoteEnd(line, i)
	case n.style == plain && bytes.HasPrefix(line[i:], []byte(n.text)):
		return i + len(n.text)
	}
	return len(bytes.TrimRight(line, " \t"))
}

// flowEnd finds the bracket that closes the one at i, within reason: the
// range serves a caret line.
func flowEnd(line []byte, i int) int {
	depth := 0
	for j := i; j < min(len(line), i+200); j++ {
		switch line[j] {
		case '"', '\'':
			j = quoteEnd(line, j) - 1
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return j + 1
			}
		}
	}
	return i + 1
}

// quoteEnd finds the end of the quoted text that begins at i.
func quoteEnd(line []byte, i int) int {
	quote := line[i]
	for j := i + 1; j < len(line); j++ {
		switch {
		case line[j] == '\\' && quote == '"':
			j++
		case line[j] == quote && quote == '\'' && j+1 < len(line) && line[j+1] == quote:
			j++
		case line[j] == quote:
			return j + 1
		}
	}
	return len(line)
}
