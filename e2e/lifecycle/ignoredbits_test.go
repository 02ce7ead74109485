package lifecycle

import (
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// S4: bits that the kernel does not look at let nothing past the filter. What a
// filter says about such bits in general is in package libseccomp.
func TestS4WideArguments(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	want := []string{"a netlink socket", "a multipath socket", "a personality", "a user namespace"}
	made := func(r *testenv.Result) []string {
		if r.Status != 0 {
			t.Fatalf("status %d\n%s", r.Status, r.Output())
		}
		return slices.DeleteFunc(strings.Split(r.Stdout, "\n"), func(l string) bool { return l == "" })
	}
	if got := made(w.Host(testenv.ProbeBin, "wide")); !slices.Equal(got, want) {
		t.Fatalf("without jail the kernel makes only %q; the test is void", got)
	}
	profile := []string{"run", "--profile", "default", "--read", testenv.BinDir}
	for _, argv := range [][]string{profile, {"enter", w.Runs("--profile", "default", "--read", testenv.BinDir, "sleep", "600").ID}} {
		if got := made(w.Jail(append(argv, testenv.ProbeBin, "wide")...)); len(got) > 0 {
			t.Errorf("jail %s: %q", argv[0], got)
		}
	}
	open := w.Profile("extends: [default]\nsyscalls: {default: allow}\nnamespaces: {user: true}\nsockets: [\"*\"]\n")
	if got := made(w.Jail("run", "--profile", open, "--read", testenv.BinDir, testenv.ProbeBin, "wide")); !slices.Equal(got, want) {
		t.Errorf("without the filter only %q", got)
	}
}
