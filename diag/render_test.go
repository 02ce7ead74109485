package diag

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func span(file string, line, from, to int) Range {
	return Range{File: file, Start: Pos{line, from}, End: Pos{line, to}}
}

func TestRender(t *testing.T) {
	sources := new(Sources)
	sources.Add("p.yaml", []byte("filesystem:\n  root: host\n  mount:\n\t- moed: ro\r\nlast"))
	sources.Add("long.yaml", []byte(strings.Repeat("a", 300)+"HERE"+strings.Repeat("b", 300)))
	sources.Add("end.yaml", []byte("x: "+strings.Repeat("w", 120)))
	sources.Add("tty.yaml", []byte("a\x1b[2Jb: \xc2\x9b"))
	tests := []struct {
		name string
		d    Diagnostic
		want string
	}{
		{"caret and label", Diagnostic{
			Summary: `unknown key "root"`, Label: `did you mean "read"?`, Subject: span("p.yaml", 2, 3, 7),
			Notes:  []Note{{Text: "plain"}, {Text: "placed", At: span("p.yaml", 5, 1, 5)}},
			Remedy: "remove it",
		}, `jail: error: unknown key "root"
  --> p.yaml:2:3
   2 |   root: host
     |   ^~~~ did you mean "read"?
   note: plain
   note: placed
  --> p.yaml:5:1
   5 | last
     | ^~~~
   help: remove it
`},
		{"tab", Diagnostic{Severity: Warning, Summary: "s", Subject: span("p.yaml", 4, 4, 8)}, `jail: warning: s
  --> p.yaml:4:4
   4 |     - moed: ro
     |       ^~~~
`},
		{"no place", Diagnostic{Summary: "s", Label: "kept"}, "jail: error: s\n   note: kept\n"},
		{
			"unknown file",
			Diagnostic{Summary: "s", Label: "kept", Subject: span("gone\n.yaml", 1, 1, 2)},
			"jail: error: s\n  --> gone\\n.yaml:1:1\n   note: kept\n",
		},
		{"whole file", Diagnostic{Summary: "s", Subject: Range{File: "p.yaml"}}, "jail: error: s\n  --> p.yaml\n"},
		{"range backwards", Diagnostic{Summary: "s", Subject: span("p.yaml", 5, 3, 1)}, `jail: error: s
  --> p.yaml:5:3
   5 | last
     |   ^
`},
		{"past the end", Diagnostic{Summary: "s", Subject: span("p.yaml", 5, 50, 60)}, `jail: error: s
  --> p.yaml:5:50
   5 | last
     |     ^
`},
		{"long line", Diagnostic{Summary: "s", Subject: span("long.yaml", 1, 301, 305)}, "jail: error: s\n" +
			"  --> long.yaml:1:301\n" +
			"   1 | …" + strings.Repeat("a", 40) + "HERE" + strings.Repeat("b", 56) + "…\n" +
			"     |  " + strings.Repeat(" ", 40) + "^~~~\n"},
		{"long range", Diagnostic{Summary: "s", Subject: span("end.yaml", 1, 4, 124)}, "jail: error: s\n" +
			"  --> end.yaml:1:4\n" +
			"   1 | x: " + strings.Repeat("w", 97) + "…\n" +
			"     |    ^" + strings.Repeat("~", 96) + "\n"},
		{"controls in the line", Diagnostic{Summary: "a\x9bb", Subject: span("tty.yaml", 1, 6, 7)}, `jail: error: a\x9bb
  --> tty.yaml:1:6
   1 | a\x1b[2Jb: \u009b
     |         ^
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Render(List{tt.d}, sources, false); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestRenderColor(t *testing.T) {
	got := Render(List{{Summary: "s"}}, nil, true)
	if want := "jail: \x1b[1;31merror:\x1b[0m \x1b[1ms\x1b[0m\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJSON(t *testing.T) {
	list := List{
		{Code: "c", Summary: "a\x1b\u202e\xff\U000e0001\"", Subject: span("f", 1, 2, 3), Notes: []Note{{Text: "n", At: Range{File: "g"}}}, Remedy: "h"},
		{Severity: Warning, Code: "w", Summary: "s", Label: "l"},
	}
	got := JSON(list)
	want := `{"severity":"error","code":"c","message":"a\u001b\u202e\\xff\udb40\udc01\"","file":"f","line":1,"column":2,"endLine":1,"endColumn":3,"notes":[{"message":"n","file":"g"}],"help":"h"}
{"severity":"warning","code":"w","message":"s","label":"l"}
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for line := range strings.Lines(got) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestEscape(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain ~/x", "plain ~/x"},
		{"größe 日本", "größe 日本"},
		{"�", "�"},
		{"a\nb\tc\rd", `a\nb\tc\rd`},
		{"\x00\x1b\x7f", `\x00\x1b\x7f`},
		{"\x9b", `\x9b`},
		{"\u009b", `\u009b`},
		{"x\u202ey\u2066", `x\u202ey\u2066`},
		{"\U000e0041", `\U000e0041`},
		{"\u2028", `\u2028`},
		{"back\\slash", "back\\slash"},
	}
	for _, tt := range tests {
		if got := Escape(tt.in); got != tt.want {
			t.Errorf("Escape(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	if got := Quote("a\"\n"); got != `"a\"\n"` {
		t.Errorf("Quote = %s", got)
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"mode", "read", "write", "filesystem", "ptrace", "pid"}
	tests := []struct{ name, want string }{
		{"moed", "mode"},
		{"Mode", "mode"},
		{"wriet", "write"},
		{"fielsystm", "filesystem"},
		{"ptrcae", "ptrace"},
		{"pd", "pid"},
		{"x", ""},
		{"xyz", ""},
		{"", ""},
		{"mode", ""},
		{strings.Repeat("m", 100), ""},
	}
	for _, tt := range tests {
		if got := Suggest(tt.name, known); got != tt.want {
			t.Errorf("Suggest(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestListError(t *testing.T) {
	l := List{{Severity: Warning, Summary: "w"}, {Summary: "e"}}
	if !l.HasErrors() || l[:1].HasErrors() || l.Error() != "w; e" {
		t.Errorf("HasErrors or Error is wrong: %v", l)
	}
}

// checkPrintable fails when text could drive a terminal.
func checkPrintable(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("not valid UTF-8: %q", text)
	}
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("control character %U in %q", r, text)
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add("s", "l", "a: b\n\tc", 1, 1, 1, 2)
	f.Add("\x1b]52;c;x\x07", "\u202e", strings.Repeat("\x9b", 500), 1, 450, 3, -1)
	f.Add("", "", "\xff\xfe\x00", 0, 9, 0, 1<<40)
	f.Add("r", "x", strings.Repeat("日", 900), 1, 1201, 1, 1205)
	f.Fuzz(func(t *testing.T, summary, label, text string, line, from, endLine, to int) {
		sources := new(Sources)
		sources.Add(summary, []byte(text))
		at := Range{File: summary, Start: Pos{line, from}, End: Pos{endLine, to}}
		list := List{{Code: label, Summary: summary, Label: label, Subject: at, Notes: []Note{{Text: text, At: at}}, Remedy: text}}
		shown := Render(list, sources, false)
		if !strings.HasSuffix(shown, "\n") {
			t.Errorf("no newline at the end of %q", shown)
		}
		checkPrintable(t, shown)
		asJSON := JSON(list)
		checkPrintable(t, asJSON)
		if !json.Valid([]byte(asJSON)) {
			t.Errorf("not JSON: %s", asJSON)
		}
		if once := Escape(text); Escape(once) != once {
			t.Errorf("Escape is not idempotent for %q", text)
		}
	})
}
