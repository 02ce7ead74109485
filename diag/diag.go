// Package diag holds positions in source text, the diagnostics that point at
// them, and their rendering for people and for programs.
//
// A loader reads bytes and registers them with Sources; everything it finds
// wrong becomes a Diagnostic in a List, which is appended to and never cut
// short at the first error; Render draws the List with the source line and a
// caret. The package imports nothing of ours and decides nothing about what
// is an error.
package diag

import (
	"cmp"
	"strings"
)

// Pos is a place in a source text. Line and Column start at 1; Column counts
// bytes. The zero Pos means "no particular place in the file".
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Compare orders places from the start of a text to its end.
func (p Pos) Compare(other Pos) int {
	return cmp.Or(p.Line-other.Line, p.Column-other.Column)
}

// Range is a stretch of one line of a source, [Start, End). File is the key
// under which the text was registered with Sources: a path, or a name such
// as "command line" for text that is not in a file.
type Range struct {
	File  string `json:"file"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// IsZero reports whether the range points nowhere.
func (r Range) IsZero() bool { return r.File == "" }

// Severity tells an error, after which nothing runs, from a warning.
type Severity int

// The severities, in the order in which they are shown.
const (
	Error Severity = iota
	Warning
)

// Note is a further remark on a Diagnostic, with a place of its own where it
// has one.
type Note struct {
	Text string
	At   Range // zero: the note has no place
}

// Diagnostic is one thing to tell the user. Code is stable and meant for
// programs ("unknown-key"); wording is not part of any contract.
type Diagnostic struct {
	Severity Severity
	Code     string
	Summary  string // one line: lower case, no period, the user's words escaped with Quote
	Label    string // beside the caret, e.g. `did you mean "mode"?`
	Subject  Range
	Notes    []Note
	Remedy   string // what to do about it; empty when the summary says it
}

// List is an ordered collection of diagnostics. A List with an error in it
// is an error; warnings may travel with success.
type List []Diagnostic

// HasErrors reports whether any diagnostic is an error.
func (l List) HasErrors() bool {
	for i := range l {
		if l[i].Severity == Error {
			return true
		}
	}
	return false
}

// Error joins the summaries, so that a List can travel as an error value.
func (l List) Error() string {
	parts := make([]string, 0, len(l))
	for i := range l {
		parts = append(parts, l[i].Summary)
	}
	return strings.Join(parts, "; ")
}
