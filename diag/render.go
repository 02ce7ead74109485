package diag

import (
	"bytes"
	"io"
	"strconv"
	"strings"
)

// Options says how Render draws.
type Options struct {
	Color   bool   // use ANSI colours
	Program string // the word before the severity; "jail" when empty
}

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
// sources knows the text. The output of each ends in a newline. Texts are
// escaped once more while they are written, so that no name in a summary can
// drive the terminal.
func Render(w io.Writer, list List, sources *Sources, opts Options) error {
	r := renderer{sources: sources, opts: opts}
	if r.opts.Program == "" {
		r.opts.Program = "jail"
	}
	for i := range list {
		r.diagnostic(&list[i])
	}
	_, err := w.Write(r.out.Bytes())
	return err
}

// renderer collects the output, so that a diagnostic is written whole or not
// at all.
type renderer struct {
	out     bytes.Buffer
	sources *Sources
	opts    Options
}

func (r *renderer) diagnostic(d *Diagnostic) {
	word, color := "error", colorError
	if d.Severity == Warning {
		word, color = "warning", colorWarning
	}
	r.text(Escape(r.opts.Program) + ": ")
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
	if !r.opts.Color {
		r.out.WriteString(s)
		return
	}
	r.out.WriteString("\x1b[" + color + "m" + s + "\x1b[0m")
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
