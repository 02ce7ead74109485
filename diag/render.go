package diag

import (
	"strconv"
	"strings"
)

// The colours, as SGR parameters.
const (
	colorError   = "1;31"
	colorWarning = "1;35"
	colorFrame   = "34"
	colorCaret   = "1;32"
	colorBold    = "1"
)

// Render draws the diagnostics for people: errors and warnings in the order
// of the list, each with its source line and a caret when it has a place and
// sources knows the text; color uses ANSI colours. The output of each ends in
// a newline. Texts are escaped once more while they are written, so that no
// name in a summary can drive the terminal.
func Render(list List, sources *Sources, color bool) string {
	r := renderer{sources: sources, color: color}
	for i := range list {
		r.diagnostic(&list[i])
	}
	return r.out.String()
}

type renderer struct {
	out     strings.Builder
	sources *Sources
	color   bool
}

func (r *renderer) diagnostic(d *Diagnostic) {
	word, color := "error", colorError
	if d.Severity == Warning {
		word, color = "warning", colorWarning
	}
	r.text("jail: ")
	r.colored(color, word+":")
	r.text(" ")
	r.colored(colorBold, Escape(d.Summary))
	r.text("\n")
	r.place(d.Subject, d.Label)
	for _, n := range d.Notes {
		r.text("   note: " + Escape(n.Text) + "\n")
		r.place(n.At, "")
	}
	if d.Remedy != "" {
		r.text("   help: " + Escape(d.Remedy) + "\n")
	}
}

// place draws the arrow line of a range, and the source line with its caret
// where the text is known. A label that finds no caret to stand beside gets
// a line of its own: it is never lost.
func (r *renderer) place(at Range, label string) {
	drawn := false
	if !at.IsZero() {
		r.text("  ")
		r.colored(colorFrame, "-->")
		r.text(" " + at.String() + "\n")
		if line, ok := r.sources.Line(at.File, at.Start.Line); ok {
			r.snippet(line, at, label)
			drawn = true
		}
	}
	if !drawn && label != "" {
		r.text("   note: " + Escape(label) + "\n")
	}
}

func (r *renderer) snippet(line string, at Range, label string) {
	end := at.End.Column
	if at.End.Line != at.Start.Line {
		end = len(line) + 1
	}
	s := cutLine(line, at.Start.Column-1, end-1)
	number := strconv.Itoa(at.Start.Line)
	r.text("   ")
	r.colored(colorFrame, number+" |")
	r.text(strings.TrimRight(" "+s.text, " ") + "\n   ")
	r.colored(colorFrame, strings.Repeat(" ", len(number))+" |")
	r.text(" " + strings.Repeat(" ", s.caret))
	r.colored(colorCaret, "^"+strings.Repeat("~", s.width-1))
	if label != "" {
		r.text(" ")
		r.colored(colorCaret, Escape(label))
	}
	r.text("\n")
}

func (r *renderer) text(s string) { r.out.WriteString(s) }

func (r *renderer) colored(color, s string) {
	if r.color {
		s = "\x1b[" + color + "m" + s + "\x1b[0m"
	}
	r.out.WriteString(s)
}

// String writes the start of the range as file:line:column, leaving out what
// the range does not know. The file name is escaped.
func (r Range) String() string {
	switch {
	case r.IsZero():
		return "-"
	case r.Start.Line == 0:
		return Escape(r.File)
	case r.Start.Column == 0:
		return Escape(r.File) + ":" + strconv.Itoa(r.Start.Line)
	}
	return Escape(r.File) + ":" + strconv.Itoa(r.Start.Line) + ":" + strconv.Itoa(r.Start.Column)
}
