package lifecycle

import (
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// The variables of Go's runtime are for programs in the jail, and not for jail itself.
func TestRuntimeVariablesReachTheProgramAlone(t *testing.T) {
	t.Parallel()
	if len(testenv.JailFiles()) < 2 {
		t.Skip("a whole program alone is an ordinary program of Go")
	}
	w := testenv.NewWorld(t)
	w.Env = append(w.Env, "GODEBUG=cgocheck=2,inittrace=1", "GOTRACEBACK=crash", "GOPATH=/go", "GO=go", "GOD")
	for range 3 { // new, and from the cache
		r := w.Jail("run", "--profile", "default", "--env", "GO*", "sh", "-c", "env | grep ^GO | sort")
		if r.Status != 0 || r.Stderr != "" || r.Stdout != "GO=go\nGODEBUG=cgocheck=2,inittrace=1\nGOPATH=/go\nGOTRACEBACK=crash\n" {
			t.Fatalf("exit status %d\n%s", r.Status, r.Output())
		}
	}
	if r := w.Jail("version"); r.Status != 0 || r.Stderr != "" {
		t.Errorf("version: exit status %d\n%s", r.Status, r.Output())
	}
}

// Limits with which not even the runtime of Go begins end in a sentence.
func TestLimitsTooLowForJail(t *testing.T) {
	t.Parallel()
	if len(testenv.JailFiles()) < 2 {
		t.Skip("a whole program alone is an ordinary program of Go")
	}
	w := testenv.NewWorld(t)
	for limit, want := range map[string]string{
		"-v 100000": "the limit on address space is too low", "-v 500000": "`ulimit -v`", "-u 1": "the limit on processes is too low", "-u 6": "`ulimit -u`",
	} {
		for _, verb := range []string{"version", "run true"} {
			r := w.Host("bash", "-c", "ulimit "+limit+"; exec "+testenv.JailBin+" "+verb)
			if r.Status != 125 || !strings.Contains(r.Stderr, want) || strings.Count(r.Stderr, "\n") != 2 {
				t.Errorf("ulimit %s, %s: exit status %d\n%s", limit, verb, r.Status, r.Output())
			}
		}
	}
}
