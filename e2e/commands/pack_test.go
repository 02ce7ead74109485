package commands

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// declaredTest is an entry of a profile's tests.
type declaredTest struct {
	Probe, Target, Expect string
	Run                   []string
}

// Every profile of the pack keeps the promises it makes in its own tests, with
// the real program.
func TestPackKeepsItsPromises(t *testing.T) {
	t.Parallel()
	for _, name := range testenv.Shipped(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testenv.NewWorld(t)
			w.Timeout = 2 * time.Minute
			w.Write(w.Root+"/run/bus", "")
			w.Write(w.Home+"/.npmrc", w.Canary)
			w.Write(w.Home+"/.gitconfig", "")
			promises := 0
			for _, e := range show(w, name).Entries {
				var d declaredTest
				if e.Key != "tests" {
					continue
				}
				if err := json.Unmarshal(e.Value, &d); err != nil {
					t.Fatal(err)
				}
				promises++
				promise(w, name, &d)
			}
			if promises == 0 {
				t.Error("the profile promises nothing")
			}
		})
	}
}

func promise(w *testenv.World, profile string, d *declaredTest) {
	w.T.Helper()
	target := w.Expand(d.Target)
	run := []string{"run", "--profile", profile}
	var r *testenv.Result
	switch d.Probe {
	case "run":
		testenv.Need(w.T, d.Run[0])
		r = w.Jail(append(run, d.Run...)...)
	case "read":
		r = w.Jail(append(run, "cat", target)...)
	case "write":
		r = w.Jail(append(run, "sh", "-c", "echo x >"+target)...)
	case "connect":
		testenv.Need(w.T, "python3")
		host, port, _ := strings.Cut(d.Target, ":")
		r = w.Jail(append(run, "python3", "-c", "import socket; socket.create_connection(('"+host+"', "+port+"), 5)")...)
	}
	kept := false
	switch d.Expect {
	case "success":
		kept = r.Status == 0
	case "failure":
		kept = r.Status > 0 && r.Status < 125
	case "missing":
		kept = r.Status == 1 && strings.Contains(r.Stderr, "No such file")
	case "denied":
		kept = r.Status > 0 && r.Status < 125
	}
	if !kept {
		w.T.Errorf("%s %s%q, expected %s: exit status %d\n%s", d.Probe, target, d.Run, d.Expect, r.Status, r.Output())
	}
	if d.Probe == "write" && d.Expect == "denied" && target == "/usr/bin/jail-was-here" {
		if _, err := os.Lstat(target); err == nil {
			w.T.Errorf("%s is on the host", target)
		}
	}
}
