package paths

import (
	"strings"
	"testing"
)

func FuzzExpand(f *testing.F) {
	for _, text := range []string{"/a", "~/x", "${HOME}/*", `\${HOME}`, "$", "${", "${}", "@secrets", `/a\`, "/x/${USER}${UID}"} {
		f.Add(text, "/home/*")
	}
	f.Fuzz(func(t *testing.T, text, home string) {
		asked := false
		got, err := Expand(text, func(string) (string, bool) {
			asked = true
			return home, true
		})
		if err != nil {
			return
		}
		if !asked && got != text {
			t.Errorf("Expand(%q) = %q without a variable in it", text, got)
		}
		// With a value that cannot be a pattern, the same things are patterns.
		bare, err := Expand(text, func(string) (string, bool) { return "v", true })
		if err != nil || IsGlob(bare) != IsGlob(got) {
			t.Errorf("%q is a pattern or not depending on the value: %q %q", text, bare, got)
		}
		if want := strings.ReplaceAll(Unescape(bare), "v", home); text == "~/x" && Unescape(got) != want {
			t.Errorf("Expand(%q) stands for %q, want %q", text, Unescape(got), want)
		}
		if key, p := CheckPattern(text); p == nil {
			if again, p := CheckPattern(key); p != nil || again != key {
				t.Errorf("the key of %q is %q, and the key of that %q, %v", text, key, again, p)
			}
		}
	})
}
