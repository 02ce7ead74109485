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

// A server of the jail's own is worth nothing, and its socket is not taken for the host's. A
// compositor counts, the more so when it can't tell the program from others.
func TestOwnDisplaysAreGraded(t *testing.T) {
	h := desktop()
	h.Files.(fakeFiles)["/usr/bin/Xvfb"] = "x"
	for _, tc := range []struct {
		check, section string
		contexts       bool
		badness        int
	}{
		{"x11", "x11: xvfb", true, 0},
		{"wayland", "x11: xvfb", true, 0},
		{"wayland", "wayland: strict", true, confinedBadness},
		{"wayland", "wayland: auto", false, sharedBadness},
		{"wayland", "wayland: host", true, sharedBadness},
		{"x11", "wayland: host", true, 0},
	} {
		h.Confines = func(string) (bool, error) { return tc.contexts, nil }
		if x := Assess(input(t, load(t, "extends: [default]\ndisplay: {"+tc.section+"}\n"), h)).found(t, tc.check); x.Badness != tc.badness {
			t.Errorf("%s, %s: badness %d, want %d", tc.section, tc.check, x.Badness, tc.badness)
		}
	}
}
