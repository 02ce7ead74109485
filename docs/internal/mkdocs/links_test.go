package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	link    = regexp.MustCompile(`\[[^\]\n]*\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// TestLinks follows every link to a file of the checkout, and to a heading in
// it.
func TestLinks(t *testing.T) {
	followed := 0
	for _, p := range readPages(t) {
		for _, part := range p.parts {
			if part.fenced {
				continue
			}
			for _, m := range link.FindAllStringSubmatch(part.text, -1) {
				if strings.Contains(m[1], "://") {
					continue
				}
				followed++
				if problem := follow(p.name, m[1]); problem != "" {
					t.Errorf("%s: link to %s: %s", p.name, m[1], problem)
				}
			}
		}
	}
	if followed < 20 {
		t.Errorf("only %d links: they are not recognised any more", followed)
	}
	if follow("docs/profile.md", "nothing.md") == "" || follow("README.md", "docs/profile.md#no-such-heading") == "" {
		t.Error("a broken link passes")
	}
}

// follow returns what is wrong with a link on a page.
func follow(from, to string) string {
	file, anchor, _ := strings.Cut(to, "#")
	name := from
	if file != "" {
		name = path.Join(path.Dir(from), file)
	}
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return "no such file"
	}
	if anchor == "" {
		return ""
	}
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		if anchorOf(m[1]) == anchor {
			return ""
		}
	}
	return "no such heading"
}

// anchorOf is the name that a heading gets where Markdown is shown.
func anchorOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, heading)
}
