package archtest

import (
	"slices"
	"testing"
)

// TestJailIsPureGo keeps the C library out of what every launch starts: it
// belongs to cmd/jail-filter, to the end of the chain of imports.
func TestJailIsPureGo(t *testing.T) {
	const binding = "github.com/seccomp/libseccomp-golang"
	linked := map[string]bool{
		"seccomp": false, "seccomp/compiler": false, "policy": false, "profiles": false, "jail/compile": false, "jail/launch": false, "cmd/jail": false,
		"seccomp/libseccomp": true, "cmd/jail-filter": true,
	}
	seen := 0
	for _, p := range list(t) {
		want, pinned := linked[p.name()]
		if !pinned {
			continue
		}
		seen++
		if got := slices.Contains(p.Deps, binding); got != want {
			t.Errorf("%s depends on libseccomp: %v, want %v", p.name(), got, want)
		}
		if len(p.CgoFiles) > 0 {
			t.Errorf("%s has cgo of its own: %v", p.name(), p.CgoFiles)
		}
	}
	if seen != len(linked) {
		t.Errorf("%d of %d packages are there: the table of this test is out of date", seen, len(linked))
	}
}
