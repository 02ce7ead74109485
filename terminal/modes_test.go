package terminal

import (
	"strings"
	"testing"
)

// What is undone is what was changed and not undone by the program, however
// the output is cut into pieces.
func TestModes(t *testing.T) {
	for _, c := range []struct{ printed, undo string }{
		{"", ""},
		{"plain text\r\nand \x1b[1;31mcolour\x1b[0m, \x1b[m", ""},
		{"\x1b[31m", "\x1b[0m"},
		{"\x1b[?1049h\x1b[?25l", "\x1b[?1049l\x1b[?25h"},
		{"\x1b[?1049;25;2004h", "\x1b[?1049l\x1b[?2004l"},
		{"\x1b[?1049h\x1b[?25l\x1b[?25h\x1b[?1049l", ""},
		{"\x1b[?1h\x1b=\x1b[?7l", "\x1b[?7h\x1b[?1l\x1b>"},
		{"\x1b[?12345h\x1b[?7h", ""},
		{"\x1b[4h\x1b[20h\x1b[4l", "\x1b[20l"},
		{"\x1b[2;5r", "\x1b7\x1b[r\x1b8"},
		{"\x1b[2;5r\x1b[r", ""},
		{"\x1b[?7r", ""}, // restores a mode
		{"\x1b(0lines\x0e", "\x1b(B\x0f"},
		{"\x1b(0\x1b(B\x0e\x0f\x1b)0", ""},
		{"\x1b[4 q", "\x1b[0 q"},
		{"\x1b[4 q\x1b[ q", ""},
		{"\x1b[>4;2m\x1b[>1u\x1b[>5u", "\x1b[>4m\x1b[<2u"},
		{"\x1b[>4;2m\x1b[>4;m\x1b[>1u\x1b[<u", ""},
		{"\x1b[>4;2m\x1b[>m", ""},
		{"\x1b[31m\x1b[?1049h\x1b[?25l\x1bc", ""},
		{"\x1b[31m\x1b[2;5r\x1b[!p", ""},
		{"\x1b]0;a title\x07\x1b]8;;http://x\x1b\\", ""},
		{"\x1b]52;c;never ends [31m", "\x18"},
		{"\x1bPq\x1b[31m", "\x1b[0m"}, // an escape ends a string
		{"\x1b]0;x\x18\x1b[7m", "\x1b[0m"},
		{"\x1b[3", "\x18"},
		{"\x1b[" + strings.Repeat("1;", 1000) + "h", ""},
		{"\x1b[<0m\x1b[?1m", ""}, // not of the kind that sets colours
	} {
		var whole, pieces modes
		whole.scan([]byte(c.printed))
		if got := whole.undo(); got != c.undo {
			t.Errorf("%q is undone by %q, want %q", c.printed, got, c.undo)
		}
		for i := range c.printed {
			pieces.scan([]byte(c.printed[i : i+1]))
		}
		if got := pieces.undo(); got != c.undo {
			t.Errorf("%q, a byte at a time, is undone by %q, want %q", c.printed, got, c.undo)
		}
	}
}

// Whatever is printed: what undoes it leaves nothing to undo.
func FuzzModes(f *testing.F) {
	f.Add([]byte("\x1b[?1049h\x1b[31m\x1b]0;x"))
	f.Add([]byte("\x1b[>1u\x1b(0\x0e\x1b[4 q\x1b[2;3r"))
	f.Fuzz(func(t *testing.T, printed []byte) {
		var m modes
		m.scan(printed)
		undo := m.undo()
		m.scan(append(append([]byte(nil), printed...), undo...))
		if again := m.undo(); again != "" {
			t.Errorf("%q is undone by %q; then there is %q left", printed, undo, again)
		}
	})
}
