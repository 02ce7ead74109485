package diag

import (
	"strings"
	"unicode/utf8"
)

const (
	tabWidth  = 4
	lineWidth = 100 // characters of a source line that are shown at most
	leadWidth = 40  // of them before the caret, when the line is cut
)

// snippet is a source line as it is shown: tabs expanded, control characters
// escaped, cut around the caret when it is long.
type snippet struct {
	text  string
	caret int // characters before the caret
	width int // length of the caret line, at least 1
}

// cutLine prepares line for printing, with a caret under the bytes
// [start, end). Any start and end are good: they are pulled into the line.
func cutLine(line string, start, end int) snippet {
	start = min(max(start, 0), len(line))
	end = min(max(end, start), len(line))
	// A line of a megabyte must not be expanded as a whole: no more than
	// lineWidth characters of either side can be seen.
	from := runeBoundary(line, max(0, start-4*lineWidth))
	to := runeBoundary(line, min(len(line), start+4*lineWidth))
	end = min(end, to)
	cells := make([]string, 0, to-from)
	caret, stop := 0, 0
	for i := from; i < to; {
		if i <= start {
			caret = len(cells)
		}
		var b strings.Builder
		size := 1
		if line[i] == '\t' {
			b.WriteString(strings.Repeat(" ", tabWidth-len(cells)%tabWidth))
		} else {
			size = escapeRune(&b, line[i:])
		}
		for _, c := range b.String() {
			cells = append(cells, string(c))
		}
		i += size
		if i <= end {
			stop = len(cells)
		}
	}
	if start >= to {
		caret = len(cells)
	}
	return window(cells, caret, max(stop-caret, 1), from > 0, to < len(line))
}

// window cuts cells to lineWidth around the caret; cutLeft and cutRight tell
// that something was left out before.
func window(cells []string, caret, width int, cutLeft, cutRight bool) snippet {
	first, last := 0, len(cells)
	if len(cells) > lineWidth || cutLeft || cutRight {
		if caret > lineWidth-leadWidth || cutLeft {
			first = max(0, caret-leadWidth)
		}
		last = min(len(cells), first+lineWidth)
	}
	s := snippet{caret: caret - first, width: width}
	s.text = strings.Join(cells[first:last], "")
	if first > 0 || cutLeft {
		s.text = "…" + s.text
		s.caret++
	}
	if last < len(cells) || cutRight {
		s.text += "…"
	}
	s.width = max(1, min(s.width, last-caret))
	return s
}

// runeBoundary moves i to the start of the character it stands in.
func runeBoundary(s string, i int) int {
	for back := 0; back < utf8.UTFMax && i > 0 && i < len(s) && !utf8.RuneStart(s[i]); back++ {
		i--
	}
	return i
}
