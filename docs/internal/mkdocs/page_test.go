package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the top of the checkout.
const root = "../../.."

// page is one document: Markdown, or the source of a manual page.
type page struct {
	name  string // from the top of the checkout
	text  string
	parts []part
}

// part is a fenced block, or the text between two of them.
type part struct {
	line   int    // of the first line of the text
	lang   string // of a block
	fenced bool
	text   string
	note   string // the comment directly before a block
}

// readPages returns every document, in a fixed order.
func readPages(t *testing.T) []page {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/decisions/*.md", "man/*.scd"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	for _, needed := range []string{"README.md", "CHANGELOG.md", "docs/architecture.md", "docs/profile.md", "docs/threat-model.md", "man/jail.1.scd", "man/jail-profile.5.scd"} {
		if !slices.Contains(names, filepath.Join(root, needed)) {
			t.Errorf("%s is gone", needed)
		}
	}
	pages := make([]page, len(names))
	for i, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		short, err := filepath.Rel(root, name)
		if err != nil {
			t.Fatal(err)
		}
		pages[i] = page{name: short, text: string(text), parts: split(string(text))}
	}
	return pages
}

// split takes a text apart at its fences. A comment stays with the block that
// follows it.
func split(text string) []part {
	parts := []part{{line: 1}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		last := &parts[len(parts)-1]
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && last.fenced:
			parts = append(parts, part{line: number + 1})
		case isFence:
			note := lastComment(last.text)
			parts = append(parts, part{line: number + 1, fenced: true, lang: strings.TrimSpace(fence), note: note})
		default:
			last.text += line
		}
	}
	return parts
}

// lastComment returns the comment that a text ends with, "" for none.
func lastComment(text string) string {
	text, isComment := strings.CutSuffix(strings.TrimSpace(text), "-->")
	start := strings.LastIndex(text, "<!--")
	if !isComment || start < 0 {
		return ""
	}
	return strings.TrimSpace(text[start+len("<!--"):])
}

func TestSplit(t *testing.T) {
	parts := split("a\n<!-- file: x\ny -->\n```yaml\nk: v\n```\nb\n")
	if len(parts) != 3 || parts[1].text != "k: v\n" || parts[1].lang != "yaml" || parts[1].note != "file: x\ny" || parts[1].line != 5 {
		t.Errorf("%+v", parts)
	}
	if note := lastComment("<!-- a --> text"); note != "" {
		t.Errorf("a comment that does not stand before the block: %q", note)
	}
}

// TestReferenceIsFresh compares the made part of the reference with the table
// that checks profiles.
func TestReferenceIsFresh(t *testing.T) {
	for _, name := range []string{"docs/profile.md", "docs/score.md"} {
		page, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := remade(page)
		if err != nil {
			t.Fatal(err)
		}
		if string(fresh) != string(page) || len(fresh) < 5000 {
			t.Errorf("%s is not what the table in the code says: run make generate", name)
		}
	}
}
