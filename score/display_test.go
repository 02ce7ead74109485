package score

import "testing"

// What a display lets through more of is worth more, and none is worth nothing.
func TestDisplaysAreRanked(t *testing.T) {
	last := -1
	for _, text := range []string{
		"x11: none", "x11: filtered", "x11: filtered, clipboard: {in: allow}", "x11: filtered, clipboard: {in: allow, out: allow}", "x11: untrusted", "x11: host",
	} {
		x := Assess(input(t, load(t, "extends: [default]\ndisplay: {"+text+"}\n"), desktop())).found(t, "x11")
		if x.Badness <= last {
			t.Errorf("%s: badness %d after %d", text, x.Badness, last)
		}
		last = x.Badness
	}
}
