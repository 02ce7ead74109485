package main

import (
	"bytes"
	"encoding/json"

	"github.com/jail-project/jail/diag"
)

// text is a string of somebody else's in JSON output: nothing in it drives a
// terminal, see diag.JSONString.
type text string

// MarshalJSON implements json.Marshaler.
//
//nolint:unparam // the interface asks for an error
func (t text) MarshalJSON() ([]byte, error) { return []byte(diag.JSONString(string(t))), nil }

func texts(in []string) []text {
	out := make([]text, len(in))
	for i := range in {
		out[i] = text(in[i])
	}
	return out
}

// position is a place in a profile or in the command line. Lines and columns
// start at 1; all fields are left out for what no line asked for.
type position struct {
	File   text `json:"file,omitempty"`
	Line   int  `json:"line,omitempty"`
	Column int  `json:"column,omitempty"`
}

func positionOf(at diag.Range) position {
	return position{text(at.File), at.Start.Line, at.Start.Column}
}

// printJSON writes a value, indented, and returns the exit status.
func (a *app) printJSON(value any) int {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		return a.fail("internal error: "+err.Error(), "")
	}
	return a.print(b.Bytes())
}

// print writes the output of a verb and returns the exit status: output that
// can't be written is a failure.
func (a *app) print(output []byte) int {
	if _, err := a.out.Write(output); err != nil {
		return a.fail("cannot write the output: "+err.Error(), "")
	}
	return 0
}
