package filter

import (
	"strings"
	"testing"
)

// TestXdpyinfo compares all that a client learns of a display with what a client without a
// filter does.
func TestXdpyinfo(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{GPU: true})
	direct, err := s.run(s.display, "xdpyinfo")
	if err != nil {
		t.Fatal(err)
	}
	through, err := s.run(f.display, "xdpyinfo")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(through)
	if len(strings.Split(direct, "\n")) < 20 {
		t.Errorf("xdpyinfo prints %q", direct)
	}
}
