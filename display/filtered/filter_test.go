package filtered

import (
	"testing"

	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/x11/filter"
)

// What is routine is not told, the rest in order.
func TestLines(t *testing.T) {
	got := string(lines(map[string]int{"GrabServer": 9, "GetImage": 2, "QueryTree": 1, "GrabKey": 2, "ShmAttach": 1, "ShmDetach": 1}))
	if want := "2 GetImage\n2 GrabKey\n1 QueryTree\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := lines(nil); got == nil || len(got) > 0 {
		t.Errorf("nothing was denied: %q", got)
	}
}

// Words that this version does not know deny, and dragging takes allow.
func TestOptions(t *testing.T) {
	for word, want := range map[string][2]filter.Mode{
		"deny": {}, "ask": {}, "": {}, "on-key": {filter.OnKey, filter.Deny}, "allow": {filter.Allow, filter.Allow},
	} {
		o := options(&display.Setting{In: word})
		if o.Clipboard.In != want[0] || o.Primary.In != want[0] || o.Drag.In != want[1] || o.Clipboard.Out != filter.Deny || o.Drag.Out != filter.Deny {
			t.Errorf("%s: %+v", word, o)
		}
		if o := options(&display.Setting{Out: word}); o.Clipboard.Out != want[0] || o.Primary.Out != want[0] || o.Drag.Out != want[1] || o.Clipboard.In != filter.Deny {
			t.Errorf("%s: %+v", word, o)
		}
	}
	if o := options(&display.Setting{Profile: "p", Titles: true}); o.GPU || !o.MarkTitles || o.Name != "p" {
		t.Errorf("%+v", o)
	}
}
