package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

type listGrammar struct {
	Names bool `help:"Print the names alone, one a line."`
	JSON  bool `name:"json" help:"Print an array of objects: name, file, description, programs, hides."`
}

// listedProfile is an element of what list prints with --json.
type listedProfile struct {
	Name        output.Text   `json:"name"`
	File        output.Text   `json:"file"`
	Description output.Text   `json:"description"`
	Programs    []output.Text `json:"programs"`
	Hides       []output.Text `json:"hides"` // files of the same name that this one comes before
}

// listVerb exits with 1 when a profile can't be read; the others are listed.
func listVerb(a *app, args []string) int {
	var g listGrammar
	if status, ok := a.parse("list", "List the profiles of the search path.", &g, args); !ok {
		return status
	}
	s, status := a.open(args, false)
	if s == nil {
		return status
	}
	found, sources, problems := policy.Profiles(s.Store)
	switch {
	case g.JSON:
		out := make([]listedProfile, len(found))
		for i, p := range found {
			out[i] = listedProfile{output.Text(p.Name), output.Text(p.File), output.Text(p.Description), output.Texts(p.Programs), output.Texts(p.Hidden)}
		}
		status = a.printJSON(out)
	case g.Names:
		var b bytes.Buffer
		for _, p := range found {
			b.WriteString(diag.Escape(p.Name) + "\n")
		}
		status = a.print(b.Bytes())
	default:
		status = a.print(listText(found))
	}
	if len(problems) > 0 {
		a.report(sources, problems)
	}
	if status == 0 && problems.HasErrors() {
		status = 1
	}
	return status
}

// listText is one line a profile: its name, what it is for, and where it
// comes from unless that is the binary.
func listText(found []policy.Listed) []byte {
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
