package diag

import (
	"bytes"
	"strings"
)

// Sources keeps the texts that diagnostics point into, by the name under
// which Range.File knows them. A nil *Sources holds nothing.
type Sources struct {
	texts map[string][]byte
}

// Add registers text under name. The caller must not change text later. A
// name that is registered twice keeps the latest text.
func (s *Sources) Add(name string, text []byte) {
	if s.texts == nil {
		s.texts = make(map[string][]byte)
	}
	s.texts[name] = text
}

// Line returns line n of the named text, counted from 1, without its line
// break.
func (s *Sources) Line(name string, n int) (string, bool) {
	if s == nil || n < 1 {
		return "", false
	}
	rest, more := s.texts[name]
	var line []byte
	for ; n > 0; n-- {
		if !more {
			return "", false
		}
		line, rest, more = bytes.Cut(rest, []byte("\n"))
	}
	return strings.TrimSuffix(string(line), "\r"), true
}
