package yaml

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/node"
)

// The bounds of one profile file beside its size. They are far above what a profile needs
// and keep time and memory small whatever a file holds.
const (
	maxNodes = 100_000 // after aliases are expanded
	maxText  = 4 << 20 // bytes of texts, after aliases are expanded
	maxDepth = 32      // of nested lists and mappings
	maxMarks = 100_000 // line ends and punctuation that may begin a node
)

// source is the text of one file with an index of its lines.
type source struct {
	file  string
	text  []byte
	lines []int // offset of the start of each line
}

// at is the range of the bytes [from, to) of the text.
func (s *source) at(from, to int) diag.Range {
	line, _ := slices.BinarySearch(s.lines, from+1) // how many lines begin before that
	start := s.lines[line-1]
	return diag.Range{
		File:  s.file,
		Start: diag.Pos{Line: line, Column: from - start + 1},
		End:   diag.Pos{Line: line, Column: to - start + 1},
	}
}

// line returns line n, counted from 1, without its break.
func (s *source) line(n int) []byte {
	if n < 1 || n > len(s.lines) {
		return nil
	}
	end := len(s.text)
	if n < len(s.lines) {
		end = s.lines[n] - 1
	}
	return bytes.TrimSuffix(s.text[s.lines[n-1]:end], []byte("\r"))
}

// wholeLine is the range of line n from its first character that is not a
// space.
func (s *source) wholeLine(n int) diag.Range {
	n = min(max(n, 1), len(s.lines))
	line := s.line(n)
	from := len(line) - len(bytes.TrimLeft(line, " \t"))
	return s.at(s.lines[n-1]+from, s.lines[n-1]+max(len(bytes.TrimRight(line, " \t")), from+1))
}

// scan checks text as bytes, before any YAML: size, encoding, characters
// that have no business in a profile. It reports the first fault only, since
// after it the text is not what it seems to be. A line ends with a newline,
// and in nothing else: the characters that YAML and terminals see as further
// line ends are refused, so that everybody counts the same lines.
func scan(file string, text []byte) (*source, *diag.Diagnostic) {
	s := &source{file: file, text: text, lines: []int{0}}
	if len(text) > node.MaxFileSize {
		return s, &diag.Diagnostic{
			Code: "too-large", Subject: diag.Range{File: file},
			Summary: "the file is larger than 1 MiB",
		}
	}
	marks := 0
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '\n':
			s.lines = append(s.lines, i+1)
			marks++
		case c == ',' || c == ':' || c == '[' || c == '{':
			marks++
		case c == '\t' || c >= ' ' && c < 0x7f:
		case c == '\r' && i+1 < len(text) && text[i+1] == '\n':
		default:
			size, d := s.checkRune(i)
			if d != nil {
				return s, d
			}
			i += size
			continue
		}
		i++
	}
	if marks > maxMarks {
		return s, &diag.Diagnostic{
			Code: "too-large", Subject: diag.Range{File: file},
			Summary: "the file has more than " + strconv.Itoa(maxMarks) + " entries",
		}
	}
	return s, nil
}

// checkRune judges the character at offset i, which is not plain ASCII text.
func (s *source) checkRune(i int) (int, *diag.Diagnostic) {
	r, size := utf8.DecodeRune(s.text[i:])
	fault := func(code, summary, remedy string) (int, *diag.Diagnostic) {
		return size, &diag.Diagnostic{Code: code, Summary: summary, Subject: s.at(i, i+size), Remedy: remedy}
	}
	switch {
	case r == utf8.RuneError && size <= 1:
		return fault("encoding", "this byte is not valid UTF-8", "save the file as UTF-8")
	case r == 0:
		return fault("control-character", "a NUL byte", "save the file as plain UTF-8 text")
	case r == '\r':
		return fault("control-character", "a carriage return that ends no line", "end lines with a newline")
	case r < ' ' || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029 || r == 0xfeff || r&0xfffe == 0xfffe:
		return fault("control-character", "a control character", "remove it, or write it as an escape in double quotes")
	case isBidi(r):
		return fault("control-character", "a character that changes the direction of the text",
			"remove it, or write it as an escape in double quotes")
	}
	return size, nil
}

// isBidi reports whether r can make a line look other than it is.
func isBidi(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
