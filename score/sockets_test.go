package score

import (
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/score/probe"
)

// TestSockets: what can be connected to is what counts, and that is what is
// listed; what is visible counts where nothing guards sockets.
func TestSockets(t *testing.T) {
	const bus = "/run/user/1000/bus"
	for _, c := range []struct {
		check, text  string
		open, escape bool
	}{
		{"session-bus", "filesystem: {read: [" + bus + "]}", false, false},
		{"session-bus", "filesystem: {write: [" + bus + "]}", false, false},
		{"session-bus", "sockets: [" + bus + "]", true, true},
		{"session-bus", "sockets: [" + bus + "]\nfilesystem: {read: [" + bus + "]}", true, true},
		{"session-bus", `sockets: ["${XDG_RUNTIME_DIR}/bus"]`, true, true},
		{"session-bus", `sockets: ["*"]`, false, false}, // nothing shows it
		{"session-bus", "sockets: [\"*\"]\nfilesystem: {read: [" + bus + "]}", true, true},
		{"session-bus", "sockets: [\"*\", " + bus + "]", true, true},
		{"session-bus", "sockets: [/run/user/1000/wayland-0]\nfilesystem: {read: [" + bus + "]}", false, false},
		{"container-engines", "sockets: [/run/docker.sock]", true, true},
		{"system-bus", "sockets: [/run/dbus/system_bus_socket]", true, false},
		{"wayland", "sockets: [/run/user/1000/wayland-0]", true, false},
		// A socket in a directory that is the jail's own.
		{"agents", "sockets: [/run/user/1000/keyring/ssh]", true, false},
		{"shells", "sockets: [/tmp/tmux-1000/default]", true, true},
		{"shells", "sockets: [\"*\"]\nfilesystem: {read: [/tmp/tmux-1000/default]}", true, true},
		{"shells", "filesystem: {read: [/tmp/tmux-1000/default]}", false, false},
		{"x11", "sockets: [/tmp/.X11-unix/X0]", true, true},
		{"x11", "filesystem: {read: [/tmp/.X11-unix]}", false, false},
		{"x11", "sockets: [\"@/tmp/.X11-unix/X0\"]\nnetwork: host", true, true},
		{"x11", `sockets: ["@/tmp/.X11-unix/X0"]`, false, false}, // a name in the jail's own network
		{"x11", "display: {x11: filtered}", true, false},
		{"x11", "display: {x11: filtered}\nfilesystem: {read: [/tmp/.X11-unix]}\nsockets: [\"*\"]", true, false},
		{"x11", "display: {x11: filtered}\nsockets: [\"@/tmp/.X11-unix/X0\"]\nnetwork: host", true, true},
		{"x11", "display: {x11: untrusted}", true, false},
		{"x11", "display: {x11: untrusted}\nsockets: [\"@/tmp/.X11-unix/X1\"]\nnetwork: host", true, true},
		{"x11", "display: {x11: host}", true, true},
		{"x11", "display: {x11: none}", false, false},
		{"service-variables", "display: {x11: filtered}\nenvironment: {keep: !replace [PATH]}", false, false},
		{"service-variables", "environment: {keep: !replace [PATH, DISPLAY]}", true, false},
		{"abstract-sockets", "network: host", false, false},
		{"abstract-sockets", "sockets: [\"@x\"]\nnetwork: host", true, false},
		{"abstract-sockets", `sockets: ["@x"]`, false, false},
	} {
		in := input(t, load(t, "extends: [default]\n"+c.text+"\n"), desktop())
		r := Assess(in)
		x := r.found(t, c.check)
		if x.Badness > 0 != c.open || x.Escape != c.escape || r.Exposure >= EscapeFloor != c.escape {
			t.Errorf("%s, %q: badness %d, escape %v, exposure %s: %s", c.check, c.text, x.Badness, x.Escape, r.Exposure, x.Detail)
		}
		if c.open && !slices.ContainsFunc(x.By, func(by Cause) bool { return strings.HasSuffix(by.At.File, "test.yaml") }) {
			t.Errorf("%s, %q: by %v, which is no line of the profile", c.check, c.text, x.By)
		}
	}
}

// TestSocketQuestions: the probe has to confirm the same, and is asked of
// sockets with somebody behind them alone.
func TestSocketQuestions(t *testing.T) {
	const bus = "/run/user/1000/bus"
	for text, want := range map[string]string{
		"sockets: [" + bus + "]":                                    reachConnect,
		"filesystem: {read: [" + bus + "]}":                         reachNone,
		"sockets: [\"*\"]\nfilesystem: {read: [" + bus + "]}":       reachConnect,
		"sockets: [\"*\"]":                                          reachNone,
		"sockets: [/run/docker.sock]\nfilesystem: {read: [/run]}\n": reachNone,
	} {
		h := desktop()
		in, out := input(t, load(t, "extends: [default]\n"+text+"\n"), h), everywhere(h)
		about := func(q Question) bool { return q.Ask.Kind == probe.Socket && q.Ask.Name == bus }
		questions := Questions(in, out)
		i := slices.IndexFunc(questions, about)
		if i < 0 {
			t.Errorf("%q: nothing is asked about the socket", text)
			continue
		}
		q := questions[i]
		if q.Want != want || q.Reading("EPROTOTYPE") != reachConnect || q.Reading("EACCES") != reachNone || q.Reading("ECONNREFUSED") != reachNone {
			t.Errorf("%q: want %q", text, q.Want)
		}
		out.Answer = func(probe.Question) string { return "ECONNREFUSED" }
		if slices.ContainsFunc(Questions(in, out), about) {
			t.Errorf("%q: asked though nobody listens", text)
		}
	}
}
