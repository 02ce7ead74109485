package output

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextIsSafe(t *testing.T) {
	for _, s := range []string{"a\x1b[31m", "\u202e", "\u009b", "\xff", `"\`, "<&>", "\u2028", "é€𝄞"} {
		out, err := json.Marshal(Text(s))
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(out) || strings.ContainsAny(string(out), "\x1b\u202e\u009b\u2028") {
			t.Errorf("%q came out as %q", s, out)
		}
		var back string
		if err := json.Unmarshal(out, &back); err != nil {
			t.Errorf("%q gave no JSON: %v", s, err)
		}
		if s != "\xff" && back != s {
			t.Errorf("%q came back as %q", s, back)
		}
	}
}
