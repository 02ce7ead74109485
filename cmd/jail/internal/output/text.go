// Package output holds what the verbs of jail have in common when they print: strings
// of somebody else's made harmless, places in profiles, tables, JSON.
package output

import (
	"bytes"
	"encoding/json"

	"github.com/jail-project/jail/diag"
)

// Text is an untrusted string in JSON output. Its control characters are escaped, see
// diag.JSONString.
type Text string

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) { return []byte(diag.JSONString(string(t))), nil }

// Texts makes texts of strings.
func Texts(in []string) []Text {
	out := make([]Text, len(in))
	for i := range in {
		out[i] = Text(in[i])
	}
	return out
}

// Position is a place in a profile or in the command line. Lines and columns
// start at 1; all fields are left out for what no line asked for.
type Position struct {
	File   Text `json:"file,omitempty"`
	Line   int  `json:"line,omitempty"`
	Column int  `json:"column,omitempty"`
}

// PositionOf is where a range of a text begins.
func PositionOf(at diag.Range) Position {
	return Position{Text(at.File), at.Start.Line, at.Start.Column}
}

// JSON is a value as indented JSON.
func JSON(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(value)
	return b.Bytes(), err
}
