package main

import (
	"regexp"
	"strings"
	"testing"
)

var (
	glossaryRow = regexp.MustCompile(`(?m)^\| ([\w- ()]+) \| .+ \|$`)
	// What stands in code type or is the target of a link is a name, and no word.
	notWords = regexp.MustCompile("`[^`\n]*`|\\]\\([^)\n]*\\)")
)

// oldWords are those that pages which are written by hand have no more. Decisions and
// the changelog say what was said then. Code has a placeholder still: what kong, the library
// for flags, calls the name of a flag's value.
func oldWords() []string {
	return []string{"stand-in", "placeholder", "kept absent", "keep absent", "block creation", "head start", "jail-filter", "the cell", "lowered op", "one static binary"}
}

// words returns the old words on a page.
func words(text string) []string {
	text, _, _ = strings.Cut(text, "\nWhat the code called otherwise until now:\n")
	text = strings.ToLower(strings.Join(strings.Fields(notWords.ReplaceAllString(text, "")), " "))
	var found []string
	for _, word := range oldWords() {
		if strings.Contains(text, word) {
			found = append(found, word)
		}
	}
	return found
}

// TestOldWords keeps the pages to the words of the glossary where it says that a word
// took the place of another.
func TestOldWords(t *testing.T) {
	for _, p := range readPages(t) {
		text := p.text
		switch {
		case strings.HasPrefix(p.name, "docs/decisions/"), p.name == "CHANGELOG.md", p.name == "docs/security-table.md":
			continue // history, and what tests write
		case p.name == "docs/profile.md":
			text, _, _ = strings.Cut(text, marker)
		case p.name == "docs/score.md":
			text, _, _ = strings.Cut(text, scoreMarker)
		}
		for _, word := range words(text) {
			t.Errorf("%s: %q: the glossary in docs/architecture.md has another word for it", p.name, word)
		}
	}
	if len(words("Its head\nstart and [the](0017-stand-ins.md) `stand-in`.")) != 1 {
		t.Error("negative control: words are not recognised any more")
	}
}

// TestGlossary: every word once, in the order of the alphabet.
func TestGlossary(t *testing.T) {
	for _, p := range readPages(t) {
		if p.name != "docs/architecture.md" {
			continue
		}
		_, glossary, _ := strings.Cut(p.text, "\n| word | meaning |\n|---|---|\n")
		glossary, _, _ = strings.Cut(glossary, "\n\n")
		last, rows := "", 0
		for _, m := range glossaryRow.FindAllStringSubmatch(glossary, -1) {
			rows++
			if word := strings.ToLower(m[1]); word <= last {
				t.Errorf("%q stands behind %q", word, last)
			} else {
				last = word
			}
		}
		if rows < 50 || rows != strings.Count(glossary, "\n")+1 {
			t.Errorf("%d rows of %d are recognised", rows, strings.Count(glossary, "\n")+1)
		}
	}
}
