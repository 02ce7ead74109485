package main

import (
	"net"
	"os"
	"slices"
	"testing"

	"github.com/jail-project/jail/score"
	"github.com/jail-project/jail/score/probe"
)

// TestMeasureSockets: a probe can connect to a container engine in those jails
// in which the score says so, and a jail that promises the contrary is caught.
// The jails show the same socket, and differ in the guard alone.
func TestMeasureSockets(t *testing.T) {
	home := scene(t)
	engine := home + "/run/services/docker.sock"
	t.Setenv("XDG_RUNTIME_DIR", home+"/run/services")
	if err := os.Mkdir(home+"/run/services", 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", engine)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	inputs := map[string]score.Input{}
	for name, c := range map[string]struct {
		flags   []string
		reached bool
	}{
		"listed":    {[]string{"--set", "sockets=" + engine}, true},
		"visible":   {[]string{"--read", engine}, false},
		"unguarded": {[]string{"--set", "sockets=*", "--read", engine}, true},
		"absent":    {nil, false},
	} {
		l, in := compiled(t, append(c.flags, "default")...)
		inputs[name] = in
		found, wrong := observed(t, l, in.Plan, in)
		if len(wrong) > 0 {
			t.Errorf("%s: these disagree: %v", name, wrong)
		}
		i := slices.IndexFunc(found, func(m score.Measurement) bool {
			return m.Question.Check == "container-engines" && m.Question.Ask.Kind == probe.Socket && m.Question.Ask.Name == engine
		})
		if i < 0 {
			t.Fatalf("%s: the probe was not asked to connect", name)
		}
		if reached := found[i].Observed == "in reach"; reached != c.reached {
			t.Errorf("%s: observed %q", name, found[i].Observed)
		}
	}
	l, listed := compiled(t, "--set", "sockets="+engine, "default")
	if _, wrong := observed(t, l, listed.Plan, inputs["visible"]); !slices.Contains(wrong, "container-engines") {
		t.Errorf("a jail that permits the connection passes for one that does not: %v disagree", wrong)
	}
	l, visible := compiled(t, "--read", engine, "default")
	if _, wrong := observed(t, l, visible.Plan, inputs["listed"]); !slices.Contains(wrong, "container-engines") {
		t.Errorf("a jail that refuses the connection passes for one that permits it: %v disagree", wrong)
	}
}
