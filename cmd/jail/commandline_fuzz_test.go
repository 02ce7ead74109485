package main

import (
	"strings"
	"testing"

	"github.com/jail-project/jail/cmd/jail/internal/flags"
)

// FuzzCommandLine: every argument has a place on the one line that messages
// show, in order and within it, whatever bytes it holds.
func FuzzCommandLine(f *testing.F) {
	f.Add("jail\x00run\x00--read=/x y\x00--\x00ls\x00-l", 3)
	f.Add("/usr/bin/jail\x00\x00'\n\"\x00$(id)\x00\xff\x1b[2J", 1)
	f.Fuzz(func(t *testing.T, text string, skip int) {
		c := newCommandLine(strings.Split(text, "\x00"))
		if strings.Contains(c.text, "\n") {
			t.Errorf("%q has more than one line", c.text)
		}
		last := 1
		for i := range c.args {
			at := c.at(i, max(0, skip)%(len(c.args[i])+1))
			if at.Start.Column < last || at.End.Column < at.Start.Column || at.End.Column > len(c.text)+1 {
				t.Errorf("argument %d of %q is at %+v", i, c.text, at)
			}
			last = at.Start.Column
		}
		flags.Walk(&flags.Line{Args: c.args, At: c.at}, c.args[1:], true)
	})
}
