package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// A limit on open files is about the program's: what jail itself has open on
// the way there needs no room in it, neither at the start nor for who enters.
func TestFewOpenFiles(t *testing.T) {
	w := newWorld(t)
	const opens = "exec 3</dev/null 4</dev/null 5</dev/null"
	for _, few := range []string{"4", "5"} {
		w.arms(opens, []string{"--profile", "default"}, []string{"--open-files", few}, []string{"--open-files", "64"})
		j := w.runs("--profile", "default", "--open-files", few, "sleep", "600")
		if r := j.enter("sh", "-c", "ulimit -n; ulimit -Hn"); r.status != 0 || r.stdout != few+"\n"+few+"\n" {
			t.Errorf("who enters a jail with at most %s open files: exit status %d\n%s", few, r.status, r.output())
		}
		if r := j.enter("sh", "-c", opens); r.status == 0 || r.status == 125 {
			t.Errorf("who enters a jail with at most %s open files: exit status %d\n%s", few, r.status, r.output())
		}
		if r := w.jail("stop", j.id); r.status != 0 {
			t.Error(r.output())
		}
	}
}

// A caller who may open fewer files than the jail enters with that limit, and
// who may open too few to enter is told so.
func TestEnterWithFewOpenFiles(t *testing.T) {
	w := newWorld(t)
	j := w.runs("--profile", "default", "sleep", "600")
	enter := func(own int) *result {
		return w.host("sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$@"`, own), "sh", jailBin, "enter", j.id, "sh", "-c", "ulimit -n; ulimit -Hn")
	}
	if r := enter(40); r.status != 0 || r.stdout != "40\n40\n" {
		t.Errorf("exit status %d\n%s", r.status, r.output())
	}
	for _, own := range []int{5, 8, 14, 16} {
		if r := enter(own); r.status != 125 || !strings.Contains(r.stderr, "too many open files") || !strings.Contains(r.stderr, "help: raise the limit on open files") {
			t.Errorf("with %d open files: exit status %d\n%s", own, r.status, r.output())
		}
	}
}
