package diag

import "testing"

func TestFew(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  string
	}{
		{[]string{"a"}, "a"},
		{[]string{"b", "a", "c"}, "a, b, c"},
		{[]string{"d", "b", "a", "c", "e"}, "a, b, c and 2 more"},
	} {
		if got := Few(c.names); got != c.want {
			t.Errorf("%q: %s, want %s", c.names, got, c.want)
		}
	}
}
