package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// declaredTest is an entry of a profile's tests.
type declaredTest struct {
	Probe, Target, Expect string
	Run                   []string
}

// Every profile of the pack keeps the promises it makes in its own tests, with
// the real program.
func TestPackKeepsItsPromises(t *testing.T) {
	for _, name := range shipped(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.timeout = 2 * time.Minute
			w.write(w.root+"/run/bus", "")
			w.write(w.home+"/.npmrc", w.canary)
			w.write(w.home+"/.gitconfig", "")
			promises := 0
			for _, e := range w.show(name).Entries {
				var d declaredTest
				if e.Key != "tests" {
					continue
				}
				if err := json.Unmarshal(e.Value, &d); err != nil {
					t.Fatal(err)
				}
				promises++
				w.promise(name, &d)
			}
			if promises == 0 {
				t.Error("the profile promises nothing")
			}
		})
	}
}

func (w *world) promise(profile string, d *declaredTest) {
	w.t.Helper()
	target := w.expand(d.Target)
	run := []string{"run", "--profile", profile}
	var r *result
	switch d.Probe {
	case "run":
		need(w.t, d.Run[0])
		r = w.jail(append(run, d.Run...)...)
	case "read":
		r = w.jail(append(run, "cat", target)...)
	case "write":
		r = w.jail(append(run, "sh", "-c", "echo x >"+target)...)
	case "connect":
		need(w.t, "python3")
		host, port, _ := strings.Cut(d.Target, ":")
		r = w.jail(append(run, "python3", "-c", "import socket; socket.create_connection(('"+host+"', "+port+"), 5)")...)
	}
	kept := false
	switch d.Expect {
	case "success":
		kept = r.status == 0
	case "failure":
		kept = r.status > 0 && r.status < 125
	case "missing":
		kept = r.status == 1 && strings.Contains(r.stderr, "No such file")
	case "denied":
		kept = r.status > 0 && r.status < 125
	}
	if !kept {
		w.t.Errorf("%s %s%q, expected %s: exit status %d\n%s", d.Probe, target, d.Run, d.Expect, r.status, r.output())
	}
	if d.Probe == "write" && d.Expect == "denied" && target == "/usr/bin/jail-was-here" {
		if _, err := os.Lstat(target); err == nil {
			w.t.Errorf("%s is on the host", target)
		}
	}
}
