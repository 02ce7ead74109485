// Command mkdocs writes the part of docs/profile.md that describes every key
// of the profile language, from the table that checks profiles. The tests of
// this package hold all documentation to what the code does.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/jail-project/jail/policy"
)

//go:generate go run . ../../profile.md

// marker is the last line of docs/profile.md that is written by hand.
const marker = "<!-- From here on this page is made from the table that checks profiles, by make generate. -->\n"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: mkdocs docs/profile.md")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "mkdocs:", err)
		os.Exit(1)
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
	written, _, found := bytes.Cut(page, []byte(marker))
	if !found {
		return nil, errors.New("the line that ends the written part is missing")
	}
	// The reference has an introduction of its own, which the written part
	// replaces.
	reference := policy.Reference()
	first := bytes.Index(reference, []byte("\n## "))
	if first < 0 {
		return nil, errors.New("the reference describes no key")
	}
	out := bytes.NewBuffer(bytes.Clone(written))
	out.WriteString(marker)
	out.Write(reference[first:])
	return out.Bytes(), nil
}
