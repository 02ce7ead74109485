package diag

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON writes one object a line for each diagnostic, for programs. The field
// names are stable: severity ("error" or "warning"), code, message, label,
// file, line, column, endLine, endColumn, notes (objects with message and the
// place fields) and help. Fields without content are left out; severity, code
// and message are always there. Lines and columns start at 1, columns count
// bytes, the end is exclusive.
func JSON(list List) string {
	var b strings.Builder
	for i := range list {
		d := &list[i]
		severity := "error"
		if d.Severity == Warning {
			severity = "warning"
		}
		b.WriteString(`{"severity":"` + severity + `","code":`)
		b.WriteString(JSONString(d.Code))
		b.WriteString(`,"message":` + JSONString(d.Summary))
		jsonField(&b, "label", d.Label)
		jsonRange(&b, d.Subject)
		if len(d.Notes) > 0 {
			b.WriteString(`,"notes":[`)
			for j, n := range d.Notes {
				if j > 0 {
					b.WriteByte(',')
				}
				b.WriteString(`{"message":` + JSONString(n.Text))
				jsonRange(&b, n.At)
				b.WriteByte('}')
			}
			b.WriteByte(']')
		}
		jsonField(&b, "help", d.Remedy)
		b.WriteString("}\n")
	}
	return b.String()
}

func jsonField(b *strings.Builder, name, value string) {
	if value != "" {
		b.WriteString(`,"` + name + `":` + JSONString(value))
	}
}

func jsonRange(b *strings.Builder, r Range) {
	jsonField(b, "file", r.File)
	number := func(name string, n int) {
		if n > 0 {
			b.WriteString(`,"` + name + `":` + strconv.Itoa(n))
		}
	}
	number("line", r.Start.Line)
	number("column", r.Start.Column)
	number("endLine", r.End.Line)
	number("endColumn", r.End.Column)
}

// JSONString writes s as a JSON string in which nothing but printable text
// is raw: C0, C1 and bidirectional controls are \u escapes, so that a listing
// on a terminal is as safe as Escape makes it. A byte that is not valid UTF-8
// has no form in JSON; it becomes the visible escape \xNN.
func JSONString(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			writeHex(&b, `\\x`, rune(s[i]), 2)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteByte(s[i])
		case unicode.IsPrint(r):
			b.WriteString(s[i : i+size])
		case r <= 0xffff:
			writeHex(&b, `\u`, r, 4)
		default:
			high, low := utf16.EncodeRune(r)
			writeHex(&b, `\u`, high, 4)
			writeHex(&b, `\u`, low, 4)
		}
		i += size
	}
	b.WriteByte('"')
	return b.String()
}
