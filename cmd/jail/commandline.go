package main

import (
	"strings"

	"github.com/jail-project/jail/diag"
)

// commandLineName is the file name of the command line in diagnostics.
const commandLineName = "command line"

// commandLine is the command as one line of text, with the place of every
// argument in it.
type commandLine struct {
	text   string
	args   []string
	starts []int
}

func newCommandLine(argv []string) commandLine {
	c := commandLine{args: argv, starts: make([]int, len(argv))}
	var b strings.Builder
	for i, a := range argv {
		if i > 0 {
			b.WriteByte(' ')
		} else if cut := strings.LastIndexByte(a, '/'); cut >= 0 {
			a = a[cut+1:]
		}
		c.starts[i] = b.Len()
		// The text is one line, and every byte keeps its place in it: a line
		// break is shown as another control character.
		b.WriteString(strings.ReplaceAll(shellWord(a), "\n", "\v"))
	}
	c.text = b.String()
	return c
}

// shellWord quotes an argument where a shell would need it, on one line.
func shellWord(a string) string {
	if a != "" && !strings.ContainsAny(a, " \t\n\"'`$&|;<>()*?[]{}~#!\\") {
		return a
	}
	if !strings.ContainsAny(a, "\n\"\\$`") && !strings.HasPrefix(a, "~") {
		return `"` + a + `"`
	}
	return a
}

// at is the range of argument i from byte skip of it to its end.
func (c *commandLine) at(i, skip int) diag.Range {
	start := c.starts[i]
	end := len(c.text)
	if i+1 < len(c.starts) {
		end = c.starts[i+1] - 1
	}
	if quoted := strings.HasPrefix(c.text[start:], `"`) && !strings.HasPrefix(c.args[i], `"`); quoted && skip > 0 {
		skip++
	}
	return diag.Range{
		File:  commandLineName,
		Start: diag.Pos{Line: 1, Column: start + min(skip, end-start) + 1},
		End:   diag.Pos{Line: 1, Column: end + 1},
	}
}
