package main

import (
	"strings"
	"testing"

	"github.com/jail-project/jail/diag"
)

func TestCommandLinePlaces(t *testing.T) {
	tests := []struct {
		arg, covered string // of the whole argument
		skip         int
		rest         string // from byte skip on
	}{
		{"plain", "plain", 2, "ain"},
		{"--read=/usr", "--read=/usr", 7, "/usr"},
		{"with space", `"with space"`, 5, `space"`},
		{"glob*", `"glob*"`, 1, `lob*"`},
		{"", `""`, 0, `""`},
		{`quote"d`, `quote"d`, 3, `te"d`},
		{`"quoted"`, `"quoted"`, 1, `quoted"`},
		{"two\nlines", "two\vlines", 4, "lines"},
		{"tab\there", "\"tab\there\"", 4, "here\""},
		{"ünicode", "ünicode", 2, "nicode"},
		{"\xff\xfe", "\xff\xfe", 1, "\xfe"},
	}
	for _, test := range tests {
		for _, behind := range [][]string{nil, {"behind"}, {"", "b c"}} {
			argv := append([]string{"/some/where/jail", "before it", test.arg}, behind...)
			c := newCommandLine(argv)
			if strings.Contains(c.text, "\n") || !strings.HasPrefix(c.text, "jail ") {
				t.Errorf("%q gave the line %q", argv, c.text)
			}
			if got := covered(&c, c.at(2, 0)); got != test.covered {
				t.Errorf("%q covers %q, want %q", test.arg, got, test.covered)
			}
			if got := covered(&c, c.at(2, test.skip)); got != test.rest {
				t.Errorf("%q from %d on covers %q, want %q", test.arg, test.skip, got, test.rest)
			}
		}
	}
}

func covered(c *commandLine, r diag.Range) string {
	return c.text[r.Start.Column-1 : r.End.Column-1]
}
