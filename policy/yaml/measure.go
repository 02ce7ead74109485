package yaml

import (
	"bytes"
	"unicode/utf8"

	"github.com/jail-project/jail/policy/node"
)

// columnTable is the offset of each character of a line, and of its end; nil
// when each character is one byte.
func columnTable(line []byte) []int32 {
	if utf8.RuneCount(line) == len(line) {
		return nil
	}
	table := make([]int32, 0, len(line)+1)
	for i := range string(line) {
		table = append(table, int32(i))
	}
	return append(table, int32(len(line)))
}

// measure finds where a node ends on the line on which it starts, and
// whether its text stands there as it is.
func measure(n *node.Node, line []byte, anchored bool) {
	from := n.At.Start.Column - 1
	if from >= len(line) {
		return
	}
	body := from
	if n.Tag != "" || anchored {
		body = skipProperties(line, from)
	}
	n.At.End.Column = max(nodeEnd(line, body, n), from+1) + 1
	if n.Shape != node.Scalar {
		return
	}
	if n.Style == node.Quoted {
		body++
	}
	if body+len(n.Text) <= len(line) && n.Text != "" && string(line[body:body+len(n.Text)]) == n.Text {
		n.Body = body + 1
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
func nodeEnd(line []byte, i int, n *node.Node) int {
	if i >= len(line) {
		return len(line)
	}
	switch c := line[i]; {
	case n.Shape != node.Scalar && (c == '[' || c == '{'):
		return flowEnd(line, i)
	case n.Shape == node.List:
		return i + 1
	case n.Shape == node.Mapping:
		if end := bytes.IndexByte(line[i:min(len(line), i+200)], ':'); end > 0 {
			return i + end
		}
		return i + 1
	case n.Style == node.Quoted && (c == '"' || c == '\''):
		return quoteEnd(line, i)
	case n.Style == node.Plain && bytes.HasPrefix(line[i:], []byte(n.Text)):
		return i + len(n.Text)
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
