package commands

import (
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// The layer can be asked about, and done without.
func TestLandlockIsShown(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	if r := w.Succeeds("explain", "--profile", "default", "landlock"); !strings.Contains(r.Stdout, "landlock: restricts the program, with version ") {
		t.Errorf("explain says %q", r.Stdout)
	}
	if r := w.Succeeds("plan", "--profile", "default", "true"); !strings.Contains(r.Stdout, "\nLandlock: version ") {
		t.Errorf("plan says %q", r.Stdout)
	}
	if r := w.Succeeds("plan", "--profile", "default", "--landlock", "off", "true"); !strings.Contains(r.Stdout, "\nLandlock: not in use\n") {
		t.Errorf("plan without it says %q", r.Stdout)
	}
	if r := w.Jail("run", "--profile", "default", "--set", "landlock.version=99", "true"); r.Status != 125 || !strings.Contains(r.Stderr, "Landlock, and the profile wants 99") {
		t.Errorf("a version that no kernel has: exit status %d\n%s", r.Status, r.Output())
	}
}
