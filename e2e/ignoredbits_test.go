package e2e

import (
	"slices"
	"strings"
	"testing"
)

// S4: bits that the kernel does not look at let nothing past the filter. What a
// filter says about such bits in general is in package libseccomp.
func TestS4WideArguments(t *testing.T) {
	w := newWorld(t)
	want := []string{"a netlink socket", "a multipath socket", "a personality", "a user namespace"}
	made := func(r *result) []string {
		if r.status != 0 {
			t.Fatalf("status %d\n%s", r.status, r.output())
		}
		return slices.DeleteFunc(strings.Split(r.stdout, "\n"), func(l string) bool { return l == "" })
	}
	if got := made(w.host(probeBin, "wide")); !slices.Equal(got, want) {
		t.Fatalf("without jail the kernel makes only %q; the test is void", got)
	}
	profile := []string{"run", "--profile", "default", "--read", binDir}
	for _, argv := range [][]string{profile, {"enter", w.runs("--profile", "default", "--read", binDir, "sleep", "600").id}} {
		if got := made(w.jail(append(argv, probeBin, "wide")...)); len(got) > 0 {
			t.Errorf("jail %s: %q", argv[0], got)
		}
	}
	open := w.profile("extends: [default]\nsyscalls: {default: allow}\nnamespaces: {user: true}\nsockets: [\"*\"]\n")
	if got := made(w.jail("run", "--profile", open, "--read", binDir, probeBin, "wide")); !slices.Equal(got, want) {
		t.Errorf("without the filter only %q", got)
	}
}
