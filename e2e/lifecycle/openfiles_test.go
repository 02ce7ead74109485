package lifecycle

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// A limit on open files is about the program's: what jail itself has open on
// the way there needs no room in it, neither at the start nor for who enters.
func TestFewOpenFiles(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	const opens = "exec 3</dev/null 4</dev/null 5</dev/null"
	for _, few := range []string{"4", "5"} {
		w.Variants(opens, []string{"--profile", "default"}, []string{"--open-files", few}, []string{"--open-files", "64"})
		j := w.Runs("--profile", "default", "--open-files", few, "sleep", "600")
		if r := j.Enter("sh", "-c", "ulimit -n; ulimit -Hn"); r.Status != 0 || r.Stdout != few+"\n"+few+"\n" {
			t.Errorf("who enters a jail with at most %s open files: exit status %d\n%s", few, r.Status, r.Output())
		}
		if r := j.Enter("sh", "-c", opens); r.Status == 0 || r.Status == 125 {
			t.Errorf("who enters a jail with at most %s open files: exit status %d\n%s", few, r.Status, r.Output())
		}
		if r := w.Jail("stop", j.ID); r.Status != 0 {
			t.Error(r.Output())
		}
	}
}

// A caller who may open fewer files than the jail enters with that limit, and
// who may open too few to enter is told so.
func TestEnterWithFewOpenFiles(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	j := w.Runs("--profile", "default", "sleep", "600")
	enter := func(own int) *testenv.Result {
		return w.Host("sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$@"`, own), "sh", testenv.JailBin, "enter", j.ID, "sh", "-c", "ulimit -n; ulimit -Hn")
	}
	if r := enter(40); r.Status != 0 || r.Stdout != "40\n40\n" {
		t.Errorf("exit status %d\n%s", r.Status, r.Output())
	}
	for _, own := range []int{5, 8, 14, 16} {
		if r := enter(own); r.Status != 125 || !strings.Contains(r.Stderr, "too many open files") || !strings.Contains(r.Stderr, "help: raise the limit on open files") {
			t.Errorf("with %d open files: exit status %d\n%s", own, r.Status, r.Output())
		}
	}
}
