// Command mkdocs writes the part of docs/profile.md that describes every key
// of the profile language, from the table that checks profiles, and the part of
// docs/score.md that describes every check. The tests of this package hold all
// documentation to what the code does.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/jail-project/jail/policy/reference"
	"github.com/jail-project/jail/score"
)

//go:generate go run . ../../profile.md ../../score.md

// The last lines of docs/profile.md and of docs/score.md that are written by
// hand.
const (
	marker      = "<!-- From here on this page is made from the table that checks profiles, by make generate. -->\n"
	scoreMarker = "<!-- From here on this page is made from the table of checks, by make generate. -->\n"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: mkdocs docs/profile.md docs/score.md")
		os.Exit(2)
	}
	for _, page := range os.Args[1:] {
		if err := write(page); err != nil {
			fmt.Fprintln(os.Stderr, "mkdocs:", err)
			os.Exit(1)
		}
	}
}

// write replaces the made part of the page.
func write(file string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	page, err = remade(page)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, page, 0o644)
}

// remade returns the page with its made part as it should be.
func remade(page []byte) ([]byte, error) {
	if written, _, found := bytes.Cut(page, []byte(scoreMarker)); found {
		return slices.Concat(written, []byte(scoreMarker), score.Reference()), nil
	}
	written, _, found := bytes.Cut(page, []byte(marker))
	if !found {
		return nil, errors.New("the line that ends the written part is missing")
	}
	// The reference has an introduction of its own, which the written part
	// replaces.
	text := reference.Markdown()
	first := bytes.Index(text, []byte("\n## "))
	if first < 0 {
		return nil, errors.New("the reference describes no key")
	}
	out := bytes.NewBuffer(bytes.Clone(written))
	out.WriteString(marker)
	out.Write(text[first:])
	return out.Bytes(), nil
}
