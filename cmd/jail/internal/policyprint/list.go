package policyprint

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

// Listed is an element of what list prints with --json.
type Listed struct {
	Name        output.Text   `json:"name"`
	File        output.Text   `json:"file"`
	Description output.Text   `json:"description"`
	Programs    []output.Text `json:"programs"`
	Hides       []output.Text `json:"hides"` // files of the same name that this one comes before
}

// List is what list prints with --json.
func List(found []policy.Listed) []Listed {
	out := make([]Listed, len(found))
	for i, p := range found {
		out[i] = Listed{output.Text(p.Name), output.Text(p.File), output.Text(p.Description), output.Texts(p.Programs), output.Texts(p.Hidden)}
	}
	return out
}

// ListText is one line a profile: its name, what it is for, and where it
// comes from unless that is the binary.
func ListText(found []policy.Listed) []byte {
	width := 0
	for i := range found {
		width = max(width, utf8.RuneCountInString(found[i].Name))
	}
	var b bytes.Buffer
	for _, p := range found {
		line := fmt.Sprintf("%-*s  %s", width, diag.Escape(p.Name), diag.Escape(p.Description))
		if len(p.Programs) > 0 {
			line += " (" + diag.Escape(strings.Join(p.Programs, ", ")) + ")"
		}
		if !strings.HasPrefix(p.File, "embedded:") {
			line += "  [" + diag.Escape(p.File) + "]"
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.Bytes()
}
