package placeholder

import "testing"

// A line of a list that a dead launcher left is read as what was written, or
// not at all.
func FuzzHolder(f *testing.F) {
	f.Add("12 345 4026531836 6f2b")
	f.Add("1 2 3 -")
	f.Add("+1 02 3 -")
	f.Add("-1 2 3 x")
	f.Fuzz(func(t *testing.T, line string) {
		h, ok := parseHolder(line)
		if !ok {
			return
		}
		if h.pid <= 0 {
			t.Errorf("%q is about process %d", line, h.pid)
		}
		if again, ok := parseHolder(string(h.append([]byte{}))); !ok || again != h {
			t.Errorf("%q is read as %+v, and that written as %+v", line, h, again)
		}
	})
}
