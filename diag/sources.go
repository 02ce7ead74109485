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

// Text returns what was registered under name.
func (s *Sources) Text(name string) ([]byte, bool) {
	if s == nil {
		return nil, false
	}
	text, ok := s.texts[name]
	return text, ok
}

// Line returns line n of the named text, counted from 1, without its line
// break.
func (s *Sources) Line(name string, n int) (string, bool) {
	text, ok := s.Text(name)
	if !ok || n < 1 {
		return "", false
	}
	for ; n > 1; n-- {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			return "", false
		}
		text = text[end+1:]
	}
	if end := bytes.IndexByte(text, '\n'); end >= 0 {
		text = text[:end]
	}
	return strings.TrimSuffix(string(text), "\r"), true
}
