package archtest

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestOnlyTheCommandHasTheLibrary keeps the C library to the one package that
// is about it and to the command, and out of a build without cgo.
func TestOnlyTheCommandHasTheLibrary(t *testing.T) {
	linked := map[string]bool{
		"seccomp": false, "policy": false, "profiles": false, "jail/compile": false, "jail/launch": false, "launchcache": false, "score": false,
		"seccomp/libseccomp": true, "cmd/jail": true,
	}
	for name, want := range linked {
		if got := hasLibrary(t, name, "1"); got != want {
			t.Errorf("%s depends on libseccomp: %v, want %v", name, got, want)
		}
		if hasLibrary(t, name, "0") {
			t.Errorf("%s depends on libseccomp without cgo", name)
		}
	}
	for _, p := range list(t) {
		if len(p.CgoFiles) > 0 {
			t.Errorf("%s has cgo of its own: %v", p.name(), p.CgoFiles)
		}
	}
}

// hasLibrary tells whether a package is linked with the library, to the end of
// the chain of imports, in a build with cgo ("1") or without ("0").
func hasLibrary(t *testing.T, name, cgo string) bool {
	t.Helper()
	command := exec.Command("go", "list", "-deps", module+"/"+name)
	command.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list %s: %v", name, err)
	}
	return slices.Contains(strings.Fields(string(output)), "github.com/seccomp/libseccomp-golang")
}
